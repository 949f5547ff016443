"""Partials of a long track's segments, kept in scratch space until all of them are there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from transforms.gather import EXPECTED, Grouped
from transforms.model import Range
from transforms.saved import Saved, save


class _SaveFn(beam.DoFn):
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def process(self, element: Grouped) -> Iterator[str]:
        track_id, found = element
        everything = {step: list(results) for step, results in found.items()}
        for work in everything[EXPECTED]:
            of_work = {
                step: [result for result in results if result.index == work.index]
                for step, results in everything.items()
            }
            save(self.scratch, work, of_work)
        yield track_id


@dataclass(eq=False)
class SavePartials(beam.PTransform[Any, Any]):
    """Keep what was measured of single ranges, a file a range.

    Args:
        scratch: An existing folder.
    """

    scratch: Path

    def expand(self, grouped: PCollection[Grouped]) -> PCollection[str]:
        """Save."""
        return grouped | beam.ParDo(_SaveFn(self.scratch))


class _LoadFn(beam.DoFn):
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def process(self, element: Range) -> Iterable[Grouped]:
        yield element.track.track_id, Saved(self.scratch, element)


@dataclass(eq=False)
class LoadPartials(beam.PTransform[Any, Any]):
    """Bring together what was measured of all ranges of a track.

    Args:
        scratch: Where ``SavePartials`` kept it.
    """

    scratch: Path

    def expand(self, tracks: PCollection[Range]) -> PCollection[Grouped]:
        """Load; the input holds one range of each track."""
        return tracks | beam.ParDo(_LoadFn(self.scratch))
