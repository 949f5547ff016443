"""The work of one job as an object: it is read as it was written, and a second look skips what is done."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.pipeline.catalogue.in_graph import CatalogueInGraph
from beamprint.pipeline.catalogue.planning import Standing
from beamprint.pipeline.catalogue.summaries import RunSummary, read_summaries
from beamprint.pipeline.catalogue.wave import Wave, read_wave, remove_wave, write_wave
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Failure, RecordedFile, Track

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
RUN = "run"


def opening(**changed):
    counts = {standing.value: 0 for standing in Standing}
    told = {"planned": counts, "recorded": 0, "quarantined": 0, "unchanged": 0, **changed}
    return RunSummary(RUN, NOON, NOON, "unfinished", **told)


# With lone surrogates, as undecodable paths have them.
TEXT = st.text(st.characters(codec=None), max_size=8)
ROW = st.builds(RecordedFile, TEXT, TEXT, st.lists(TEXT).map(tuple), st.none() | TEXT)
ROWS = st.lists(ROW, max_size=2).map(tuple)
TRACKS = st.builds(
    Track,
    TEXT,
    TEXT,
    st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    st.none() | st.integers(0, 2**62),
    st.none() | TEXT,
    st.none() | st.lists(TEXT).map(tuple),
    ROWS,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return FolderStore(str(tmp_path_factory.mktemp("store")))


@given(st.lists(st.tuples(TRACKS, st.sampled_from(Standing)), max_size=3))
def test_tracks_come_back_as_they_were(folder, tracks):
    wave = Wave(opening(details={"inputs": ["å"]}), tuple(tracks))
    write_wave(folder, wave)
    found = read_wave(folder, RUN)
    assert found.tracks == wave.tracks
    assert replace(found.opening, missing=()) == wave.opening


def test_a_wave_that_was_removed_leaves_nothing_and_says_so(tmp_path):
    store = FolderStore(str(tmp_path))
    write_wave(store, Wave(opening(), ()))
    remove_wave(store, RUN)
    assert not [path for path in tmp_path.rglob("*") if RUN in path.name]
    with pytest.raises(NotFinished, match="run it again"):
        read_wave(store, RUN)


@pytest.fixture
def sink(tmp_path):
    with writing(store_at(str(tmp_path / "out")), RUN, listed=2) as dataset:
        yield DatasetSink(dataset, RUN, NOON)


def in_bucket(sink, tracks):
    return {sink.bucket_of(track.track_id) for track in tracks}.pop()


@pytest.mark.parametrize("force", [False, True])
def test_a_restarted_job_skips_what_it_has_committed(sink, force):
    tracks = [Track("a", "/a.wav"), Track("b", "/b.wav")]
    bucket = in_bucket(sink, tracks)
    catalogue = CatalogueInGraph(sink, force)
    assert list(catalogue.outstanding(bucket, tracks)) == tracks
    sink.commit(bucket, [], [Failure(tracks[0], Reason.NOT_FOUND, "gone", "plan")])
    assert list(catalogue.outstanding(bucket, tracks)) == tracks[1:]


def test_the_summary_counts_rows_on_disk_and_keeps_the_plan(sink):
    tracks = [Track("a", "/a.wav"), Track("b", "/b.wav")]
    wave = Wave(opening(unchanged=7, deferred=3), tuple((track, Standing.NEW) for track in tracks))
    write_wave(sink.dataset.store, wave)
    sink.commit(
        in_bucket(sink, tracks), [], [Failure(track, Reason.NOT_FOUND, "gone", "plan") for track in tracks]
    )
    for _ in range(2):  # a retry
        CatalogueInGraph(sink).write_summary()
    (summary,) = read_summaries(sink.dataset.store)
    assert (summary.quarantined, summary.recorded, summary.reasons) == (2, 0, {"not_found": 2})
    assert (summary.unchanged, summary.deferred, summary.outcome) == (7, 3, "failures")


def test_a_track_that_the_job_lost_is_named(sink):
    write_wave(sink.dataset.store, Wave(opening(), ((Track("lost", "/a.wav"), Standing.NEW),)))
    CatalogueInGraph(sink).write_summary()
    (summary,) = read_summaries(sink.dataset.store)
    assert (list(summary.missing), summary.outcome) == (["lost"], "failures")
