import time
from collections import Counter

import pytest

from beamprint.pipeline.catalogue.account import account
from beamprint.pipeline.catalogue.planning import RETRIED_REASONS, Standing, plan
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.parquet import as_record
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Failure, Fingerprint, Track
from tests.pipeline.rows import LATER, STARTED, failure, record, track
from tests.pipeline.store.memory import MemoryStore


@pytest.fixture
def dataset():
    with writing(MemoryStore(), "run-1", listed=10) as opened:
        yield opened


def standing(dataset, listed, **how):
    (only,) = +Counter(plan([listed], dataset, **how).counts)
    return Standing(only)


def test_without_a_dataset_everything_is_new():
    assert plan([track("a"), track("b")], None).counts["new"] == 2


def test_a_track_whose_file_and_algorithm_are_the_same_needs_no_work(dataset):
    dataset.replace(0, [record("a")], [])
    assert standing(dataset, track("a")) is Standing.UNCHANGED
    assert standing(dataset, track("b", size=101)) is Standing.NEW
    planned = plan([track("a"), track("b")], dataset)
    assert planned.tracks == ((track("b"), Standing.NEW),)
    assert planned.settled == {Standing.UNCHANGED: ("a",)}


@pytest.mark.parametrize(
    "now", [track("a", size=101), track("a", version="2"), track("a", size=None, version=None)]
)
def test_a_file_of_another_size_or_time_has_changed(dataset, now):
    dataset.replace(0, [record("a")], [])
    assert standing(dataset, now) is Standing.CHANGED


def behind(**versions):
    return {"family_versions": {**FAMILY_VERSIONS, **versions}}


def test_a_record_is_outdated_in_the_families_that_are_behind(dataset):
    dataset.replace(0, [record("a", **behind(temporal=0, stereo=0)), record("b", **behind(identity=0))], [])
    planned = plan([track("a"), track("b")], dataset).tracks
    assert [(one.families, how) for one, how in planned] == [
        (("temporal", "stereo"), Standing.OUTDATED),
        ((), Standing.OUTDATED),  # its file is read, and nothing is measured
    ]
    assert standing(dataset, track("a", version="2")) is Standing.CHANGED


def test_all_of_a_changed_file_is_measured(dataset):
    dataset.replace(0, [record("a", **behind(temporal=0))], [])
    ((changed, _),) = plan([track("a", version="2")], dataset).tracks
    ((forced, _),) = plan([track("a")], dataset, force=True).tracks
    assert changed.families is forced.families is None


def test_a_file_that_failed_is_tried_again_when_files_are_read_by_newer_definitions(dataset):
    dataset.replace(0, [], [failure("a", **behind(identity=0)), failure("b", **behind(stereo=0))])
    assert standing(dataset, track("a")) is Standing.RETRIED
    assert standing(dataset, track("b")) is Standing.FAILED_BEFORE


@pytest.mark.parametrize("reason", Reason)
def test_only_failures_that_may_pass_are_tried_again(dataset, reason):
    dataset.replace(0, [], [failure("a", reason=str(reason))])
    expected = Standing.RETRIED if reason in RETRIED_REASONS else Standing.FAILED_BEFORE
    assert standing(dataset, track("a")) is expected
    assert standing(dataset, track("a"), retry_failed=True) is Standing.RETRIED
    assert standing(dataset, track("a", version="2")) is Standing.CHANGED


def test_a_file_that_was_not_found_is_tried_again_once_it_is_there(dataset):
    dataset.replace(0, [], [failure("a", reason="not_found", source_bytes=None, source_version=None)])
    assert standing(dataset, track("a", size=None, version=None)) is Standing.FAILED_BEFORE
    assert standing(dataset, track("a")) is Standing.CHANGED


def test_a_kept_record_does_not_hide_that_the_changed_file_failed(dataset):
    dataset.replace(0, [record("a")], [])
    dataset.replace(0, [], [failure("a", source_version="2")])
    assert standing(dataset, track("a", version="2")) is Standing.FAILED_BEFORE
    assert standing(dataset, track("a", version="3")) is Standing.CHANGED


def test_force_takes_everything(dataset):
    dataset.replace(0, [record("a")], [failure("b")])
    forced = plan([track("a"), track("b"), track("c")], dataset, force=True)
    assert forced.counts["forced"] == 2
    assert forced.counts["new"] == 1
    assert len(forced.outstanding) == 3


def test_a_limit_defers_the_rest(dataset):
    dataset.replace(0, [record("a")], [])
    whole = plan([track(name) for name in "abcd"], dataset)
    limited = whole.limited(2)
    assert (len(limited.outstanding), limited.listed, limited.deferred) == (2, 4, 1)
    assert whole.limited(100) == whole


def test_failures_that_are_tried_again_do_not_use_up_the_limit(dataset):
    dataset.replace(0, [], [failure(name, reason=Reason.PERMISSION) for name in "abc"])
    limited = plan([track(name) for name in "abcde"], dataset).limited(2)
    assert [only.track_id for only in limited.outstanding] == ["d", "e"]
    assert limited.deferred == 3


def test_tracks_of_a_bucket_stand_together(tmp_path):
    with writing(store_at(str(tmp_path)), "run-1", listed=100, bucket_tracks=10) as dataset:
        planned = plan([track(f"t{i}") for i in range(100)], dataset)
    buckets = [dataset.bucket_of(one.track_id) for one in planned.outstanding]
    assert buckets == sorted(buckets)


# Conservation


def run(dataset, good=(), bad=(), started=STARTED, run_id="run-1"):
    sink = DatasetSink(dataset, run_id, started)
    sink.commit(
        0,
        [Fingerprint(name, record(name, analyzed_at=started)) for name in good],
        [Failure(track(name), Reason.TRUNCATED, "ends early", "decode") for name in bad],
    )


def test_a_run_that_did_everything_accounts_for_every_track(dataset):
    run(dataset, good="a", bad="b", started=STARTED, run_id="run-0")
    planned = plan([track(name) for name in "abcdef"], dataset).limited(3)
    run(dataset, good="cd", bad="e", started=LATER)
    found = account(dataset, planned, run_id="run-1", started=LATER)
    assert (found.listed, found.recorded, found.quarantined, found.unchanged, found.deferred) == (
        6,
        2,
        1,
        2,
        1,
    )
    assert found.missing == ()


def test_tracks_that_are_nowhere_are_named(dataset):
    planned = plan([track(name) for name in "abc"], dataset)
    run(dataset, good="b")
    assert account(dataset, planned, run_id="run-1", started=STARTED).missing == ("a", "c")


def test_rows_that_vanish_during_a_run_are_named(dataset):
    run(dataset, good="ab")
    planned = plan([track("a"), track("b")], dataset)
    dataset.store.clear("fingerprints")
    assert account(dataset, planned, run_id="run-2", started=LATER).missing == ("a", "b")


def test_an_old_record_does_not_stand_for_a_changed_file_that_was_lost(dataset):
    run(dataset, good="a")
    planned = plan([track("a", version="2")], dataset)
    assert account(dataset, planned, run_id="run-2", started=LATER).missing == ("a",)


def test_an_old_failure_does_not_stand_for_a_retry_that_was_lost(dataset):
    run(dataset, bad="a", run_id="run-0")
    planned = plan([track("a")], dataset, retry_failed=True)
    assert account(dataset, planned, run_id="run-1", started=LATER).missing == ("a",)


# The sink


def test_a_failure_becomes_a_quarantine_row(dataset):
    sink = DatasetSink(dataset, "run-1", STARTED)
    gone = Track("x", "/music/x.wav", (("year", "1999"),))
    message, decoder = "no file \udcff.wav", "libsndfile 1.2"
    failure = Failure(gone, Reason.NOT_FOUND, message, "decode", traceback="line \udcff", decoder=decoder)
    sink.commit(0, [], [failure])
    (row,) = dataset.quarantine().to_pylist()
    assert row["reason"] == "not_found"
    assert row["message"] == "no file %FF.wav"
    assert row["traceback"] == "line %FF"
    assert row["tags"] == [{"key": "year", "value": "1999"}]
    assert row["source_version"] is None
    assert row["decoder"] == "libsndfile 1.2"


def partial(name, families, **values):
    """The graph's result for a track of which only some families were measured."""
    whole = record(name, analyzed_at=LATER, **values)
    kept = {column.name for column in RECORD if column.measured and column.family not in families}
    versions = {family: FAMILY_VERSIONS[family] for family in ("identity", *families)}
    return Fingerprint(
        name, {**{n: v for n, v in whole.items() if n not in kept}, "family_versions": versions}
    )


def test_a_record_of_some_families_keeps_the_other_columns_of_its_row(dataset):
    before = record(
        "a",
        lufs=None,
        stereo_width=None,
        tempo_bpm=None,
        notes=["band_limited", "length_unknown", "lufs:gated", "stereo_width:silent", "tempo_bpm:too_short"],
        **behind(stereo=0, loudness=0),
    )
    dataset.replace(0, [before], [])
    sink = DatasetSink(dataset, "run-2", LATER)
    sink.commit(0, [partial("a", ("stereo",), stereo_width=0.25, uri="/elsewhere/a")], [])
    row = as_record(dataset.fingerprints().to_pylist()[0])
    assert row["stereo_width"] == 0.25
    assert (row["uri"], row["analyzed_at"]) == ("/elsewhere/a", LATER)
    assert row["notes"] == ["band_limited", "lufs:gated", "tempo_bpm:too_short"]
    assert row["family_versions"] == {**FAMILY_VERSIONS, "loudness": 0}
    changed = {"stereo_width", "uri", "analyzed_at", "notes", "family_versions", "tags"}
    assert {n: v for n, v in row.items() if n not in changed} == {
        n: v for n, v in before.items() if n not in changed
    }


OTHERS = {"content_sha256": "another", "audio_hash": "another"}


@pytest.mark.parametrize("there", [[], [record("a", **OTHERS, **behind(stereo=0))]])
def test_a_record_of_some_families_of_another_file_is_a_failure_that_the_next_run_mends(dataset, there):
    dataset.replace(0, there, [])
    sink = DatasetSink(dataset, "run-2", LATER)
    sink.commit(0, [partial("a", ("stereo",)), Fingerprint("b", record("b"))], [])
    (row,) = dataset.quarantine().to_pylist()
    assert (row["track_id"], row["reason"]) == ("a", "changed_while_reading")
    assert "b" in dataset.fingerprints()["track_id"].to_pylist()
    ((next_time, how),) = plan([track("a")], dataset).tracks
    assert how is Standing.RETRIED
    assert next_time.families is None


def test_committing_twice_changes_nothing(dataset):
    run(dataset, good="ab", bad="c")
    before = dict(dataset.store.objects)
    run(dataset, good="ab", bad="c")
    assert dataset.store.objects == before


@pytest.mark.slow
def test_a_hundred_thousand_tracks_are_planned_in_seconds(tmp_path):
    names = [f"album {i // 12}/track {i}.flac" for i in range(100_000)]
    with writing(store_at(str(tmp_path)), "run-1", listed=len(names)) as dataset:
        for bucket in dataset.division.numbers:
            dataset.replace(bucket, [record(n) for n in names if dataset.bucket_of(n) == bucket], [])
    started = time.monotonic()
    planned = plan([track(name) for name in names], Dataset.open(store_at(str(tmp_path))))
    print(f"planned in {time.monotonic() - started:.2f} s")
    assert planned.counts["unchanged"] == len(names)
