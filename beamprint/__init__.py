"""Beamprint: fingerprint records of audio files, measured in a dataflow pipeline on Apache Beam.

What is meant for users is importable from here. It is loaded on first use, so that ``import beamprint`` and
the command line start at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamprint.pipeline.errors import UsageError as UsageError
    from beamprint.pipeline.groups import group_loudness as group_loudness
    from beamprint.pipeline.one_file import fingerprint as fingerprint
    from beamprint.pipeline.read import read as read
    from beamprint.pipeline.similarity.duplicates import Duplicate as Duplicate
    from beamprint.pipeline.similarity.duplicates import duplicates as duplicates
    from beamprint.pipeline.similarity.neighbours import Neighbour as Neighbour
    from beamprint.pipeline.similarity.neighbours import SimilarityIndex as SimilarityIndex
    from beamprint.pipeline.similarity.neighbours import similar as similar
    from beamprint.runners.scan import scan as scan
    from beamprint.transforms.audio.errors import BadAudio as BadAudio

_HOMES = {
    "BadAudio": "beamprint.transforms.audio.errors",
    "Duplicate": "beamprint.pipeline.similarity.duplicates",
    "Neighbour": "beamprint.pipeline.similarity.neighbours",
    "SimilarityIndex": "beamprint.pipeline.similarity.neighbours",
    "UsageError": "beamprint.pipeline.errors",
    "duplicates": "beamprint.pipeline.similarity.duplicates",
    "fingerprint": "beamprint.pipeline.one_file",
    "group_loudness": "beamprint.pipeline.groups",
    "read": "beamprint.pipeline.read",
    "scan": "beamprint.runners.scan",
    "similar": "beamprint.pipeline.similarity.neighbours",
}
__all__ = [
    "BadAudio",
    "Duplicate",
    "Neighbour",
    "SimilarityIndex",
    "UsageError",
    "__version__",
    "duplicates",
    "fingerprint",
    "group_loudness",
    "read",
    "scan",
    "similar",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOMES, "__version__"]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - half of the time of --help

    try:
        return version("beamprint")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "checkout"
