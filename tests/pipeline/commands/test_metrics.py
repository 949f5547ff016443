"""Metrics of a run, read by Prometheus' own parser."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from beamprint.pipeline.catalogue.summaries import RunSummary, last_success, write_summary
from beamprint.pipeline.commands.metrics import as_metrics, check_metrics_file, write_metrics
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.store import ANY
from beamprint.transforms.audio.errors import Reason
from tests.pipeline.rows import LATER, STARTED


def summary(run_id="20240301T120000-1", **values):
    made = {
        "run_id": run_id,
        "started": STARTED,
        "finished": STARTED + timedelta(seconds=61.5),
        "outcome": "done",
        "planned": {"new": 5},
        "recorded": 2,
        "quarantined": 3,
        "unchanged": 7,
        "deferred": 1,
        "moved": 4,
        "refreshed": 5,
        "gone": 6,
        "removed": 3,
        "reasons": {"truncated": 2, "empty": 1},
        "missing": ["lost"],
        "details": {"audio_seconds": 12.5, "cpu_seconds": {"decode": 1.25, "shared": 0.5}},
    }
    return RunSummary(**{**made, **values})


def samples(text):
    """Values by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_figure_of_the_run_is_there():
    told = samples(as_metrics(summary(), 1, STARTED))
    reasons = {key[1]: value for key, value in told.items() if key[0] == "beamprint_run_failures"}
    assert reasons == {**{str(reason): 0 for reason in Reason}, "truncated": 2, "empty": 1}
    assert {key: value for key, value in told.items() if key[0] != "beamprint_run_failures"} == {
        ("beamprint_run_exit_code",): 1,
        ("beamprint_run_started_timestamp_seconds",): STARTED.timestamp(),
        ("beamprint_run_finished_timestamp_seconds",): STARTED.timestamp() + 61.5,
        ("beamprint_run_duration_seconds",): 61.5,
        ("beamprint_last_success_timestamp_seconds",): STARTED.timestamp(),
        ("beamprint_run_tracks", "recorded"): 2,
        ("beamprint_run_tracks", "moved"): 4,
        ("beamprint_run_tracks", "refreshed"): 5,
        ("beamprint_run_tracks", "quarantined"): 3,
        ("beamprint_run_tracks", "unchanged"): 7,
        ("beamprint_run_tracks", "deferred"): 1,
        ("beamprint_run_tracks", "missing"): 1,
        ("beamprint_run_gone_tracks",): 6,
        ("beamprint_run_removed_tracks",): 3,
        ("beamprint_run_audio_seconds",): 12.5,
        ("beamprint_run_cpu_seconds", "decode"): 1.25,
        ("beamprint_run_cpu_seconds", "shared"): 0.5,
    }


def test_every_metric_has_a_type_and_says_what_it_is():
    families = list(text_string_to_metric_families(as_metrics(summary(), 0, None)))
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation for family in families)
    assert "beamprint_last_success_timestamp_seconds" not in {family.name for family in families}


@pytest.fixture
def store(tmp_path):
    store = store_at(str(tmp_path / "out"))
    with writing(store, "run", listed=1):
        yield store


def test_the_last_success_outlives_a_failing_run(tmp_path, store):
    path = tmp_path / "beamprint.prom"
    failed = summary("20240302T120000-2", started=LATER, finished=LATER, outcome="failures")
    for each, code in ((summary(), 0), (failed, 1)):
        write_summary(store, each)
        assert not write_metrics(str(path), store, each, code)
        told = samples(path.read_text())
        assert told["beamprint_run_exit_code",] == code
        assert told["beamprint_last_success_timestamp_seconds",] == summary().finished.timestamp()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beamprint.prom", "out"]


def test_a_dataset_that_never_succeeded_says_so(store):
    write_summary(store, summary(outcome="unfinished"))
    assert last_success(store) is None


def test_a_place_where_nothing_can_be_written_is_reported_before_the_run(tmp_path):
    for path in (tmp_path / "nowhere/x.prom", tmp_path):
        with pytest.raises(UsageError, match="--metrics-file"):
            check_metrics_file(str(path))


def test_a_failed_write_after_the_run_is_reported_and_raises_nothing(tmp_path, store):
    gone = tmp_path / "gone/x.prom"
    told = write_metrics(str(gone), store, summary(), 0)
    assert "x.prom cannot be written" in told
    assert "No such file" in told
    store.write("_runs/20240301T120000-abcdef.json", b"half", ANY)
    assert "is not the summary of a run" in write_metrics(str(tmp_path / "x.prom"), store, summary(), 1)
