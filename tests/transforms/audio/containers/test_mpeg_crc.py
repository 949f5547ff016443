"""Frames of MPEG layer III that carry a checksum are checked against it."""

import numpy as np
import pytest

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment

HEADER = b"\xff\xfa\x90\x04"
"""MPEG 1, layer III, with checksum, 128 kbit/s, 44.1 kHz, stereo: 417 bytes."""


def checksum(covered: bytes) -> int:
    """The standard's shift register, one bit after the other."""
    register = 0xFFFF
    for bit in np.unpackbits(np.frombuffer(covered, np.uint8)):
        carry = register >> 15 ^ int(bit)
        register = (register << 1 & 0xFFFF) ^ 0x8005 * carry
    return register


def frame(number: int) -> bytes:
    """Silence: no coefficients, with another gain in each frame."""
    side = bytearray(32)
    side[4] = number & 0x7F
    return HEADER + checksum(HEADER[2:] + side).to_bytes(2, "big") + bytes(side) + bytes(417 - 38)


def opened(tmp_path, frames):
    (tmp_path / "a.mp3").write_bytes(b"".join(frames))
    return open_segment(str(tmp_path / "a.mp3")).identity


def bent(intact: bytes, at: int) -> bytes:
    return intact[:at] + bytes([intact[at] ^ 1]) + intact[at + 1 :]


def test_intact_frames_are_read(tmp_path):
    assert opened(tmp_path, map(frame, range(40))).frames == 40 * 1152


@pytest.mark.parametrize("at", [5, 9, 37], ids=["checksum", "side information", "its last byte"])
def test_a_damaged_frame_is_reported(tmp_path, at):
    frames = [frame(number) for number in range(40)]
    frames[20] = bent(frames[20], at)
    with pytest.raises(BadAudio, match="1 of 40") as caught:
        opened(tmp_path, frames)
    assert caught.value.reason is Reason.CHECKSUM_MISMATCH


def test_an_encoder_that_writes_wrong_checksums_has_damaged_nothing(tmp_path):
    assert opened(tmp_path, [bent(frame(number), 5) for number in range(40)]).frames == 40 * 1152


def test_bytes_outside_the_checksum_do_not_matter(tmp_path):
    frames = [frame(number) for number in range(40)]
    frames[20] = bent(frames[20], 200)
    assert opened(tmp_path, frames).frames == 40 * 1152
