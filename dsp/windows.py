"""Window functions."""

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def hann(length: int) -> NDArray[np.float32]:
    """Periodic Hann window, float32, shape (length,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
