"""Counters of a finished run of the graph."""

from collections import Counter
from collections.abc import Mapping

from apache_beam.runners.runner import PipelineResult

from beamprint.pipeline.runner import SliceReport
from beamprint.transforms.features import METRICS


def report_of(result: PipelineResult) -> SliceReport:
    """Wait for the end and add up the graph's counters.

    After a restart on a cluster, they are those of the last attempt; the command itself counts tracks on disk.
    """
    result.wait_until_finish()
    counters = Counter[str]()
    for c in result.metrics().query()["counters"]:
        if c.key.metric.namespace == METRICS:
            counters[c.key.metric.name] += c.committed or 0  # several steps may count under one name
    return SliceReport(
        recorded=counters["recorded"],
        failures=Counter(_below("failed/", counters)),
        audio_seconds=counters["audio_ms"] / 1000,
        cpu_seconds=Counter({stage: us / 1e6 for stage, us in _below("cpu_us/", counters).items()}),
    )


def _below(prefix: str, counters: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix)}
