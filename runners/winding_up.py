"""Early end of a slice: measured tracks are committed, the others are left to the next run.

Beam runs a slice step by step: all its tracks are decoded and measured, then all are committed. So a worker that must end
soon cannot just stop reading tracks from the source. Instead, no further track is decoded; the remaining tracks pass
through the graph as failures, and the sink drops them.
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
"""Ids of this process's tracks that are left to the next run."""


def begin() -> None:
    """Decode nothing more in this process."""
    _asked.set()


@dataclass(frozen=True, slots=True)
class DecodeUntilAsked:
    """Decodes ranges until the early end begins; fails for later ranges.

    Args:
        decode: Decodes a range.
    """

    decode: Callable[[Range], Decoded]

    def __call__(self, work: Range) -> Decoded:
        """Decode a range.

        Raises:
            BadAudio: The range cannot be measured, or is left to the next run.
        """
        if _asked.is_set():
            _left.add(work.track.track_id)
            raise BadAudio(Reason.INTERNAL_ERROR, "left to the next run")
        return self.decode(work)


@dataclass(frozen=True, slots=True)
class SinkWithoutLeft:
    """Commits outcomes, except for tracks that are left to the next run.

    Args:
        sink: Commits the outcomes.
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
    """The report of a slice, without the tracks that are left to the next run, which were counted as failures."""
    return replace(report, failures=report.failures - Counter({str(Reason.INTERNAL_ERROR): len(_left)}))
