"""The protocol of every module that measures columns."""

from collections.abc import Iterable
from typing import Any, Protocol

from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment


class Measurement(Protocol):
    """A module that measures columns: each segment gives a compact partial; a track's partials give its columns."""

    COLUMNS: tuple[str, ...]

    def analyse(self, segment: Segment, /) -> Any:
        """The partial of one segment."""

    def merge(self, partials: Iterable[Any], /) -> Any:
        """One partial from those of consecutive segments, in order."""

    def finish(self, partial: Any, /) -> Columns:
        """The columns of the whole track, from its partial."""
