#!/usr/bin/env bash
# Builds the image of the workers and the Flex Template, and puts both where --runner dataflow and launch.json look.
# Needs docker, gcloud and the Python package build. Once before: gcloud artifacts repositories create beamprint
# --repository-format=docker --location=REGION
#
#   runners/dataflow/build.sh PROJECT REGION gs://BUCKET/templates/beamprint.json
set -euo pipefail
project=$1 region=$2 template=$3
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
image=$region-docker.pkg.dev/${project/://}/beamprint/beamprint:$version

python3 -m build --wheel
docker build --file runners/dataflow/Dockerfile --tag "$image" .
docker push "$image"
gcloud dataflow flex-template build "$template" --project "$project" \
    --image "$image" --sdk-language PYTHON --metadata-file runners/dataflow/metadata.json
