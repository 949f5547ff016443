"""Integer samples in the bytes that lossless files store them in."""

import numpy as np
import pytest

from beamprint.transforms.audio.decoders.packed import packed


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24, 32])
def test_samples_are_signed_little_endian_integers_in_the_fewest_bytes(bits):
    kind = np.int16 if bits <= 16 else np.int32
    top = 1 << (bits - 1)
    codes = [0, 1, -1, 5, top - 1, -top, top // 3, -(top // 3)]
    shift = 8 * kind().itemsize - bits
    block = np.array([code << shift for code in codes], kind).reshape(-1, 2)
    expected = b"".join(code.to_bytes(-(-bits // 8), "little", signed=True) for code in codes)
    assert packed(block, bits).tobytes() == expected
