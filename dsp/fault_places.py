"""Faults with their place: what a detector found, where, in which channel, and how strong."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from beamprint.dsp.arrays import Float32, Int64

MOST_OF_A_KIND = 200
ALL_CHANNELS = -1
"""Channel in ``Places`` of a fault that concerns all channels."""


class Fault(TypedDict):
    """An item of the column ``faults``.

    ``channel`` counts from 0 in the file's order and is None for all channels or several. ``level_db`` is re full
    scale, None where there is no level at all.
    """

    kind: str
    start_s: float
    end_s: float
    channel: int | None
    level_db: float | None


@dataclass(frozen=True, slots=True)
class Places:
    """Stretches of a track in which something was found; arrays of shape (n,).

    Attributes
    ----------
    start, stop : int64
        First sample and the one after the last, counted from the track's start.
    channel : int64
        Number of the channel, or ``ALL_CHANNELS``.
    level : float32
        Amplitude, full scale 1; 0 where there is none.
    """

    start: Int64
    stop: Int64
    channel: Int64
    level: Float32

    @classmethod
    def of(cls, start: Int64, stop: Int64, channel: int | Int64, level: Float32) -> "Places":
        """Places in one channel, or each in its own."""
        return cls(start, stop, np.full(start.shape, channel, np.int64), level)

    @classmethod
    def none(cls) -> "Places":
        """No place."""
        whole = np.zeros(0, np.int64)
        return cls(whole, whole, whole, np.zeros(0, np.float32))

    @classmethod
    def joined(cls, parts: Iterable["Places"]) -> "Places":
        """All places of some stretches, in the order of time."""
        held = [part for part in parts if len(part)]
        if not held:
            return cls.none()
        places = cls(*(np.concatenate([getattr(part, name) for part in held]) for name in cls.__slots__))
        return places[np.lexsort((places.channel, places.start))]

    def __len__(self) -> int:
        return self.start.size

    def __getitem__(self, which: object) -> "Places":
        return Places(*(getattr(self, name)[which] for name in Places.__slots__))

    def together(self, within: int) -> "Places":
        """Places with fewer than ``within`` samples from each to the next become one; they must be in order.

        The level is the largest; the channel is kept where all have the same.
        """
        if not len(self):
            return self
        reached = np.maximum.accumulate(self.stop)
        first = np.concatenate([[0], np.flatnonzero(self.start[1:] - reached[:-1] >= within) + 1])
        lowest, highest = (f.reduceat(self.channel, first) for f in (np.minimum, np.maximum))
        return Places(
            self.start[first],
            np.maximum.reduceat(self.stop, first),
            np.where(lowest == highest, lowest, ALL_CHANNELS),
            np.maximum.reduceat(self.level, first),
        )

    def faults(self, kind: str, rate: int) -> list[Fault]:
        """As items of the column; only the first ones where there are many."""
        held = self[:MOST_OF_A_KIND]
        return [
            Fault(
                kind=kind,
                start_s=start / rate,
                end_s=stop / rate,
                channel=None if channel == ALL_CHANNELS else channel,
                level_db=decibels(level),
            )
            for start, stop, channel, level in zip(
                *(getattr(held, name).tolist() for name in Places.__slots__)
            )
        ]


def decibels(amplitude: float) -> float | None:
    """Level in dB re full scale; None for an amplitude of 0."""
    return float(20 * np.log10(amplitude)) if amplitude > 0 else None


def in_time_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults of a track in time order: the first ``MOST_OF_A_KIND`` of each kind."""
    of_kind: defaultdict[str, int] = defaultdict(int)
    kept = []
    for fault in sorted(faults, key=_order):
        of_kind[fault["kind"]] += 1
        if of_kind[fault["kind"]] <= MOST_OF_A_KIND:
            kept.append(fault)
    return kept


def _order(fault: Fault) -> tuple[float, str, int]:
    channel = fault["channel"]
    return fault["start_s"], fault["kind"], ALL_CHANNELS if channel is None else channel
