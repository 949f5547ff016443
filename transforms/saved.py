"""Results of single segments of long tracks, a file a segment, until all of them are there."""

import hashlib
import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transforms.bugs import FAILURES
from transforms.model import Range

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
