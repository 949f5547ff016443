"""A stretch of a signal that knows its place in the track."""

from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float32


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive samples of a track, addressed by their numbers in the track.

    Attributes
    ----------
    samples : float32, shape (..., n)
    first : int
        Number of ``samples[..., 0]`` in the track.
    total : int
        Samples of the whole track.
    """

    samples: Float32
    first: int
    total: int

    def span(self, start: int, stop: int) -> Float32:
        """Samples [start, stop) of the track, zeros outside it; shape (..., stop - start).

        Raises
        ------
        IndexError
            The span needs samples of the track that this stretch does not hold.
        """
        a, b = start - self.first, stop - self.first
        n = self.samples.shape[-1]
        if 0 <= a and b <= n:
            return self.samples[..., a:b]
        low, high = max(start, 0), max(min(stop, self.total), 0)
        if low < high and (low < self.first or high > self.first + n):
            raise IndexError(f"samples [{low}, {high}) wanted, [{self.first}, {self.first + n}) held")
        out = np.zeros(self.samples.shape[:-1] + (stop - start,), np.float32)
        if low < high:
            out[..., low - start : high - start] = self.samples[..., low - self.first : high - self.first]
        return out
