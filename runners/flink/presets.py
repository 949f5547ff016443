"""Preset values for Beam's options on a Flink cluster, with reasons; options from the user come first."""

from collections.abc import Mapping
from typing import Any

from apache_beam.options.pipeline_options import FlinkRunnerOptions

WORKER = "beamprint-worker"
"""Console script that starts Beam's worker; see ``beamprint.runners.flink.worker``."""

_CACHE_MS = 10_000


def presets(overview: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options for a cluster.

    Args:
        overview: The cluster's overview of itself.
        given: The user's options, by the names of Beam's attributes.
    """
    slots, managers = int(overview["slots-total"]), int(overview["taskmanagers"])
    series = ".".join(str(overview["flink-version"]).split(".")[:2])
    chosen: dict[str, Any] = {
        # All slots: Flink's default is one slot for a job.
        "parallelism": slots,
        # One Python process per slot: threads of one process would wait for the interpreter's lock.
        "sdk_worker_parallelism": -(-slots // max(1, managers)),
        # The results of a stage are kept: a worker that dies costs only its own share of the work.
        "execution_mode_for_batch": "BATCH",
        # Processes are kept from one stage to the next, if Beam is in Flink's lib/; a new one takes two seconds to load
        # the analysis. They are gone when a job restarts, so that it does not get one that has died.
        "environment_cache_millis": _CACHE_MS,
    }
    if series in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS:
        # The job server must speak the cluster's version; Beam's default is the latest.
        chosen["flink_version"] = series
    if "environment_type" not in given:
        # Beam's default starts containers from within the task manager, which few clusters allow.
        chosen["environment_type"] = "PROCESS"
        if "environment_options" not in given and "environment_config" not in given:
            chosen["environment_options"] = [f"process_command={WORKER}"]
    return chosen
