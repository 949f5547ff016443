"""Preset values for Beam's options on Dataflow, with reasons; options from the user come first."""

from collections.abc import Mapping
from typing import Any

IMAGE = "{region}-docker.pkg.dev/{project}/beamprint/beamprint:{version}"
"""Image of a version in the project's own registry, as ``runners/dataflow/build.sh`` names it."""

TEMP = "_scratch/dataflow-{run_id}"
"""Folder of a run below the dataset, for the job's description and the service's own files."""

_OTHER_WAYS_TO_INSTALL = ("extra_packages", "setup_file", "requirements_file")


def presets(
    given: Mapping[str, Any], *, output: str, run_id: str, version: str, project: str, region: str
) -> dict[str, Any]:
    """Options for a job.

    Args:
        given: The user's options, by the names of Beam's attributes.
        output: Address of the dataset.
        run_id: Id of the run.
        version: Version of Beamprint.
        project: The project that pays.
        region: Region of the workers.
    """
    chosen: dict[str, Any] = {
        "runner": "DataflowRunner",
        # Dataflow's default is one Python process per vCPU with twelve threads, which would hold twelve segments of
        # 300 MB. With two threads, one measures while the other waits for the store.
        "number_of_worker_harness_threads": 2,
        # The size of the wave decides how many machines are worth their start; 100 vCPUs bound the bill.
        "autoscaling_algorithm": "THROUGHPUT_BASED",
        "max_num_workers": 25,
        # The image takes 3 GB; each thread copies the object that it measures here.
        "disk_size_gb": 50,
        # For the whole graph: a hint for one step would give it its own environment, and end the fusion with the decoder.
        "resource_hints": ["min_ram=8GB"],
        # The image has Beam and Beamprint: nothing is searched for, uploaded or installed when a worker starts.
        "sdk_location": "container",
        "experiments": ["disable_logging_submission_environment"],
    }
    if not _on_prime(given):
        # The cheapest vCPU, with 4 GB for each; a process takes 190 MB, and 360 MB for each thread.
        chosen["machine_type"] = "e2-standard-4"
    if "sdk_container_image" not in given and not any(name in given for name in _OTHER_WAYS_TO_INSTALL):
        repository = project.replace(":", "/")  # the project of a domain, such as example.com:music
        chosen["sdk_container_image"] = IMAGE.format(region=region, project=repository, version=version)
    if output.startswith("gs://"):
        chosen["temp_location"] = f"{output}/{TEMP.format(run_id=run_id)}"
    return chosen


def _on_prime(given: Mapping[str, Any]) -> bool:
    """Whether Dataflow chooses the machines itself, by the hints: it then refuses a type."""
    wanted = [*(given.get("dataflow_service_options") or ()), *(given.get("experiments") or ())]
    return "enable_prime" in wanted
