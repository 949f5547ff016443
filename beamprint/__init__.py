"""Beamprint: fingerprint records of audio files, measured in a dataflow pipeline on Apache Beam.

What is meant for users is importable from here. It is loaded on first use, so that ``import beamprint`` and
the command line start at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamprint.pipeline.groups import group_loudness as group_loudness
    from beamprint.pipeline.one_file import fingerprint as fingerprint
    from beamprint.transforms.audio.errors import BadAudio as BadAudio

_HOMES = {
    "BadAudio": "beamprint.transforms.audio.errors",
    "fingerprint": "beamprint.pipeline.one_file",
    "group_loudness": "beamprint.pipeline.groups",
}
__all__ = ["BadAudio", "__version__", "fingerprint", "group_loudness"]


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
