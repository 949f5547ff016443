"""MP3 files of uncommon shape are read to their end."""

import struct

import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN, STRAY_BYTES
from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


def test_mp3_with_fraunhofers_count(tmp_path):
    data = sounds.encoded(tmp_path, "mp3", sounds.music(2.0), 44_100)
    (_, size), *frames = sounds.mpeg_frames(data)
    tag = data[:4] + bytes(32) + b"VBRI" + bytes(6) + struct.pack(">II", len(data), len(frames))
    identity = opened(tmp_path, tag.ljust(size, b"\0") + data[size:]).identity
    assert (identity.frames, identity.notes) == (1152 * len(frames), ())
    cut = tag.ljust(size, b"\0") + data[size : len(data) // 2]
    assert refusal(tmp_path, cut).reason is Reason.TRUNCATED


def test_an_mp3_that_trims_more_than_it_has(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "mp3", sounds.music(0.02)))
    at = data.find(b"LAME", 0, 400) + 21
    data[at : at + 3] = b"\xff" * 3
    frames = len(sounds.mpeg_frames(bytes(data))) - 1
    assert 0.5 * 1152 * frames < opened(tmp_path, bytes(data)).identity.frames <= 1152 * frames


def test_an_mp3_of_a_single_frame(tmp_path):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    (_, size), *_ = sounds.mpeg_frames(stream)
    assert opened(tmp_path, stream[:size]).identity.frames == 1152
    assert refusal(tmp_path, stream[: size - 1]).reason is Reason.TRUNCATED


def test_an_mp3_behind_an_id3_tag_with_a_footer(tmp_path):
    size = b"\0\0\0\x0a"
    tag = b"ID3\x04\0\x10" + size + bytes(10) + b"3DI\x04\0\x10" + size
    data = sounds.encoded(tmp_path, "mp3")
    assert opened(tmp_path, tag + data).identity.frames == opened(tmp_path, data).identity.frames


@pytest.mark.parametrize("tagged", [True, False])
def test_an_mp3_that_is_followed_by_the_beginning_of_a_frame(tmp_path, tagged):
    data = sounds.encoded(tmp_path, "mp3")
    data = data if tagged else sounds.without_xing(data)
    part = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))[:200]
    assert opened(tmp_path, data + part).identity.frames == opened(tmp_path, data).identity.frames


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_zeros_in_place_of_a_frame_are_noticed_where_the_next_one_needs_it(tmp_path, rate):
    """Zeros between streams are padding: the first frame of a stream needs none before it."""
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3", sounds.music(2.0, rate), rate))
    frames = sounds.mpeg_frames(stream)
    at, size = frames[len(frames) // 2]
    assert refusal(tmp_path, stream[:at] + bytes(size) + stream[at + size :]).reason is Reason.DECODE_ERROR
    joined = opened(tmp_path, stream + bytes(5000) + stream).identity
    assert joined.frames == 2 * opened(tmp_path, stream).identity.frames


def test_a_first_frame_behind_a_byte_like_the_start_of_a_header(tmp_path):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3", sounds.music(1.0), 8000))
    assert stream[:2] == b"\xff\xe3"  # so 255 before it looks like a header, too
    frames = opened(tmp_path, stream).identity.frames
    assert opened(tmp_path, b"stray\xff" + stream).identity.frames == frames


@pytest.mark.parametrize("size", [3000, 3 << 20])
def test_frames_behind_any_number_of_bytes_that_are_none_are_missed(tmp_path, size):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    assert refusal(tmp_path, stream + sounds.junk(size) + stream).reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("size", [3, 3000, 3 << 20])
def test_bytes_after_the_last_frame_are_noted(tmp_path, size):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    frames = opened(tmp_path, stream).identity.frames
    identity = opened(tmp_path, stream + b"\1" + sounds.junk(size)).identity
    assert (identity.frames, identity.notes) == (frames, (STRAY_BYTES, LENGTH_UNKNOWN))
    for tag in (sounds.ID3V1, sounds.ape_tag(), bytes(size)):
        assert opened(tmp_path, stream + tag).identity.notes == (LENGTH_UNKNOWN,)


def test_what_looks_like_a_few_frames_in_a_file_of_another_kind_is_no_mp3(tmp_path):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    (at, size), *_ = sounds.mpeg_frames(stream)[5:]
    few = stream[: at + size]
    assert refusal(tmp_path, b"STRM" + few + sounds.junk(50_000)).reason is Reason.UNSUPPORTED_FORMAT
    for after in (b"", sounds.ID3V1, stream[at + size :][:100]):
        assert opened(tmp_path, b"STRM" + few + after).identity.frames == 6 * 1152
