"""Tracks handed to all workers, whichever bucket they are of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.model import Track


def _with_id(track: Track) -> tuple[str, Track]:
    return track.track_id, track


def _tracks(of_id: tuple[str, Iterable[Track]]) -> Iterable[Track]:
    return of_id[1]


@dataclass(eq=False)
class SpreadTracks(beam.PTransform[Any, Any]):
    """Group tracks by their ids, so that headers are not probed bucket by bucket.

    Beam's ``Reshuffle`` would do, but there is one after planning. Of two without a grouping in between,
    Flink's optimizer drops the second: all segments of a long track would stay with the worker that planned them.
    """

    def expand(self, tracks: PCollection[Track]) -> PCollection[Track]:
        """Spread."""
        return (
            tracks
            | "KeyByTrack" >> beam.Map(_with_id)
            | "ByTrack" >> beam.GroupByKey()
            | "Tracks" >> beam.FlatMap(_tracks).with_output_types(Track)
        )
