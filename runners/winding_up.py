"""The end of a slice before its time: what is measured is committed, the rest is left to the next run.

Beam runs a slice step by step: all of its tracks are decoded and measured, then all are committed. So a worker that is
to end soon cannot just stop taking tracks from the source. Instead, no further track is decoded; the tracks that are
left pass through the graph as failures, and the sink drops them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from beamprint.pipeline.runner import SliceReport
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.model import Decoded, Failure, Fingerprint, Range
from beamprint.transforms.write import Sink

_asked = threading.Event()
_left: set[str] = set()
"""Ids of the tracks of this process that are left."""


def begin() -> None:
    """Decode nothing more in this process."""
    _asked.set()


@dataclass(frozen=True, slots=True)
class DecodeUntilAsked:
    """Decodes ranges until winding up begins; fails for those that come later.

    Args:
        decode: Decodes one.
    """

    decode: Callable[[Range], Decoded]

    def __call__(self, work: Range) -> Decoded:
        """Decode a range.

        Raises:
            BadAudio: It cannot be measured, or is left.
        """
        if _asked.is_set():
            _left.add(work.track.track_id)
            raise BadAudio(Reason.INTERNAL_ERROR, "left to the next run")
        return self.decode(work)


@dataclass(frozen=True, slots=True)
class SinkWithoutLeft:
    """Commits outcomes, but for tracks that are left.

    Args:
        sink: Commits them.
    """

    sink: Sink

    def bucket_of(self, track_id: str) -> int:
        """Bucket of a track."""
        return self.sink.bucket_of(track_id)

    def commit(self, bucket: int, records: Sequence[Fingerprint], failures: Sequence[Failure]) -> None:
        """Replace the rows of these tracks."""
        of_tracks_done = [failure for failure in failures if failure.track.track_id not in _left]
        self.sink.commit(bucket, records, of_tracks_done)


def without_left(report: SliceReport) -> SliceReport:
    """The report of a slice whose tracks that are left were counted as failures."""
    return replace(report, failures=report.failures - Counter({str(Reason.INTERNAL_ERROR): len(_left)}))
