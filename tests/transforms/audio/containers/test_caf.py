"""CAF files of uncommon shape are read to their end, and those that cannot be read say why."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED
from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


@pytest.mark.parametrize("boxes", [b"", b"\0\0\0\x0cfrmaalac\0\0\0\x24alac\0\0\0\0"])
def test_alac_in_caf_whose_description_lacks_the_word_length(tmp_path, boxes):
    """As FFmpeg writes it, with boxes of QuickTime around the settings of the decoder."""
    data = sounds.encoded(tmp_path, "alac")
    whole = opened(tmp_path, data).segment.pcm
    flags = data.index(b"desc") + 12 + 12
    at = data.index(b"kuki") + 4
    settings = (24 + len(boxes)).to_bytes(8, "big") + boxes
    data = data[:flags] + bytes(4) + data[flags + 4 : at] + settings + data[at + 8 :]
    assert np.array_equal(opened(tmp_path, data).segment.pcm, whole)


SAMPLES = sounds.music(0.5)
FRAMES = len(SAMPLES)
AUDIO = np.round(SAMPLES * 32767).astype(">i2").tobytes()
INFO = b"info" + struct.pack(">Q", 4) + bytes(4)


def sound(audio=AUDIO, lacking=0):
    return b"data" + struct.pack(">QI", 4 + len(audio) - lacking, 0) + audio


def caf(*chunks):
    description = struct.pack(">Qd4sIIIII", 32, 44_100.0, b"lpcm", 0, 4, 1, 2, 16)
    return b"caff\0\1\0\0desc" + description + b"".join(chunks)


@pytest.mark.parametrize("between", [b"", INFO])
def test_audio_in_two_data_chunks_is_refused(tmp_path, between):
    assert refusal(tmp_path, caf(sound(), between, sound())).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    "chunks", [(sound(b""), sound()), (sound(), sound(b"")), (sound(b""), INFO, sound())]
)
def test_an_empty_data_chunk_beside_the_audio_is_passed_over(tmp_path, chunks):
    found = opened(tmp_path, caf(*chunks))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, caf(sound())).segment.pcm)
    assert found.identity.notes == ()


@pytest.mark.parametrize("after", [b"", INFO, sounds.ID3V1])
@pytest.mark.parametrize("lacking", [1, 2, 3])
def test_a_size_that_lacks_part_of_the_last_frame(tmp_path, after, lacking):
    identity = opened(tmp_path, caf(sound(lacking=lacking), after)).identity
    assert (identity.frames, identity.notes) == (FRAMES, (LENGTH_CORRECTED,))


def in_whole_bytes(bits, size, *, little, low=False):
    """Codes of so many bits in so many bytes, above zeros or, ``low``, below a copy of their sign."""
    codes = np.round(SAMPLES * (2 ** (bits - 1) - 1)).astype(np.int64)
    placed = codes if low else codes << (8 * size - bits)
    stored = placed.astype("<i8").view(np.uint8).reshape(FRAMES, -1, 8)[:, :, :size]
    audio = (stored if little else stored[:, :, ::-1]).tobytes()
    channels = SAMPLES.shape[1]
    description = struct.pack(
        ">Qd4sIIIII", 32, 44_100.0, b"lpcm", 2 * little, size * channels, 1, channels, bits
    )
    return codes, b"caff\0\1\0\0desc" + description + sound(audio)


@pytest.mark.parametrize("little", [False, True])
@pytest.mark.parametrize(("bits", "size"), [(24, 4), (20, 4), (20, 3), (12, 2), (24, 3)])
def test_samples_above_bits_that_are_zero(tmp_path, bits, size, little):
    """As Core Audio stores words that do not fill their bytes; libsndfile refuses them."""
    codes, data = in_whole_bytes(bits, size, little=little)
    found = opened(tmp_path, data)
    assert np.array_equal(found.segment.pcm.T * 2.0 ** (bits - 1), codes)
    assert (found.identity.bit_depth, found.identity.notes) == (8 * size, ())


def test_samples_below_unused_bits_are_refused(tmp_path):
    """Nothing says on which side they are, and to take them as the others would be 48 dB too low."""
    _, data = in_whole_bytes(24, 4, little=True, low=True)
    error = refusal(tmp_path, data)
    assert error.reason is Reason.UNSUPPORTED_FORMAT
