"""Chunks that have nothing to do with the audio change nothing, whatever they hold and wherever they stand."""

import struct

import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, STRAY_BYTES
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

FRAMES = 4410
SAMPLES = sounds.music(0.1)
LITTLE = sounds.pcm16(SAMPLES)
BIG = b"".join(LITTLE[i + 1 : i + 2] + LITTLE[i : i + 1] for i in range(0, len(LITTLE), 2))
NAMES = {
    "wav": [
        b"LIST",
        b"fact",
        b"smpl",
        b"acid",
        b"PEAK",
        b"cue ",
        b"bext",
        b"id3 ",
        b"abcd",
        b"\xa9xyz",
        bytes(4),
    ],
    "aiff": [
        b"MARK",
        b"INST",
        b"APPL",
        b"COMT",
        b"CHAN",
        b"basc",
        b"PEAK",
        b"ID3 ",
        b"abcd",
        b"(c) ",
        bytes(4),
    ],
    "caf": [b"info", b"peak", b"pakt", b"kuki", b"chan", b"free", b"mark", b"abcd", bytes(4)],
}
"""Some that libsndfile reads, in some of which it lost its way, and some that nobody knows."""
BODIES = [b"", b"\x01", bytes(12), b"\xff" * 21, bytes(range(40))]


def put(kind, before=b"", after=b"", **sizes):
    """A file of 16-bit stereo with bytes before and after the chunk with the audio; ``size`` is what that says."""
    if kind == "wav":
        return sounds.wav(LITTLE, before=before, after=after, data_size=sizes.get("size"))
    size = sizes.get("size", len(BIG))
    if kind == "aiff":
        rate = b"\x40\x0e\xac\x44" + bytes(6)
        common = chunk(kind, b"COMM", struct.pack(">hIh", 2, FRAMES, 16) + rate)
        body = b"AIFF" + common + before + b"SSND" + struct.pack(">III", 8 + size, 0, 0) + BIG + after
        return b"FORM" + struct.pack(">I", len(body)) + body
    description = struct.pack(">d4sIIIII", 44_100.0, b"lpcm", 0, 4, 1, 2, 16)
    head = b"caff\0\1\0\0" + chunk(kind, b"desc", description) + before
    return head + b"data" + struct.pack(">QI", 4 + size, 0) + BIG + after


def chunk(kind, name, body, *, pad=True):
    form = {"wav": "<I", "aiff": ">I", "caf": ">Q"}[kind]
    fill = b"\0" * (len(body) % 2) if pad and kind != "caf" else b""
    return name + struct.pack(form, len(body)) + body + fill


def identity_of(tmp_path, data):
    (tmp_path / "file.bin").write_bytes(data)
    return open_segment(str(tmp_path / "file.bin")).identity


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("place", ["before", "after", "both"])
def test_other_chunks_make_no_difference(tmp_path, kind, place):
    plain = identity_of(tmp_path, put(kind))
    for name in NAMES[kind]:
        for body in BODIES:
            other = chunk(kind, name, body)
            where = {side: other for side in ("before", "after") if place in (side, "both")}
            found = identity_of(tmp_path, put(kind, **where))
            told = found.frames, found.audio_hash, set(found.notes) - {"embedded:unreadable"}
            assert told == (FRAMES, plain.audio_hash, set()), (name, body)


@pytest.mark.parametrize("kind", ["wav", "aiff"])
@pytest.mark.parametrize("name", [b"LIST", b"NAME", b"abcd"])
def test_a_pad_byte_that_is_missing_before_the_audio(tmp_path, kind, name):
    data = put(kind, before=chunk(kind, name, b"odd", pad=False))
    assert identity_of(tmp_path, data).frames == FRAMES


@pytest.mark.parametrize("size", [0, len(BIG) // 2 // 48 * 48, (1 << 64) - 5])
def test_chunks_after_audio_of_unknown_length_in_caf(tmp_path, size):
    data = put("caf", after=chunk("caf", b"info", b"\0\0\0\1a\0b\0"), size=size)
    assert identity_of(tmp_path, data).frames == FRAMES


@pytest.mark.parametrize("kind", ["wav", "caf"])
def test_a_few_bytes_that_are_not_counted_are_not_read_and_told(tmp_path, kind):
    found = identity_of(tmp_path, put(kind, size=len(BIG) - 32))
    assert (found.frames, found.notes) == (FRAMES - 8, (STRAY_BYTES,))


@pytest.mark.parametrize("after", [b"", chunk("aiff", b"ANNO", b"note")])
@pytest.mark.parametrize("lacking", [1, 8, 32, 400])
def test_an_aiff_is_read_as_far_as_it_counts_its_samples(tmp_path, after, lacking):
    found = identity_of(tmp_path, put("aiff", size=len(BIG) - lacking, after=after))
    assert (found.frames, found.notes) == (FRAMES, (LENGTH_CORRECTED,))


def test_the_size_of_an_rf64_whose_own_is_not_used(tmp_path):
    data = sounds.rf64(LITTLE)
    at, size = data.index(b"ds64") + 16, len(LITTLE)
    data = data[:at] + bytes(8) + data[at + 8 :]
    data = data.replace(b"data\xff\xff\xff\xff", b"data" + struct.pack("<I", size))
    assert identity_of(tmp_path, data).frames == FRAMES
