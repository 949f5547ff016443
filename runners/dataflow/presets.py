"""Values for Beam's options on Dataflow, each for a reason; what the user gives goes first."""

from collections.abc import Mapping
from typing import Any

IMAGE = "{region}-docker.pkg.dev/{project}/beamprint/beamprint:{version}"
"""Where ``runners/dataflow/build.sh`` puts the image of a version: into the project's own registry."""

TEMP = "_scratch/dataflow-{run_id}"
"""Beneath the dataset, a folder of its own for each run: the job's description, and what the service leaves there."""

_OTHER_WAYS_TO_INSTALL = ("extra_packages", "setup_file", "requirements_file")


def presets(
    given: Mapping[str, Any], *, output: str, run_id: str, version: str, project: str, region: str
) -> dict[str, Any]:
    """Options for a job.

    Args:
        given: The user's options, by the names of Beam's attributes.
        output: Address of the dataset.
        run_id: Of the run.
        version: Of Beamprint.
        project: The project that pays.
        region: Where the workers are.
    """
    chosen: dict[str, Any] = {
        "runner": "DataflowRunner",
        # A process of Python's a vCPU is Dataflow's own default. Twelve threads in each are, too: that would be twelve
        # segments of 300 MB. With two, one thread measures while the other waits for the store.
        "number_of_worker_harness_threads": 2,
        # The size of the wave decides how many machines are worth their start; 100 vCPUs bound the bill.
        "autoscaling_algorithm": "THROUGHPUT_BASED",
        "max_num_workers": 25,
        # The image takes 3 GB; objects that are measured are copied here, one a thread.
        "disk_size_gb": 50,
        # For the whole graph: a hint of one step makes an environment of its own, and ends the fusion with the decoder.
        "resource_hints": ["min_ram=8GB"],
        # The image has Beam and Beamprint: nothing is looked for, uploaded or installed when a worker starts.
        "sdk_location": "container",
        "experiments": ["disable_logging_submission_environment"],
    }
    if not _on_prime(given):
        # The least that a vCPU costs, with 4 GB for each; a process takes 190 MB, and 360 MB for each thread.
        chosen["machine_type"] = "e2-standard-4"
    if "sdk_container_image" not in given and not any(name in given for name in _OTHER_WAYS_TO_INSTALL):
        repository = project.replace(":", "/")  # a project of a domain: example.com:music
        chosen["sdk_container_image"] = IMAGE.format(region=region, project=repository, version=version)
    if output.startswith("gs://"):
        chosen["temp_location"] = f"{output}/{TEMP.format(run_id=run_id)}"
    return chosen


def _on_prime(given: Mapping[str, Any]) -> bool:
    """Whether Dataflow chooses the machines itself, by the hints: it then refuses a type."""
    wanted = [*(given.get("dataflow_service_options") or ()), *(given.get("experiments") or ())]
    return "enable_prime" in wanted
