"""Results of single segments of a long track, kept in scratch space until all of them are there."""

import hashlib
import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.gather import EXPECTED, Grouped
from beamprint.transforms.guard import FAILURES
from beamprint.transforms.model import Range


class Scratch(Protocol):
    """Storage of unfinished work: named objects that are written whole or not at all."""

    def open(self, name: str) -> tuple[BinaryIO, str] | None:
        """An object, open for reading, and its version; None where there is none."""

    def write(self, name: str, content: bytes, version: str) -> str:
        """Replace an object of this version; ``*`` for any."""


def save(scratch: Scratch, work: Range, results: Mapping[str, list[Any]]) -> None:
    """Keep what every step found in a segment."""
    scratch.write(name_of(work), _pickled({step: _pickled(found) for step, found in results.items()}), "*")


def is_saved(scratch: Scratch, work: Range) -> bool:
    """Whether a segment was measured in the version of the file that is to be measured now."""
    if work.track.version is None:
        return False
    try:
        return not pickle.loads(_content(scratch, work)[FAILURES])
    except (FileNotFoundError, EOFError, pickle.UnpicklingError):
        # Not written, or cut off by a power failure.
        return False


class Saved(Mapping[str, list[Any]]):
    """Results of all segments of a track by step, read when they are asked for.

    The results of all families at once would fill a worker's memory.

    Args:
        scratch: Where they were kept.
        work: Any segment of the track.
    """

    def __init__(self, scratch: Scratch, work: Range) -> None:
        self._scratch = scratch
        self._ranges = [Range(work.track, index, work.borders, work.frames) for index in range(work.count)]

    def __getitem__(self, step: str) -> list[Any]:
        return [
            result for work in self._ranges for result in pickle.loads(_content(self._scratch, work)[step])
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(_content(self._scratch, self._ranges[0]))

    def __len__(self) -> int:
        return len(_content(self._scratch, self._ranges[0]))


def name_of(work: Range, step: str = "") -> str:
    """Name of the object for a segment, or for the results of one step in it.

    Named after the row of the manifest, the version of the file and the cuts: if one of them differs, so does the name.
    """
    key = repr((work.track, work.borders, work.frames)).encode(errors="surrogatepass")
    of_track = hashlib.blake2b(key, digest_size=12).hexdigest()
    return f"{of_track}-{work.index:05d}-{step}.partial" if step else f"{of_track}-{work.index:05d}.partial"


def _pickled(value: object) -> bytes:
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def _content(scratch: Scratch, work: Range) -> dict[str, bytes]:
    opened = scratch.open(name_of(work))
    if opened is None:
        raise FileNotFoundError(name_of(work))
    with opened[0] as file:
        content: dict[str, bytes] = pickle.load(file)
    return content


class _SaveFn(beam.DoFn):
    def __init__(self, scratch: Scratch) -> None:
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
    """Keep the results of single ranges, one object for each.

    Args:
        scratch: Storage that keeps it.
    """

    scratch: Scratch

    def expand(self, grouped: PCollection[Grouped]) -> PCollection[str]:
        """Save."""
        return grouped | beam.ParDo(_SaveFn(self.scratch))


class _LoadFn(beam.DoFn):
    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch

    def process(self, element: Range) -> Iterable[Grouped]:
        yield element.track.track_id, Saved(self.scratch, element)


@dataclass(eq=False)
class LoadPartials(beam.PTransform[Any, Any]):
    """Bring together the results of all ranges of a track.

    Args:
        scratch: Where ``SavePartials`` kept it.
    """

    scratch: Scratch

    def expand(self, tracks: PCollection[Range]) -> PCollection[Grouped]:
        """Load; the input holds one range of each track."""
        return tracks | beam.ParDo(_LoadFn(self.scratch))
