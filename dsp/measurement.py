"""What every module that measures columns offers."""

from collections.abc import Iterable
from typing import Any, Protocol

from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment


class Measurement(Protocol):
    """A module that measures columns: each segment gives a compact partial, those of a track give its columns."""

    COLUMNS: tuple[str, ...]

    def analyse(self, segment: Segment, /) -> Any:
        """The partial of one segment."""

    def merge(self, partials: Iterable[Any], /) -> Any:
        """One partial for those of consecutive segments, given in their order."""

    def finish(self, partial: Any, /) -> Columns:
        """The columns of the whole track, from its partial."""
