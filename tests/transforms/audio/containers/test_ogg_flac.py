"""FLAC in Ogg gives the samples that plain FLAC gives, and tells what is missing or wrong."""

import hashlib
import struct
from functools import cache

import numpy as np
import pytest

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, LENGTH_UNKNOWN, TRUNCATED
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.sources.source import OpenSource, Stat
from beamprint.transforms.audio.sources.views import Literal
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

CODES = np.round(sounds.music(0.5) * 2.0**15 * 0.9).astype(np.int64)
FRAMES = len(CODES)
DATA = sounds.ogg_flac(CODES)
PAGES = sounds.ogg_pages(DATA)


def opened(tmp_path, data, **options):
    (tmp_path / "file.oga").write_bytes(data)
    return open_segment(str(tmp_path / "file.oga"), **options)


def codes_of(bits):
    """The music as codes of so many bits."""
    return CODES << (bits - 16) if bits > 16 else CODES >> (16 - bits)


@cache
def stream_of(bits, times=1):
    """The music in Ogg, so many times."""
    return sounds.ogg_flac(np.tile(codes_of(bits), (times, 1)), bits)


def refusal(tmp_path, data):
    with pytest.raises(BadAudio) as caught:
        opened(tmp_path, data)
    return caught.value


@pytest.mark.parametrize("bits", [12, 16, 20, 24, 32])
def test_it_is_the_flac_that_it_holds(tmp_path, bits):
    codes = codes_of(bits)
    found = opened(tmp_path, stream_of(bits))
    plain = opened(tmp_path, sounds.plain_flac(codes, bits))
    assert np.array_equal(found.segment.pcm, plain.segment.pcm)
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0 ** (bits - 1)).astype(np.float32))
    identity = found.identity
    assert (identity.container, identity.codec, identity.bit_depth) == ("ogg", "flac", bits)
    assert (identity.audio_hash, identity.notes) == (plain.identity.audio_hash, ())


def test_segments_are_parts_of_the_whole(tmp_path):
    whole = opened(tmp_path, DATA).segment
    for index in (0, 1):
        part = opened(tmp_path, DATA, index=index, borders=(FRAMES // 2,), frames=FRAMES, block=1024).segment
        assert np.array_equal(part.pcm, whole.pcm[:, part.start : part.start + part.pcm.shape[1]])


@pytest.mark.parametrize(("total", "notes"), [(0, ()), (FRAMES // 2, (LENGTH_CORRECTED,))])
def test_the_pages_say_how_long_it_is(tmp_path, total, notes):
    identity = opened(tmp_path, sounds.ogg_flac(CODES, total=total)).identity
    assert (identity.frames, identity.notes) == (FRAMES, notes)


@pytest.mark.parametrize("between", [b"", sounds.ID3V1 + sounds.id3()])
def test_joined_streams_are_read_to_their_end(tmp_path, between):
    mono = sounds.ogg_flac(CODES[:, :1], serial=b"mono")
    assert opened(tmp_path, DATA + between + DATA).identity.frames == 2 * FRAMES
    assert opened(tmp_path, DATA + between + mono).identity.frames == 2 * FRAMES


def test_without_the_flag_of_the_end_it_is_read_and_noted(tmp_path):
    *pages, last = PAGES
    identity = opened(tmp_path, b"".join([*pages, sounds.sealed(last[:5] + b"\0" + last[6:])])).identity
    assert (identity.frames, identity.notes) == (FRAMES, (LENGTH_UNKNOWN,))


@pytest.mark.parametrize("data", [b"".join(PAGES[:-1]), DATA[:-500]])
def test_what_is_cut_is_refused_or_accepted(tmp_path, data):
    error = refusal(tmp_path, data)
    left = 4096 * (FRAMES // 4096)
    assert error.reason is Reason.TRUNCATED
    assert error.missing_s == pytest.approx((FRAMES - left) / 44_100)
    found = opened(tmp_path, data, limits=Limits(accept_truncated=True))
    assert found.identity.notes[0] == TRUNCATED
    assert np.array_equal(found.segment.pcm, opened(tmp_path, DATA).segment.pcm[:, :left])


def test_damage_is_told(tmp_path):
    middle = len(DATA) // 2
    bent = DATA[:middle] + bytes([DATA[middle] ^ 1]) + DATA[middle + 1 :]
    assert refusal(tmp_path, bent).reason is Reason.CHECKSUM_MISMATCH
    assert refusal(tmp_path, b"".join(PAGES[:3] + PAGES[4:])).reason is Reason.CHECKSUM_MISMATCH


def test_it_cannot_claim_more_than_its_pages_hold(tmp_path):
    assert refusal(tmp_path, sounds.ogg_flac(CODES, total=(1 << 36) - 1)).reason is Reason.TRUNCATED


@pytest.mark.parametrize("position", [-5, 1 << 36, (1 << 62) + 7])
def test_a_last_position_that_cannot_be(tmp_path, position):
    last = sounds.sealed(PAGES[-1][:6] + position.to_bytes(8, "little", signed=True) + PAGES[-1][14:])
    assert refusal(tmp_path, b"".join(PAGES[:-1]) + last).reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("bits", [12, 20])
def test_joined_streams_of_depths_that_libsndfile_does_not_know_are_unsupported(tmp_path, bits):
    data = sounds.ogg_flac(CODES >> 4, bits)
    error = refusal(tmp_path, data + data)
    assert (error.reason, "cannot be decoded here" in error.message) == (Reason.UNSUPPORTED_FORMAT, True)


@pytest.mark.parametrize("bits", [12, 16, 20, 24, 32])
def test_samples_that_are_not_those_that_were_encoded_are_told(tmp_path, bits):
    codes = codes_of(bits)
    little = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    md5 = hashlib.md5(little.tobytes()).digest()
    first, *others = sounds.ogg_pages(stream_of(bits))
    for declared, wrong in ((md5, False), (bytes([md5[0] ^ 1]) + md5[1:], True)):
        data = sounds.sealed(first[:-16] + declared) + b"".join(others)
        if wrong:
            assert refusal(tmp_path, data).reason is Reason.CHECKSUM_MISMATCH
        else:
            assert opened(tmp_path, data).identity.audio_hash == f"pcm:{md5.hex()}"


def test_beside_vorbis_it_is_unsupported(tmp_path):
    vorbis = sounds.encoded(tmp_path, "vorbis")
    assert refusal(tmp_path, DATA + vorbis).reason is Reason.UNSUPPORTED_FORMAT


def with_metadata(data, packet):
    """The file with another packet in place of its tags, on as many pages as that takes."""
    first, _, *audio = sounds.ogg_pages(data)
    pieces = [packet[at : at + 65_025] for at in range(0, len(packet), 65_025)]
    pages = [first]
    for number, piece in enumerate(pieces):
        lacing = b"\xff" * (len(piece) // 255) + bytes([len(piece) % 255] * (piece is pieces[-1]))
        position = 0 if piece is pieces[-1] else -1
        head = b"OggS\0" + struct.pack("<Bq4sI4xB", number > 0, position, b"flac", 0, len(lacing))
        pages.append(head + lacing + piece)
    numbered = enumerate([*pages, *audio])
    return b"".join(sounds.sealed(p[:18] + struct.pack("<I", number) + p[22:]) for number, p in numbered)


@pytest.mark.parametrize("body", [b"", sounds.junk(500), struct.pack("<I", 0x7FFFFFFF) + bytes(30)])
@pytest.mark.parametrize("kind", [3, 4, 5, 6])
def test_metadata_that_contradicts_itself_takes_nothing_from_the_audio(tmp_path, kind, body):
    found = opened(tmp_path, with_metadata(DATA, bytes([0x80 | kind]) + len(body).to_bytes(3, "big") + body))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, DATA).segment.pcm)


@pytest.mark.parametrize("bits", [12, 16, 24, 32])
@pytest.mark.parametrize("size", [0, 100_000, 2_000_000])
def test_one_in_a_store_with_a_picture_is_planned_from_its_start_and_its_end(tmp_path, bits, size):
    picture = (
        b"\x86" + (32 + size).to_bytes(3, "big") + bytes(28) + size.to_bytes(4, "big") + sounds.junk(size)
    )
    data = with_metadata(stream_of(bits, 4), picture)
    assert opened(tmp_path, data).identity.frames == 4 * FRAMES
    source = OpenSource("gs://a/b.oga", Stat(len(data), "1"), Literal(data))
    with open_decoder(source, inspect(source.data, whole=False)) as decoder:
        assert (decoder.frames, decoder.format.bit_depth) == (4 * FRAMES, bits)


def test_one_in_a_store_is_planned_from_its_start_and_its_end():
    source = OpenSource("gs://a/b.oga", Stat(len(DATA), "1"), Literal(DATA))
    with open_decoder(source, inspect(source.data, whole=False)) as decoder:
        assert (decoder.frames, decoder.frames_exact) == (FRAMES, True)
