import csv
import io
import json
from datetime import timedelta

import pytest

from beamprint.pipeline.catalogue.summaries import RunSummary, read_summaries, write_summary
from beamprint.pipeline.commands import command_line, failures
from beamprint.pipeline.commands.runs import as_text
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.store import ANY
from tests.pipeline.rows import LATER, STARTED, failure, record


@pytest.fixture
def dataset(tmp_path):
    with writing(store_at(str(tmp_path)), "run-1", listed=10) as opened:
        yield opened


# Failures


def test_failures_are_grouped_by_reason_most_frequent_first(dataset):
    dataset.replace(0, [record("kept")], [])
    dataset.replace(
        0,
        [],
        [failure("a", reason="empty"), failure("b"), failure("c"), failure("kept", reason="timeout")],
    )
    dataset.replace(0, [], [failure("a", reason="empty", run_id="run-2", failed_at=LATER)])
    assert failures.as_text(failures.failures(dataset)).splitlines() == [
        "4 tracks in quarantine",
        "",
        "truncated: 2  The file ends before its audio does: fetch or copy it again.",
        "  b: the file ends early",
        "  c: the file ends early",
        "",
        "empty: 1  No bytes, or a header without a single sample: replace the file.",
        "  a: the file ends early (2 attempts since 2024-03-01)",
        "",
        "timeout: 1  The track took longer than the limit: look for a damaged file, or raise the limit.",
        "  kept: the file ends early (its record of 2024-03-01 is kept)",
    ]


def test_the_missing_seconds_are_shown(dataset):
    dataset.replace(0, [], [failure("a", missing_s=83.04), failure("b")])
    rows = failures.failures(dataset)
    assert failures.as_text(rows).splitlines()[3:] == [
        "  a: the file ends early (83 s are missing)",
        "  b: the file ends early",
    ]
    table = csv.DictReader(io.StringIO(failures.as_csv(rows), newline=""))
    assert [row["beamprint:missing_s"] for row in table] == ["83.04", ""]


def test_an_empty_quarantine_is_reported(dataset):
    assert failures.as_text(failures.failures(dataset)) == "Nothing is in quarantine."
    assert failures.as_csv([]).startswith("uri,track_id,beamprint:reason,")


def test_the_csv_has_the_rows_of_the_quarantine(dataset):
    dataset.replace(0, [], [failure("a", tags={"year": "1999"}), failure("b", message='"odd",\nindeed')])
    rows = list(csv.DictReader(io.StringIO(failures.as_csv(failures.failures(dataset)), newline="")))
    assert [row["track_id"] for row in rows] == ["a", "b"]
    assert rows[0]["year"] == "1999"
    assert rows[1]["beamprint:message"] == '"odd",\nindeed'
    assert rows[1]["beamprint:failed_at"] == STARTED.isoformat()
    assert rows[1]["beamprint:record_from"] == ""


# Runs


def summary(run_id="run-1", **values):
    made = {
        "run_id": run_id,
        "started": STARTED,
        "finished": STARTED + timedelta(hours=1, seconds=61.4),
        "outcome": "done",
        "planned": {"new": 3, "unchanged": 2},
        "recorded": 2,
        "quarantined": 1,
        "unchanged": 2,
        "reasons": {"truncated": 1},
        "details": {"inputs": ["ünï"], "audio_seconds": 12.5},
    }
    return RunSummary(**{**made, **values})


def test_a_summary_is_read_back_as_it_was_written(dataset):
    write_summary(dataset.store, summary())
    assert read_summaries(dataset.store) == [summary(missing=[])]
    assert summary().listed == 5


def test_runs_as_json_equal_their_files(dataset, tmp_path, capsys):
    write_summary(dataset.store, summary("b", started=LATER, finished=LATER, missing=["x"]))
    write_summary(dataset.store, summary("c"))
    assert command_line.main(["runs", str(tmp_path), "--json"], {"local": None}) == 0
    files = [json.loads((tmp_path / f"_runs/{name}.json").read_text()) for name in ("c", "b")]
    assert json.loads(capsys.readouterr().out) == files


def test_runs_are_listed_in_the_order_of_their_start(dataset):
    write_summary(dataset.store, summary("b", started=LATER, finished=LATER, missing=["x"]))
    write_summary(dataset.store, summary("c"))
    lines = as_text(read_summaries(dataset.store)).splitlines()
    assert lines[0].split() == [
        "started",
        "(UTC)",
        "took",
        "outcome",
        "listed",
        "recorded",
        "failed",
        "unchanged",
        "run",
    ]
    assert lines[1].split() == ["2024-03-01", "12:00:00", "1:01:01", "done", "5", "2", "1", "2", "c"]
    assert lines[2].split()[-1] == "b"
    assert lines[3:] == ["failed in the last run: 1 truncated", "missing after the last run: x"]


def test_what_a_run_did_adds_up_to_its_tracks(dataset):
    nightly = summary("d", planned={"moved": 3, "changed": 2}, moved=2, refreshed=1, unchanged=0, recorded=1)
    write_summary(dataset.store, nightly)
    heads, cells, _ = as_text(read_summaries(dataset.store)).splitlines()
    did = dict(zip(heads.split()[4:-1], map(int, cells.split()[4:-1])))
    assert did == {"listed": 5, "recorded": 1, "moved": 2, "refreshed": 1, "failed": 1, "unchanged": 0}


def test_a_dataset_without_runs_says_so(dataset):
    assert as_text(read_summaries(dataset.store)) == "No run has ended yet."


def test_a_run_id_is_a_file_name():
    for run_id in ("", "../x", "a/b", ".hidden"):
        with pytest.raises(ValueError, match="run id"):
            summary(run_id)


def test_a_damaged_summary_is_named(dataset):
    dataset.store.write("_runs/20240301T120000-abc123.json", b'{"run_id": ', ANY)
    with pytest.raises(NotFinished, match=r"abc123\.json"):
        read_summaries(dataset.store)
