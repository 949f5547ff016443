#!/usr/bin/env bash
# Puts a Flink for the tests into a folder: its libraries from PyPI, Beam's job server from Maven. Needs Java and Maven.
#   tests/runners/flink/install.sh build/flink
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/lib"
folder=$(cd "$1" && pwd)
[ -e "$folder/job-server.jar" ] && exit
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp "$here/job-server.xml" "$scratch/pom.xml"
mvn -q -B -f "$scratch/pom.xml" package &
"$python" -m pip download -q --no-deps -d "$scratch" 'apache-flink-libraries==1.19.3'
tar -xzf "$scratch"/apache*flink*.tar.gz -C "$scratch" --strip-components=1
# Tables, CSV and Scala are of no use here, and every JVM would look through them.
cp "$scratch"/deps/lib/{flink-dist,log4j}-*.jar "$folder/lib"
cp "$scratch"/deps/bin/bash-java-utils.jar "$folder"
wait $!
cp "$scratch"/target/job-server.jar "$folder"
