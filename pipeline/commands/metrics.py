"""`run --metrics-file`: a run's outcome in Prometheus' text format, for node_exporter's textfile collector."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from beamprint.pipeline.catalogue.summaries import RunSummary, last_success
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.rewriting import write_text
from beamprint.pipeline.store.store import Store
from beamprint.transforms.audio.errors import Reason

_Samples = Mapping[str, float]


def check_metrics_file(path: str) -> None:
    """Check before the run that metrics can be written after it.

    Raises:
        UsageError: Metrics cannot be written there.
    """
    folder = Path(path).absolute().parent
    if not folder.is_dir() or Path(path).is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"--metrics-file {path}: no file can be written there")


def write_metrics(path: str, store: Store, summary: RunSummary, exit_code: int) -> str:
    """Replace the file at once: a reader sees the old metrics or the new ones.

    Returns:
        An error message if the file cannot be written, which does not fail the run; else an empty text.
    """
    try:
        succeeded = summary.finished if exit_code == 0 else last_success(store)
        write_text(path, as_metrics(summary, exit_code, succeeded))
    except (OSError, NotFinished) as error:
        return f"beamprint: --metrics-file {path} cannot be written: {error}"
    return ""


def as_metrics(summary: RunSummary, exit_code: int, succeeded: datetime | None) -> str:
    """Metrics of a run.

    Args:
        summary: Summary of the run.
        exit_code: Exit code of the run.
        succeeded: End of the last run with exit code 0, this run included.
    """
    return "".join(_lines(summary, exit_code, succeeded))


def _lines(summary: RunSummary, exit_code: int, succeeded: datetime | None) -> Iterator[str]:
    seconds = (summary.finished - summary.started).total_seconds()
    yield from _metric("run_exit_code", "Exit code of the last run.", exit_code)
    yield from _metric("run_started_timestamp_seconds", "Start of the last run.", summary.started.timestamp())
    yield from _metric("run_finished_timestamp_seconds", "End of the last run.", summary.finished.timestamp())
    yield from _metric("run_duration_seconds", "Duration of the last run.", seconds)
    if succeeded is not None:
        text = "End of the last run with exit code 0."
        yield from _metric("last_success_timestamp_seconds", text, succeeded.timestamp())
    tracks = {
        "recorded": summary.recorded,
        "moved": summary.moved,
        "refreshed": summary.refreshed,
        "quarantined": summary.quarantined,
        "unchanged": summary.unchanged,
        "deferred": summary.deferred,
        "missing": len(summary.missing),
    }
    yield from _labelled("run_tracks", "Tracks of the last run by outcome.", "outcome", tracks)
    yield from _metric("run_gone_tracks", "Tracks of the dataset that were not listed.", summary.gone)
    yield from _metric("run_removed_tracks", "Tracks that --prune removed.", summary.removed)
    reasons = {**dict.fromkeys(map(str, Reason), 0), **summary.reasons}
    yield from _labelled("run_failures", "Tracks put into quarantine, by reason.", "reason", reasons)
    audio: float = summary.details.get("audio_seconds", 0.0)
    yield from _metric("run_audio_seconds", "Decoded audio.", audio)
    cpu: _Samples = summary.details.get("cpu_seconds", {})
    yield from _labelled("run_cpu_seconds", "CPU time, by stage.", "stage", cpu)


def _metric(name: str, text: str, value: float) -> Iterator[str]:
    yield f"{_head(name, text)}beamprint_{name} {value}\n"


def _labelled(name: str, text: str, label: str, samples: _Samples) -> Iterator[str]:
    yield _head(name, text)
    for key, value in samples.items():
        yield f"beamprint_{name}{{{label}={json.dumps(key)}}} {value}\n"


def _head(name: str, text: str) -> str:
    return f"# HELP beamprint_{name} {text}\n# TYPE beamprint_{name} gauge\n"
