"""Record, dataset, graph and command line of Beamprint.

``fingerprint`` is importable from here; it is loaded on first use, so that the command line starts at once.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.analysis import fingerprint

__all__ = ["fingerprint"]


def __getattr__(name: str) -> Any:
    if name == "fingerprint":
        from pipeline.analysis import fingerprint  # noqa: PLC0415

        return fingerprint
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
