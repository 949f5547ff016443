#!/usr/bin/env bash
# Makes an environment with bqemulator: install.sh FOLDER. Its DuckDB takes extensions from packages, not from the network.
set -euo pipefail
python3 -m venv "$1"
"$1/bin/pip" install -q bqemulator==1.4.0 numpy duckdb==1.5.5 duckdb-extensions==1.5.5 \
    duckdb-extension-spatial==1.5.5 duckdb-extension-avro==1.5.5
mkdir -p "$1/home"
HOME=$(realpath "$1/home") "$1/bin/python" -c "from duckdb_extensions import import_extension as i; i('spatial'); i('avro')"
