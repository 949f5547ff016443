"""AIFF files of uncommon shape are read to their end, and those that cannot be read say why."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED
from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal

SAMPLES = sounds.music(0.5)
FRAMES = len(SAMPLES)
AUDIO = np.round(SAMPLES * 32767).astype(">i2").tobytes()
NOTE = b"ANNO\0\0\0\4note"


def common(frames=FRAMES, channels=2):
    return b"COMM" + struct.pack(">IhIh", 18, channels, frames, 16) + b"\x40\x0e\xac\x44" + bytes(6)


def sound(audio=AUDIO):
    return b"SSND" + struct.pack(">III", 8 + len(audio), 0, 0) + audio


def aiff(*chunks):
    body = b"AIFF" + b"".join(chunks)
    return b"FORM" + struct.pack(">I", len(body)) + body


@pytest.mark.parametrize("between", [b"", NOTE])
def test_audio_in_two_chunks_is_refused(tmp_path, between):
    data = aiff(common(2 * FRAMES), sound(), between, sound())
    assert refusal(tmp_path, data).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    "chunks", [(sound(b""), sound()), (sound(), sound(b"")), (NOTE, sound(b""), NOTE, sound())]
)
def test_an_empty_chunk_beside_the_audio_is_passed_over(tmp_path, chunks):
    found = opened(tmp_path, aiff(common(), *chunks))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, aiff(common(), sound())).segment.pcm)
    assert found.identity.notes == ()


@pytest.mark.parametrize("frames", [1, FRAMES // 2, FRAMES + 1, 2 * FRAMES])
def test_a_wrong_number_of_samples_is_told(tmp_path, frames):
    identity = opened(tmp_path, aiff(common(frames), sound())).identity
    assert (identity.frames, identity.notes) == (FRAMES, (LENGTH_CORRECTED,))


def test_audio_that_is_counted_as_none_is_read(tmp_path):
    data = aiff(common(0), sound())
    assert opened(tmp_path, data).identity.frames == FRAMES
    assert refusal(tmp_path, data[:-2000]).reason is Reason.TRUNCATED
    assert refusal(tmp_path, aiff(common(0))).reason is Reason.EMPTY
    assert refusal(tmp_path, aiff(common(0), sound(b""))).reason is Reason.EMPTY


@pytest.mark.parametrize("size", [0, 8, 0xFFFFFFFF])
def test_a_pipe_leaves_neither_a_size_nor_a_number_of_samples(tmp_path, size):
    piped = aiff(common(0), b"SSND" + struct.pack(">III", size, 0, 0) + AUDIO)
    assert opened(tmp_path, piped).identity.frames == FRAMES


def test_the_first_of_two_descriptions_counts(tmp_path):
    found = opened(tmp_path, aiff(common(), common(2 * FRAMES, 1), sound()))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, aiff(common(), sound())).segment.pcm)
