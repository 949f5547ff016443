"""Slices of work in one process: long tracks, segment by segment, and slices that are to end before their time."""

import threading
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from beamprint import fingerprint
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.runner import Job
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.parquet import as_record
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.pipeline.store.store import read
from beamprint.runners import in_process, winding_up
from beamprint.transforms.families import FAMILIES
from beamprint.transforms.model import Decoded, Range, Track
from beamprint.transforms.partials import is_saved
from beamprint.transforms.ranges import read_range
from tests.sounds import RATE, song, write

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
BORDERS = (6 * RATE, 10 * RATE)


@pytest.fixture
def ranges(tmp_path):
    path = write(tmp_path / "long.flac", song(14.0))
    track = Track("long", str(path), (("label", "Blue"),), path.stat().st_size, str(path.stat().st_mtime_ns))
    return [Range(track, index, BORDERS, 14 * RATE) for index in range(3)]


@pytest.fixture
def job(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=1) as dataset:
        yield Job(DatasetSink(dataset, "run", NOON))


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return FolderStore(str(tmp_path / "scratch"))


def test_segments_measured_apart_make_the_record_of_the_direct_call(ranges, job, scratch):
    for piece in ranges:
        in_process.run_ranges([piece], job, scratch)
    assert in_process.finish_ranges(ranges[:1], job, scratch).recorded == 1
    record = as_record(job.sink.dataset.fingerprints().to_pylist()[0])
    direct = fingerprint(ranges[0].track.uri, borders=BORDERS, analyzed_at=NOON)
    mine = {"track_id": "long", "tags": {"label": "Blue"}}
    assert record == {**direct, **mine}


def test_samples_are_never_pickled(ranges, job, scratch, monkeypatch):
    def refused(*_):
        raise AssertionError("decoded samples are pickled")

    monkeypatch.setattr(Decoded, "__reduce_ex__", refused)
    assert in_process.run_tracks([ranges[0].track], job).recorded == 1
    in_process.run_ranges(ranges[1:], job, scratch)
    assert all(is_saved(scratch, piece) for piece in ranges[1:])


def test_shared_products_are_a_stage_of_their_own(ranges, job, scratch):
    report = in_process.run_ranges(ranges[:1], job, scratch)
    assert report.cpu_seconds.keys() == {"decode", "shared", *FAMILIES}
    assert report.cpu_seconds["shared"] > 0


def test_results_of_the_same_file_with_the_same_cuts_are_known(ranges, job, scratch):
    in_process.run_ranges(ranges[:2], job, scratch)
    assert [is_saved(scratch, piece) for piece in ranges] == [True, True, False]
    first = ranges[0]
    for other in (
        replace(first, track=replace(first.track, version="1")),
        replace(first, track=replace(first.track, version=None)),
        replace(first, track=replace(first.track, tags=(("label", "Red"),))),
        replace(first, borders=(5 * RATE, 10 * RATE)),
    ):
        assert not is_saved(scratch, other)


def test_a_segment_that_failed_is_measured_again(ranges, job, scratch):
    gone = [replace(piece, track=replace(piece.track, uri="nowhere.flac")) for piece in ranges]
    in_process.run_ranges(gone, job, scratch)
    assert not any(is_saved(scratch, piece) for piece in gone)
    in_process.finish_ranges(gone[:1], job, scratch)
    assert job.sink.dataset.quarantine()["reason"].to_pylist() == ["not_found"]


def test_a_file_cut_short_by_a_power_failure_does_not_count(ranges, job, scratch):
    in_process.run_ranges(ranges[:1], job, scratch)
    (kept,) = scratch.list("")
    content, version = read(scratch, kept.name)
    scratch.write(kept.name, content[:1000], version)
    assert not is_saved(scratch, ranges[0])


class FullStore(FolderStore):
    """A folder on a disk that is full."""

    def write(self, *_):
        raise NotFinished("cannot write: no space is left")


def test_an_error_of_the_store_has_its_own_words_and_no_step_of_beam(ranges, job, tmp_path):
    with pytest.raises(NotFinished) as caught:
        in_process.run_ranges(ranges[:1], job, FullStore(str(tmp_path / "full")))
    assert str(caught.value) == "cannot write: no space is left"


_decoded: list[str] = []


def decode_two(work):
    """Decode a track; with the second of them, winding up begins."""
    _decoded.append(work.track.track_id)
    if len(_decoded) == 2:
        in_process.wind_up()
    return read_range(work)


@pytest.fixture
def fresh(monkeypatch):
    """As in a process that was not asked to wind up yet."""
    monkeypatch.setattr(winding_up, "_asked", threading.Event())
    monkeypatch.setattr(winding_up, "_left", set())
    _decoded.clear()


@pytest.mark.usefixtures("fresh")
def test_a_slice_that_is_to_end_commits_measured_tracks_and_nothing_of_the_rest(tmp_path, job):
    tracks = [Track(name, str(write(tmp_path / f"{name}.wav", song(1.0)))) for name in "abcde"]
    report = in_process.run_tracks(tracks, replace(job, decode=decode_two))
    assert (report.recorded, report.failures.total()) == (2, 0)
    assert job.sink.dataset.fingerprints()["track_id"].to_pylist() == sorted(_decoded)
    assert job.sink.dataset.quarantine().num_rows == 0


@pytest.mark.usefixtures("fresh")
def test_segments_that_are_left_are_measured_again(ranges, job, scratch):
    in_process.run_ranges(ranges[:1], job, scratch)
    in_process.wind_up()
    in_process.run_ranges(ranges[1:], job, scratch)
    assert [is_saved(scratch, piece) for piece in ranges] == [True, False, False]
