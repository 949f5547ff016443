#!/usr/bin/env bash
# Pins, by version and hash, all that the images of runners/dataflow and runners/flink install beside Beamprint.
# Needs uv (pip install uv) and PyPI. Run it for a release, and after a change of the dependencies in pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
    --extra formats --extra aws --extra gcp --custom-compile-command runners/requirements.sh \
    --output-file runners/requirements.txt pyproject.toml "$@"
