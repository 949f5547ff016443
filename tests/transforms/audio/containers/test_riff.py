"""WAV files of uncommon shape are read to their end, and those that cannot be read say why."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    LENGTH_UNKNOWN,
)
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.sources.source import open_source
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


def test_a_wav_beyond_4_gib_whose_size_wrapped_around(tmp_path):
    """Sparse: 4 GiB of zeros take no space, and only the header is read here."""
    pcm = sounds.pcm16(sounds.music(0.5))
    size = (1 << 32) + len(pcm)
    path = tmp_path / "large.wav"
    path.write_bytes(sounds.wav(pcm, data_size=size & 0xFFFFFFFF))
    with path.open("r+b") as file:
        file.truncate(44 + size)
    info = probe(str(path))
    assert info.frames == size // 4
    assert info.notes == (LENGTH_CORRECTED,)
    with open_source(str(path)) as source, open_decoder(source, inspect(source.data)) as decoder:
        decoder.seek(info.frames - 10)
        assert decoder.read(decoder.format.buffer(20)) == 10


def wav_of(tag, body, extra=b""):
    fmt = struct.pack("<HHIIHHH", tag, 2, 44_100, 16_000, 1, 0, len(extra)) + extra
    chunks = b"WAVE" + sounds.chunk(b"fmt ", fmt) + sounds.chunk(b"data", body)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(("tag", "kind"), [(0x55, "mp3"), (0x6771, "vorbis")])
def test_a_compressed_stream_in_a_wav(tmp_path, tag, kind):
    stream = sounds.encoded(tmp_path, kind)
    decoded = opened(tmp_path, wav_of(tag, stream))
    assert np.array_equal(decoded.segment.pcm, opened(tmp_path, stream).segment.pcm)
    assert (decoded.identity.container, decoded.identity.codec) == ("wav", kind)


def test_a_wav_of_an_unknown_coding(tmp_path):
    error = refusal(tmp_path, wav_of(0x161, sounds.junk(5000)))
    assert error.reason is Reason.UNSUPPORTED_FORMAT
    assert "cannot be decoded here" in error.message


@pytest.mark.parametrize("subtype", ["MS_ADPCM", "IMA_ADPCM", "GSM610"])
def test_codings_in_blocks_have_the_length_of_the_fact_chunk(tmp_path, subtype):
    path = sounds.write(tmp_path / "a.wav", sounds.music(1.2345, 8000, 1), 8000, subtype=subtype)
    data, true = bytearray(path.read_bytes()), round(1.2345 * 8000)
    at = data.index(b"fact") + 8
    data[at : at + 4] = true.to_bytes(4, "little")  # libsndfile writes the filled-up length of IMA ADPCM
    assert opened(tmp_path, bytes(data)).identity.frames == true


@pytest.mark.parametrize("pad", [b" ", b"\xff", b"\0", b""])
def test_a_chunk_of_odd_size_before_the_audio(tmp_path, pad):
    pcm = sounds.pcm16(sounds.music(0.5))
    odd = b"LIST" + struct.pack("<I", 17) + b"INFOISFT\x05\0\0\0abcde" + pad
    assert opened(tmp_path, sounds.wav(pcm, before=odd)).identity.frames == len(pcm) // 4


def test_audio_in_two_data_chunks_is_refused(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    error = refusal(tmp_path, sounds.wav(pcm, after=sounds.chunk(b"data", pcm)))
    assert error.reason is Reason.UNSUPPORTED_FORMAT


def test_a_format_that_comes_after_the_audio(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    data = sounds.wav(pcm)
    moved = data[:12] + data[36:] + data[12:36]
    found = opened(tmp_path, moved)
    assert np.array_equal(found.segment.pcm, opened(tmp_path, data).segment.pcm)
    assert found.identity.notes == ()
    wide = sounds.rf64(pcm)
    at = wide.index(b"fmt ")
    found = opened(tmp_path, wide[:at] + wide[at + 24 :] + wide[at : at + 24])
    assert np.array_equal(found.segment.pcm, opened(tmp_path, data).segment.pcm)
    assert refusal(tmp_path, data[:12] + data[36:]).reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_first_of_two_formats_counts(tmp_path, rate):
    pcm = sounds.pcm16(sounds.music(0.5))
    second = sounds.chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, rate, 4 * rate, 4, 16))
    found = opened(tmp_path, sounds.wav(pcm, before=second))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, sounds.wav(pcm)).segment.pcm)


def test_a_list_of_pieces_of_audio_is_unsupported(tmp_path):
    pieces = sounds.chunk(
        b"LIST", b"wavl" + sounds.chunk(b"data", bytes(400)) + sounds.chunk(b"slnt", bytes(4))
    )
    data = sounds.wav(b"")[:-8] + pieces
    assert refusal(tmp_path, data).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_chunks_after_audio_of_unknown_length_are_no_audio(tmp_path, size):
    pcm = sounds.pcm16(sounds.music(0.5))
    after = sounds.chunk(b"LIST", b"INFOINAM\2\0\0\0a\0") + sounds.chunk(b"id3 ", sounds.id3())
    identity = opened(tmp_path, sounds.wav(pcm, data_size=size, after=after)).identity
    assert (identity.frames, identity.notes) == (len(pcm) // 4, (LENGTH_UNKNOWN,))


@pytest.mark.parametrize("frames", [1, 319, 320, 4095])
def test_a_pad_byte_that_is_counted_is_no_block(tmp_path, frames):
    """GSM 6.10 in WAV has blocks of 65 bytes; writers count the pad byte of an odd number of them."""
    path = sounds.write(tmp_path / "a.wav", sounds.music(1.0, 8000, 1)[:frames], 8000, subtype="GSM610")
    data = bytearray(path.read_bytes())
    at, fact = data.index(b"data") + 4, data.index(b"fact") + 8
    data[fact : fact + 4] = frames.to_bytes(4, "little")
    size = -(-frames // 320) * 65
    data[at:] = (size + size % 2).to_bytes(4, "little") + data[at + 4 : at + 4 + size] + bytes(size % 2)
    assert opened(tmp_path, bytes(data)).identity.frames == frames


@pytest.mark.parametrize(("channels", "mask"), [(1, 0), (1, 3), (1, 1 << 31), (2, 4), (2, 0x30), (2, 0x600)])
def test_a_mask_that_does_not_fit_one_or_two_channels_is_passed_over(tmp_path, channels, mask):
    pcm = sounds.pcm16(sounds.music(0.5, channels=channels))
    found = opened(tmp_path, sounds.wavex(pcm, mask, channels))
    assert found.identity.frames == len(pcm) // 2 // channels
    assert len(found.segment.layout) == channels


@pytest.mark.parametrize("rate", [0, 0xFFFFFFFF])
def test_a_rate_that_cannot_be_is_said_in_plain_words(tmp_path, rate):
    data = bytearray(sounds.encoded(tmp_path, "wav"))
    data[24:28] = rate.to_bytes(4, "little")
    assert "sample rate" in refusal(tmp_path, bytes(data)).message


CODES = np.round(sounds.music(0.5) * (2**23 - 1)).astype("<i4")
GUID_OF_PCM = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"


def format_chunk(*, tag=1, bits=16, each=2, valid=None, late=False):
    """A ``fmt`` chunk of stereo whose samples of ``bits`` bits have ``each`` bytes."""
    body = struct.pack("<HHIIHH", tag, 2, 44_100, 44_100 * 2 * each, 2 * each, bits)
    if valid is not None:
        body += struct.pack("<HHI", 22, valid, 3) + GUID_OF_PCM
    return sounds.chunk(b"fmt ", body)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "how",
    [
        {"bits": 24},
        {"tag": 0xFFFE, "bits": 24, "valid": 24},
        {"tag": 0xFFFE, "bits": 32, "valid": 24},
        {"tag": 0xFFFE, "bits": 20, "valid": 20},
    ],
)
def test_24_bits_in_four_bytes(tmp_path, how, late):
    audio = sounds.chunk(b"data", (CODES << 8).tobytes())
    parts = [format_chunk(each=4, **how), audio]
    found = opened(tmp_path, riff(*(reversed(parts) if late else parts)))
    assert np.array_equal(found.segment.pcm.T, (CODES / 2.0**23).astype(np.float32))
    assert found.identity.notes == ()


def test_24_bits_in_four_bytes_with_the_highest_first(tmp_path):
    """In RIFX, whose numbers are all big-endian."""
    form = struct.pack(">HHIIHH", 1, 2, 44_100, 8 * 44_100, 8, 24)
    pcm = (CODES << 8).astype(">i4").tobytes()
    body = b"WAVEfmt " + struct.pack(">I", len(form)) + form + b"data" + struct.pack(">I", len(pcm)) + pcm
    found = opened(tmp_path, b"RIFX" + struct.pack(">I", len(body)) + body)
    assert np.array_equal(found.segment.pcm.T, (CODES / 2.0**23).astype(np.float32))
    assert found.identity.notes == ()


@pytest.mark.parametrize(("bits", "each"), [(16, 4), (8, 2), (16, 3)])
def test_a_header_whose_bits_and_bytes_contradict_each_other(tmp_path, bits, each):
    data = riff(format_chunk(bits=bits, each=each), sounds.chunk(b"data", bytes(each * 2000)))
    assert refusal(tmp_path, data).reason is Reason.DECODE_ERROR


def test_a_size_of_blocks_that_is_wrong_alone_makes_no_difference(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    plain = sounds.wav(pcm)
    for block in (0, 1, 2, 8):
        data = plain[:32] + struct.pack("<H", block) + plain[34:]
        assert np.array_equal(opened(tmp_path, data).segment.pcm, opened(tmp_path, plain).segment.pcm), block


def test_float_samples_of_16_bits_are_unsupported(tmp_path):
    samples = sounds.music(0.5).astype("<f2").tobytes()
    data = riff(format_chunk(tag=3), sounds.chunk(b"data", samples))
    assert refusal(tmp_path, data).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("between", [b"", sounds.chunk(b"LIST", b"INFO")])
def test_an_empty_data_chunk_before_the_audio_is_passed_over(tmp_path, between):
    pcm = sounds.pcm16(sounds.music(0.5))
    whole = opened(tmp_path, sounds.wav(pcm)).segment.pcm
    found = opened(tmp_path, sounds.wav(b"", after=between + sounds.chunk(b"data", pcm)))
    assert np.array_equal(found.segment.pcm, whole)
    assert found.identity.notes == ()


def test_pieces_of_audio_after_the_audio_are_refused(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    pieces = sounds.chunk(b"LIST", b"wavl" + sounds.chunk(b"data", pcm))
    assert refusal(tmp_path, sounds.wav(pcm, after=pieces)).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("more", [4, 8, 36, 44])
def test_a_size_that_counts_the_header_as_well(tmp_path, more):
    """The size of the whole, which is right, shows that nothing is missing."""
    pcm = sounds.pcm16(sounds.music(0.5))
    identity = opened(tmp_path, sounds.wav(pcm, data_size=len(pcm) + more)).identity
    assert (identity.frames, identity.notes) == (len(pcm) // 4, (LENGTH_CORRECTED,))
    cut = sounds.wav(pcm)[: -more - 4]
    assert refusal(tmp_path, cut).reason is Reason.TRUNCATED


def test_sizes_that_are_both_too_large_by_the_header(tmp_path):
    """As a recorder for phones wrote them: the audio is said to be as long as the file."""
    pcm = sounds.pcm16(sounds.music(0.5))
    data = sounds.wav(pcm, data_size=len(pcm) + 44, riff_size=len(pcm) + 80)
    identity = opened(tmp_path, data).identity
    assert (identity.frames, identity.notes) == (len(pcm) // 4, (LENGTH_CORRECTED,))


@pytest.mark.parametrize("length", [16, 24])
@pytest.mark.parametrize("size", [None, 0, 4000])
def test_an_rf64_whose_sizes_are_incomplete(tmp_path, length, size):
    pcm = sounds.pcm16(sounds.music(0.5))
    data = sounds.rf64(pcm, data_size=size)
    at = data.index(b"ds64")
    short = data[:at] + sounds.chunk(b"ds64", data[at + 8 : at + 8 + length]) + data[at + 36 :]
    assert opened(tmp_path, short).identity.frames == len(pcm) // 4


@pytest.mark.parametrize("after", [b"", sounds.chunk(b"LIST", b"INFO")])
@pytest.mark.parametrize("lacking", [1, 2, 3])
def test_a_size_that_lacks_part_of_the_last_frame(tmp_path, after, lacking):
    pcm = sounds.pcm16(sounds.music(0.5))[:-1] + b"\x11"
    data = sounds.wav(pcm, data_size=len(pcm) - lacking, after=after)
    identity = opened(tmp_path, data).identity
    assert (identity.frames, identity.notes) == (len(pcm) // 4, (LENGTH_CORRECTED,))
