"""The decoder in a process of its own, so that a file which breaks it costs one track and not the job.

A function that reads a file (``read_range``, ``recognise_or_plan``) is called in a child that lives as long as this
process, one for each thread that calls at the same time. Decoded samples are not copied: they lie in memory that both
map. A child that crashes, hangs or takes too much memory is replaced, and its track is bad audio.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from beamprint.transforms import permits
from beamprint.transforms.isolation.children import borrowed
from beamprint.transforms.model import Decoded, Range, Track
from beamprint.transforms.track_length import audio_seconds

_Work = TypeVar("_Work", Track, Range)
_LEAST_MINUTES = 1.0


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of a child.

    Attributes:
        memory: Resident bytes, samples included.
        seconds_per_minute: Seconds that a minute of audio may take; a shorter track has as long as a minute.
    """

    memory: int = 1 << 30
    seconds_per_minute: float = 60.0


@dataclass(frozen=True, slots=True)
class Isolated(Generic[_Work]):
    """A function that is called in a child. Small and picklable, as the function must be.

    Args:
        function: Takes a track or a range.
        limits: Limits of the child.
    """

    function: Callable[[_Work], Any]
    limits: ChildLimits = ChildLimits()

    def __call__(self, work: _Work) -> Any:
        """Result of the function.

        Raises:
            BadAudio: What the function raises, and ``decoder_crash``, ``timeout`` and ``out_of_memory``.
            Exception: A bug of the function, with its traceback as the cause.
        """
        track = work.track if isinstance(work, Range) else work
        minutes = max(_LEAST_MINUTES, audio_seconds(track) / 60)
        with permits.decoders(), borrowed() as child:
            found, samples, cpu_ns = child.call(
                self.function,
                work,
                memory=self.limits.memory,
                seconds=self.limits.seconds_per_minute * minutes,
            )
        if samples is not None:
            found = replace(found, segment=replace(found.segment, pcm=samples))
        return replace(found, cpu_ns=cpu_ns) if isinstance(found, Decoded) else found
