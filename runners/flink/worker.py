"""Beam's Python worker, started by a Flink task manager without a container (``--environment_type=PROCESS``).

It replaces the ``boot`` program of Beam's images, but installs nothing: Beamprint is already installed here. It asks Beam's
job service for the options of the pipeline, and then this process becomes the worker.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping

import grpc
from apache_beam.portability.api import beam_provision_api_pb2 as provision
from apache_beam.portability.api import beam_provision_api_pb2_grpc as provision_grpc
from apache_beam.portability.api import endpoints_pb2
from apache_beam.runners.worker import sdk_worker_main
from google.protobuf import json_format, text_format

from beamprint.transforms import blas

_TIMEOUT_S = 60
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The matrix products of the measurements are small: more threads cost CPU and save no time."""


def main() -> None:
    """Become the worker that the command line describes."""
    parser = argparse.ArgumentParser(prog="beamprint-worker", description=__doc__)
    for name in ("id", "logging_endpoint", "artifact_endpoint", "provision_endpoint", "control_endpoint"):
        parser.add_argument(f"--{name}", required=name in ("id", "provision_endpoint"))
    given, _ = parser.parse_known_args()
    os.environ.update({**_ONE_THREAD, **os.environ, **_described(given)})
    with blas.one_thread():  # Beam has loaded NumPy, which read the variables then
        sdk_worker_main.main(sys.argv)


def _described(given: argparse.Namespace) -> Mapping[str, str]:
    """Environment variables with the settings of Beam's worker."""
    with grpc.insecure_channel(given.provision_endpoint) as channel:
        service = provision_grpc.ProvisionServiceStub(channel)
        request = provision.GetProvisionInfoRequest()
        answer = service.GetProvisionInfo(request, metadata=(("worker_id", given.id),), timeout=_TIMEOUT_S)
    info = answer.info
    variables = {
        "WORKER_ID": given.id,
        "CONTROL_API_SERVICE_DESCRIPTOR": _endpoint(info.control_endpoint.url or given.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": _endpoint(info.logging_endpoint.url or given.logging_endpoint),
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "SEMI_PERSISTENT_DIRECTORY": tempfile.gettempdir(),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    if info.status_endpoint.url:
        variables["STATUS_API_SERVICE_DESCRIPTOR"] = _endpoint(info.status_endpoint.url)
    return variables


def _endpoint(url: str) -> str:
    return text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url))


if __name__ == "__main__":
    main()
