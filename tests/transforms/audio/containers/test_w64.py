"""Wave64 files of uncommon shape are read to their end, and those that cannot be read say why."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED
from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal

SUFFIX = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
JUNK = b"junk" + SUFFIX + struct.pack("<Q", 32) + bytes(8)


@pytest.fixture
def made(tmp_path):
    """A file up to its audio, its ``data`` chunk, and its number of frames."""
    samples = sounds.music(0.5)[:-1]
    data = sounds.encoded(tmp_path, "w64", samples)
    at = data.index(b"data" + SUFFIX)
    (size,) = struct.unpack_from("<Q", data, at + 16)
    return data[:at], data[at : at + size], len(samples)


def padded(chunk):
    return chunk + bytes(-len(chunk) % 8)


@pytest.mark.parametrize("between", [b"", JUNK])
def test_audio_in_two_data_chunks_is_refused(tmp_path, made, between):
    head, audio, frames = made
    assert refusal(tmp_path, head + padded(audio) + between + audio).reason is Reason.UNSUPPORTED_FORMAT
    assert opened(tmp_path, head + padded(audio) + JUNK).identity.frames == frames


def test_an_empty_data_chunk_before_the_audio_is_passed_over(tmp_path, made):
    head, audio, _ = made
    found = opened(tmp_path, head + audio[:16] + struct.pack("<Q", 24) + audio)
    assert np.array_equal(found.segment.pcm, opened(tmp_path, head + audio).segment.pcm)
    assert found.identity.notes == ()


@pytest.mark.parametrize("after", [b"", JUNK])
@pytest.mark.parametrize("lacking", [1, 2, 3])
def test_a_size_that_lacks_part_of_the_last_frame(tmp_path, made, after, lacking):
    head, audio, frames = made
    audio = audio[:16] + struct.pack("<Q", len(audio) - lacking) + audio[24:-1] + b"\x11"
    identity = opened(tmp_path, head + (padded(audio) + after if after else audio)).identity
    assert (identity.frames, identity.notes) == (frames, (LENGTH_CORRECTED,))


def test_24_bits_in_four_bytes(tmp_path):
    codes = np.round(sounds.music(0.5) * (2**23 - 1)).astype("<i4")
    guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    body = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 44_100, 44_100 * 8, 8, 24, 22, 24, 3) + guid
    audio = (codes << 8).tobytes()
    chunks = b"wave" + SUFFIX
    for name, content in ((b"fmt ", body), (b"data", audio)):
        chunks += padded(name + SUFFIX + struct.pack("<Q", 24 + len(content)) + content)
    riff = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
    found = opened(tmp_path, riff + struct.pack("<Q", 24 + len(chunks)) + chunks)
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0**23).astype(np.float32))
