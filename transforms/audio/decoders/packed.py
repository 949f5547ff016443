"""Integer samples as lossless files store them: each in the fewest whole bytes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(block: NDArray[Any], bits: int) -> NDArray[Any]:
    """The samples as signed integers of ``bits`` bits, little-endian, in the fewest whole bytes.

    Args:
        block: integers as they come from a decoder, shape (frames, channels), C-contiguous.
        bits: at most those of the block's type.

    Returns:
        An array whose bytes are those, in order; it may be the block itself.
    """
    width = -(-bits // 8)
    codes = block if bits == 8 * width else block >> (8 * width - bits)
    if width == codes.itemsize:
        return codes
    whole = codes.view(np.uint8).reshape(-1, codes.itemsize)
    highest = np.empty((len(whole), width), np.uint8)
    for byte in range(width):
        highest[:, byte] = whole[:, byte - width]
    return highest
