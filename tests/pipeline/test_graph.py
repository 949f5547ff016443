"""The graph as a whole: the same numbers as a direct call, one object for all, nothing lost in between."""

import pickle
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from beamprint import fingerprint
from beamprint.dsp.segment import Segment
from beamprint.pipeline import graph
from beamprint.pipeline.record.assembly import Assembler, assemble
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.families import FAMILIES, measure_segment
from beamprint.transforms.features import _MeasureFn
from beamprint.transforms.model import Failure, Fingerprint, Range, Track
from beamprint.transforms.ranges import plan_ranges, read_range
from tests.sounds import song, write

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Memory:
    """A sink in this process."""

    outcomes: list = []  # noqa: RUF012  shared by the copies that Beam pickles

    def bucket_of(self, track_id):
        return len(track_id) % 2

    def commit(self, bucket, records, failures):
        Memory.outcomes += [*records, *failures]


@pytest.fixture(autouse=True)
def _forget():
    Memory.outcomes.clear()


def run(tracks, *, plan=plan_ranges, decode=read_range):
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as p:
        created = p | beam.Create(tracks, reshuffle=False)
        graph.fingerprint_tracks(created, plan=plan, decode=decode, assemble=Assembler(NOON), sink=Memory())
    return {o.track_id if isinstance(o, Fingerprint) else o.track.track_id: o for o in Memory.outcomes}


@pytest.fixture
def tracks(tmp_path):
    paths = [write(tmp_path / f"{n}.wav", song(2.5, channels=n, seed=n)) for n in (1, 2)]
    return [Track(str(path), str(path), (("n", path.stem),)) for path in paths]


def test_a_record_equals_the_direct_call(tracks):
    found = run(tracks)
    for track in tracks:
        direct = fingerprint(track.uri, tags=dict(track.tags), analyzed_at=NOON)
        assert found[track.track_id].columns == direct


def cut_in_three(track):
    borders = (6 * 44_100, 10 * 44_100)
    return [Range(track, index, borders, 14 * 44_100) for index in range(3)]


def test_a_track_in_segments_equals_the_direct_call_on_the_same_segments(tmp_path):
    path = write(tmp_path / "long.flac", song(14.0))
    track = Track(str(path), str(path))
    found = run([track], plan=cut_in_three)
    direct = fingerprint(path, borders=(6 * 44_100, 10 * 44_100), analyzed_at=NOON)
    assert found[track.track_id].columns == direct


class Watch:
    """Counts which objects the families see, and how often samples are pickled."""

    seen: Counter = Counter()  # noqa: RUF012
    pickled = 0


@pytest.fixture
def watched(monkeypatch):
    Watch.seen.clear()
    Watch.pickled = 0
    process = _MeasureFn.process

    def seeing(self, element):
        Watch.seen[id(element.segment)] += 1
        return process(self, element)

    def reduced(self, protocol):
        Watch.pickled += 1
        return object.__reduce_ex__(self, protocol)

    monkeypatch.setattr(_MeasureFn, "process", seeing)
    monkeypatch.setattr(Segment, "__reduce_ex__", reduced)
    return Watch


def test_the_watch_notices_a_pickled_segment(watched, tracks):
    pickle.dumps(read_range(Range(tracks[0])))
    assert watched.pickled == 1


def test_every_family_gets_the_very_same_object_and_it_is_never_pickled(watched, tmp_path):
    path = write(tmp_path / "a.wav", song(0.5))
    held = []

    def decode(work):
        held.append(read_range(work))  # held, so that no two share an id
        return held[-1]

    found = run([Track(str(n), str(path)) for n in range(20)], decode=decode)
    assert len(found) == 20
    assert set(watched.seen.values()) == {len(FAMILIES)}
    assert watched.pickled == 0


@pytest.mark.parametrize("family", ["spectral", "quality"])
def test_a_lost_partial_is_a_failure_and_never_a_record_with_nulls(monkeypatch, tracks, family):
    process = _MeasureFn.process

    def losing(self, element):
        lost = self.family == family and element.range.track == tracks[0]
        return iter(()) if lost else process(self, element)

    monkeypatch.setattr(_MeasureFn, "process", losing)
    found = run(tracks)
    failure = found[tracks[0].track_id]
    assert isinstance(failure, Failure)
    assert failure.reason == Reason.INTERNAL_ERROR
    assert family in failure.message
    assert isinstance(found[tracks[1].track_id], Fingerprint)
    assert len(Memory.outcomes) == 2


def test_bad_audio_is_one_failure_without_a_traceback(tracks):
    def decode(work):
        if work.track == tracks[0]:
            raise BadAudio(Reason.TRUNCATED, "half of it is gone")
        return read_range(work)

    found = run(tracks, decode=decode)
    failure = found[tracks[0].track_id]
    assert (failure.reason, failure.stage, failure.traceback) == (Reason.TRUNCATED, "decode", None)
    assert isinstance(found[tracks[1].track_id], Fingerprint)


def test_a_bug_is_an_internal_error_with_its_traceback(tracks):
    def decode(work):
        if work.track == tracks[0]:
            raise ZeroDivisionError("our own fault")
        return read_range(work)

    failure = run(tracks, decode=decode)[tracks[0].track_id]
    assert failure.reason == Reason.INTERNAL_ERROR
    assert "our own fault" in failure.message
    assert "test_graph.py" in failure.traceback


def test_a_bug_in_several_families_is_still_one_failure_the_first_in_graph_order(monkeypatch, tracks):
    process = _MeasureFn.process

    def failing(self, element):
        if self.family in ("stereo", "temporal"):
            raise ValueError(self.family)
        return process(self, element)

    monkeypatch.setattr(_MeasureFn, "process", failing)
    found = run(tracks)
    assert len(Memory.outcomes) == 2
    assert {failure.stage for failure in found.values()} == {"temporal"}


class FixedCatalogue:
    """A manifest of three tracks, one of which the dataset has already."""

    summed: list = []  # noqa: RUF012  shared by the copies that Beam pickles

    def __init__(self, tracks):
        self.tracks = tracks

    def rows(self):
        return self.tracks

    def outstanding(self, bucket, tracks):
        return [track for track in tracks if "has already" not in track.track_id]

    def write_summary(self):
        FixedCatalogue.summed.append(len(Memory.outcomes))


@pytest.mark.parametrize("nothing_to_do", [False, True])
def test_the_whole_job_plans_measures_commits_and_sums_up_last(tracks, nothing_to_do):
    FixedCatalogue.summed.clear()
    listed = [Track("has already", "x"), Track("gone", "/no/such/file.wav"), *tracks]
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as p:
        graph.bring_up_to_date(
            p,
            catalogue=FixedCatalogue(listed[:1] if nothing_to_do else listed),
            plan=plan_ranges,
            decode=read_range,
            assemble=Assembler(NOON),
            sink=Memory(),
        )
    assert len(Memory.outcomes) == (0 if nothing_to_do else 3)
    assert FixedCatalogue.summed == [len(Memory.outcomes)]  # once, when everything is committed


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_alone_gives_the_same_columns_as_among_the_others(tracks, family):
    among = fingerprint(tracks[1].uri)
    alone = assemble(
        {}, {}, {family: measure_segment(FAMILIES[family], read_range(Range(tracks[1])).segment)}
    )
    for name in FAMILIES[family].COLUMNS:
        assert among[name] == alone[name]


def test_a_track_that_wants_some_families_gives_these_columns_of_the_full_analysis(tracks):
    wanting = [replace(track, families=("loudness", "stereo")) for track in tracks]
    found = run(wanting)
    for track in tracks:
        whole = fingerprint(track.uri, tags=dict(track.tags), analyzed_at=NOON)
        columns = found[track.track_id].columns
        assert columns["family_versions"].keys() == {"identity", "loudness", "stereo"}
        assert {"lufs", "stereo_width", "content_sha256"} <= columns.keys()
        assert not {"tempo_bpm", "clicks", "spectral_centroid"} & columns.keys()
        different = {"track_id", "family_versions", "notes"}
        assert {n: v for n, v in columns.items() if n not in different} == {
            n: whole[n] for n in columns if n not in different
        }
