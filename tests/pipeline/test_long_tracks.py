"""Long tracks in the whole graph: their partials stay in scratch storage, and little crosses the shuffles."""

from collections import Counter
from datetime import datetime, timezone

import apache_beam as beam
import pytest
from apache_beam.coders import registry
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from beamprint import fingerprint
from beamprint.pipeline import graph
from beamprint.pipeline.record.assembly import Assembler
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.scratch import SharedScratch
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.families import FAMILIES
from beamprint.transforms.model import Failure, Fingerprint, Range, Track
from beamprint.transforms.ranges import plan_ranges, read_range
from tests.sounds import RATE, song, write

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
SECONDS = 24
BORDERS = (7 * RATE, 15 * RATE)
LEAST_BYTES_A_MINUTE = 450_000
"""Bytes of the partials of a minute, which must not be shuffled."""


class Memory:
    """A sink in this process."""

    outcomes: list = []  # noqa: RUF012  shared by the copies that Beam pickles

    def bucket_of(self, track_id):
        return 0

    def commit(self, bucket, records, failures):
        Memory.outcomes += [*records, *failures]


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return SharedScratch.of(FolderStore(str(tmp_path / "scratch")), "version")


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("music") / "long.flac", song(SECONDS))
    return Track(str(path), str(path), size=path.stat().st_size, version="1")


def cut_in_three(track):
    return [Range(track, index, BORDERS, SECONDS * RATE) for index in range(3)]


def run(tracks, scratch, *, plan=cut_in_three, decode=read_range):
    Memory.outcomes.clear()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as p:
        created = p | beam.Create(tracks, reshuffle=False)
        graph.fingerprint_tracks(
            created, plan=plan, decode=decode, assemble=Assembler(NOON), sink=Memory(), scratch=scratch
        )
    return list(Memory.outcomes)


def test_a_cut_track_equals_the_direct_call_on_the_same_segments(track, scratch):
    (found,) = run([track], scratch)
    assert found.columns == fingerprint(track.uri, borders=BORDERS, analyzed_at=NOON)
    assert len(scratch.store.list("")) >= 3 * (len(FAMILIES) + 1)


def broken_from(index):
    def decode(work):
        if work.index >= index:
            raise BadAudio(Reason.DECODE_ERROR, "broken")
        return read_range(work)

    return decode


DECODED: list[int] = []


def noted(work):
    DECODED.append(work.index)
    return read_range(work)


def test_measured_segments_are_not_measured_again(track, scratch):
    (first,) = run([track], scratch, decode=broken_from(2))
    assert isinstance(first, Failure)
    DECODED.clear()
    (second,) = run([track], scratch, decode=noted)
    assert isinstance(second, Fingerprint)
    assert DECODED == [2]
    (third,) = run([track], scratch, decode=broken_from(0))
    assert third.columns == second.columns


def test_another_version_of_the_file_is_another_file(track, scratch):
    run([track], scratch)
    changed = Track(track.track_id, track.uri, size=track.size, version="2")
    (found,) = run([changed], scratch, decode=broken_from(0))
    assert found.reason is Reason.DECODE_ERROR


class Weigh(beam.DoFn):
    """Notes how many bytes elements take as they are encoded for a shuffle."""

    shuffled: Counter = Counter()  # noqa: RUF012  shared by the copies that Beam pickles

    def __init__(self, element_type):
        self.element_type = element_type

    def process(self, element):
        Weigh.shuffled[str(self.element_type)] += len(registry.get_coder(self.element_type).encode(element))
        yield element


@pytest.fixture
def weighed(monkeypatch):
    """Bytes that cross the shuffles, by what crosses; a reshuffle is a grouping too."""
    Weigh.shuffled.clear()
    apply = beam.Pipeline.apply

    def weighing(self, transform, pvalueish=None, label=None):
        if isinstance(transform, beam.GroupByKey) and not label:  # with a label, Beam calls again without it
            kind = pvalueish.element_type
            weigh = beam.ParDo(Weigh(kind)).with_output_types(kind)
            pvalueish = apply(self, weigh, pvalueish, f"Weigh before {transform.label}")
        return apply(self, transform, pvalueish, label)

    monkeypatch.setattr(beam.Pipeline, "apply", weighing)
    return Weigh.shuffled


def test_a_track_that_stays_whole_shuffles_less_than_20_kb(tmp_path, scratch, weighed):
    path = write(tmp_path / "whole.flac", song(60.0))
    run([Track(str(path), str(path))], scratch, plan=plan_ranges)
    assert 1_000 < weighed.total() < 20_000


@pytest.mark.parametrize("with_scratch", [True, False])
def test_a_minute_of_a_cut_track_shuffles_less_than_100_kb(track, scratch, weighed, with_scratch):
    run([track], scratch if with_scratch else None)
    a_minute = weighed.total() / (SECONDS / 60)
    assert a_minute < 100_000 if with_scratch else a_minute > LEAST_BYTES_A_MINUTE
