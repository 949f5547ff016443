"""From a range of a file to a segment of samples."""

import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import apache_beam as beam
from apache_beam.coders.coders import Coder
from apache_beam.coders.typecoders import registry
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from beamprint.dsp.segment import Segment
from beamprint.transforms import listener, permits
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.features import METRICS
from beamprint.transforms.guard import FAILURES, Failed, Guarded, failure_of
from beamprint.transforms.model import Decoded, Range

Decode = Callable[[Range], Decoded]


class DecodedCoder(Coder):
    """Tells the size of a decoded segment without pickling it.

    The families are fused with the decoder, so nothing is encoded; but Beam samples elements to
    estimate their size, by default by pickling them.
    """

    def encode(self, value: Decoded) -> bytes:
        """Pickle; for a runner that does not fuse."""
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> Decoded:
        """The opposite of ``encode``."""
        decoded: Decoded = pickle.loads(encoded)
        return decoded

    def estimate_size(self, value: Decoded) -> int:
        """Bytes of the samples."""
        return value.segment.pcm.nbytes

    def is_deterministic(self) -> bool:
        """A segment is never a key."""
        return False


registry.register_coder(Decoded, DecodedCoder)


class _DecodeFn(beam.DoFn):
    def __init__(self, decode: Decode) -> None:
        self.decode = decode
        self.last: Segment | None = None
        self.cpu = Metrics.counter(METRICS, "cpu_us/decode")
        self.audio = Metrics.counter(METRICS, "audio_ms")

    def process(self, element: Range) -> Iterator[Decoded | Failed]:
        listener.started(element)
        self._empty_last()
        began = time.thread_time_ns()
        try:
            decoded = permits.segments().until_gone(lambda: self.decode(element), attrgetter("segment"))
        except BadAudio as bad:
            yield Failed(FAILURES, failure_of(element.track, bad, "decode", element.index))
            return
        finally:
            self.cpu.inc((time.thread_time_ns() - began) // 1000)
        self.cpu.inc(decoded.cpu_ns // 1000)
        seconds = decoded.segment.own.length / decoded.segment.rate
        self.audio.inc(round(1000 * seconds))
        listener.decoded(element, seconds)
        self.last = decoded.segment
        yield decoded

    def finish_bundle(self) -> None:
        """Empty the last segment: a runner may discard its steps long before it collects them."""
        self._empty_last()

    def _empty_last(self) -> None:
        """Empty the previous segment: Beam's steps keep their last element, and two would be in memory at once."""
        if self.last is not None:
            self.last.release()
            self.last = None


@dataclass(eq=False)
class DecodeAudio(beam.PTransform[Any, Any]):
    """Decode each range.

    Args:
        decode: Reads one range; raises ``BadAudio`` for what cannot be measured.

    Returns:
        The pair (decoded segments, failures).
    """

    decode: Decode

    def expand(self, ranges: PCollection[Range]) -> Any:
        """Decode."""
        return ranges | Guarded(_DecodeFn(self.decode), "decode", _itself, Decoded)


def _itself(work: Range) -> Range:
    return work
