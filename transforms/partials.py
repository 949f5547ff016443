"""Partials of a long track's segments, kept in scratch space until all of them are there."""

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from transforms.merge import Grouped
from transforms.model import Range


def _path(scratch: Path, track_id: str, index: int) -> Path:
    name = hashlib.blake2b(track_id.encode(), digest_size=12).hexdigest()
    return scratch / f"{name}-{index:05d}.partial"


class _SaveFn(beam.DoFn):
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def process(self, element: Grouped) -> Iterator[str]:
        track_id, found = element
        everything = {step: list(results) for step, results in found.items()}
        for work in everything["expected"]:
            path = _path(self.scratch, track_id, work.index)
            content = {
                step: [result for result in results if result.index == work.index]
                for step, results in everything.items()
            }
            unfinished = path.with_suffix(f".{os.getpid()}.tmp")
            unfinished.write_bytes(pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL))
            os.replace(unfinished, path)
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
        found: dict[str, list[Any]] = {}
        for index in range(element.count):
            content = pickle.loads(_path(self.scratch, element.track.track_id, index).read_bytes())
            for step, results in content.items():
                found.setdefault(step, []).extend(results)
        yield element.track.track_id, found


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
