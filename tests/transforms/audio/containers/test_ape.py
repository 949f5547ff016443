"""Monkey's Audio before version 3.98, whose header does not say where the audio ends."""

import struct
import zlib

import pytest

from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal

EACH = 4 * 73_728
LAST = 5000
FRAMES = 3


def old_ape(*, with_wav_header=True):
    """A file of version 3.96 with silent frames, which hold nothing but a checksum and their flags."""
    wave = sounds.wav(b"", data_size=4 * ((FRAMES - 1) * EACH + LAST))
    stored = wave if with_wav_header else b""
    flags = 4 | 16 | (0 if with_wav_header else 32)
    start = 40 + len(stored) + 4 * FRAMES
    table = struct.pack(f"<{FRAMES}I", *(start + 16 * number for number in range(FRAMES)))
    header = struct.pack("<4sHHHHIIIII", b"MAC ", 3960, 2000, flags, 2, 44_100, len(stored), 0, FRAMES, LAST)
    silent = [
        struct.pack("<IIQ", 1 << 31 | zlib.crc32(bytes(4 * length)) >> 1, 3, 0)
        for length in [EACH] * (FRAMES - 1) + [LAST]
    ]
    return header + struct.pack("<II", 0, FRAMES) + stored + table + b"".join(silent)


@pytest.mark.parametrize("with_wav_header", [True, False])
def test_an_old_file_is_read_whole(tmp_path, with_wav_header):
    found = opened(tmp_path, old_ape(with_wav_header=with_wav_header)).identity
    assert (found.container, found.frames, found.notes) == ("ape", (FRAMES - 1) * EACH + LAST, ())


@pytest.mark.parametrize("left", [100, 120])
def test_a_file_that_ends_before_its_last_frame_is_truncated(tmp_path, left):
    """As a download that stopped: its decoder only finds invalid data."""
    error = refusal(tmp_path, old_ape()[:left])
    assert error.reason is Reason.TRUNCATED
