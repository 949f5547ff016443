"""Results of single segments of a long track, a file a segment, kept in scratch space until all of them are there."""

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.gather import EXPECTED, Grouped
from beamprint.transforms.guard import FAILURES
from beamprint.transforms.model import Range

_SUFFIX = ".partial"


def save(folder: Path, work: Range, results: Mapping[str, list[Any]]) -> None:
    """Keep what every step found in a segment, whole or not at all."""
    path = _path(folder, work)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_bytes(_pickled({step: _pickled(found) for step, found in results.items()}))
    os.replace(unfinished, path)


def is_saved(folder: Path, work: Range) -> bool:
    """Whether a segment was measured, of the very file that is to be measured now."""
    if work.track.version is None:
        return False
    try:
        return not pickle.loads(_content(_path(folder, work))[FAILURES])
    except (FileNotFoundError, EOFError, pickle.UnpicklingError):  # not written, or the power went
        return False


class Saved(Mapping[str, list[Any]]):
    """Results of all segments of a track by step, read when they are asked for.

    Those of all families at once would fill a worker's memory.

    Args:
        folder: Where they were kept.
        work: Any segment of the track.
    """

    def __init__(self, folder: Path, work: Range) -> None:
        ranges = (Range(work.track, index, work.borders, work.frames) for index in range(work.count))
        self._paths: Sequence[Path] = [_path(folder, one) for one in ranges]

    def __getitem__(self, step: str) -> list[Any]:
        return [result for path in self._paths for result in pickle.loads(_content(path)[step])]

    def __iter__(self) -> Iterator[str]:
        return iter(_content(self._paths[0]))

    def __len__(self) -> int:
        return len(_content(self._paths[0]))


def _path(folder: Path, work: Range) -> Path:
    """Named after the row of the manifest, the version of the file and the cuts: of anything else, another file."""
    told = repr((work.track, work.borders, work.frames)).encode(errors="surrogatepass")
    return folder / f"{hashlib.blake2b(told, digest_size=12).hexdigest()}-{work.index:05d}{_SUFFIX}"


def _pickled(value: object) -> bytes:
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def _content(path: Path) -> dict[str, bytes]:
    content: dict[str, bytes] = pickle.loads(path.read_bytes())
    return content


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
