"""MP4 in fragments: one that is missing, moved or without its audio is told, and none that is intact is refused."""

import struct

import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN, TRUNCATED
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.limits import Limits
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.opening import opened, refusal

MUSIC = sounds.music(3.0, 44_100)
LENGTH = "frag_duration"
HOW = {
    "aac": {"movflags": "empty_moov+default_base_moof", LENGTH: "300000"},
    "first-samples-in-the-index": {"movflags": "frag_keyframe", LENGTH: "300000"},
    "dash": {"movflags": "dash", LENGTH: "300000"},
    "index-at-the-start": {"movflags": "empty_moov+dash+global_sidx", LENGTH: "300000"},
    "a-packet-each": {"movflags": "empty_moov+default_base_moof+frag_every_frame"},
    "offsets-left-out": {"movflags": "empty_moov+omit_tfhd_offset", LENGTH: "300000"},
    "late-index": {"movflags": "delay_moov+default_base_moof", LENGTH: "300000"},
}
"""Options of FFmpeg's muxer."""


def boxes(data):
    """The file's boxes, each with its name and all its bytes."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at : at + size]))
        at += size
    return found


def joined(parts):
    return b"".join(content for _, content in parts)


def fragments(parts):
    """Numbers of the boxes with which fragments start."""
    return [at for at, (name, _) in enumerate(parts) if name == b"moof"]


def written(folder, how):
    """Boxes of an AAC file in fragments."""
    return boxes(packets.encode(folder / "made.mp4", "fragmented", MUSIC, options=HOW[how]))


@pytest.fixture(scope="module", params=HOW)
def made(request, tmp_path_factory):
    return written(tmp_path_factory.mktemp("fragments"), request.param)


def test_an_intact_file_is_read_whole(tmp_path, made):
    found = opened(tmp_path, joined(made)).identity
    assert len(MUSIC) <= found.frames <= len(MUSIC) + 2048
    assert found.notes == (LENGTH_UNKNOWN,)


def test_a_fragment_that_is_missing_is_told(tmp_path, made):
    at = fragments(made)[4]
    error = refusal(tmp_path, joined(made[:at] + made[at + 2 :]))
    assert error.reason is Reason.DECODE_ERROR
    assert "missing" in error.message


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("how", ["aac", "index-at-the-start"])
def test_the_first_and_the_last_fragment_are_missed_by_an_index(tmp_path, how, number):
    made = written(tmp_path, how)
    at = fragments(made)[number]
    error = refusal(tmp_path, joined(made[:at] + made[at + 2 :]))
    assert error.reason in {Reason.DECODE_ERROR, Reason.TRUNCATED}
    assert "missing" in error.message


def test_a_cut_between_two_fragments_is_told_by_the_index_at_the_start(tmp_path):
    made = written(tmp_path, "index-at-the-start")
    error = refusal(tmp_path, joined(made[: fragments(made)[5]]))
    assert error.reason is Reason.TRUNCATED


def test_fragments_that_are_swapped_are_told(tmp_path, made):
    first, second, third = fragments(made)[4:7]
    moved = made[:first] + made[second:third] + made[first:second] + made[third:]
    assert refusal(tmp_path, joined(moved)).reason is Reason.DECODE_ERROR


def test_a_fragment_that_comes_twice_is_told(tmp_path, made):
    first, second = fragments(made)[4:6]
    assert refusal(tmp_path, joined(made[:second] + made[first:])).reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("part", [b"moof", b"mdat"])
def test_half_of_a_fragment_in_the_middle_is_told(tmp_path, made, part):
    at = fragments(made)[4] + (part == b"mdat")
    assert made[at][0] == part
    assert refusal(tmp_path, joined(made[:at] + made[at + 1 :])).reason is Reason.DECODE_ERROR


def test_audio_that_is_missing_after_the_last_tables_is_truncated(tmp_path, made):
    cut = joined(made[: fragments(made)[-1] + 1])
    assert refusal(tmp_path, cut).reason is Reason.TRUNCATED
    kept = opened(tmp_path, cut, limits=Limits(accept_truncated=True)).identity
    assert TRUNCATED in kept.notes
    assert kept.frames > len(MUSIC) / 2


def test_audio_without_tables_is_told(tmp_path, made):
    at = fragments(made)[-1]
    error = refusal(tmp_path, joined(made[:at] + made[at + 1 : at + 2]))
    assert error.reason in {Reason.DECODE_ERROR, Reason.TRUNCATED}


def test_a_recording_may_start_late(tmp_path):
    """As a stream does that was recorded from its middle on."""
    made = written(tmp_path, "aac")
    begun, *_, end = fragments(made)[2:]
    found = opened(tmp_path, joined(made[: fragments(made)[0]] + made[begun:end])).identity
    assert found.notes == (LENGTH_UNKNOWN,)


def test_without_times_the_numbers_of_fragments_tell(tmp_path, made):
    """As in the files of Smooth Streaming."""
    untimed = [(name, content.replace(b"tfdt", b"free")) for name, content in made if name != b"sidx"]
    assert opened(tmp_path, joined(untimed)).identity.notes == (LENGTH_UNKNOWN,)
    at = fragments(untimed)[4]
    starts = [part for part in untimed[:at] + untimed[at + 2 :] if part[0] != b"mfra"]
    assert refusal(tmp_path, joined(starts)).reason is Reason.DECODE_ERROR


def test_numbers_that_rise_by_two_hide_nothing(tmp_path, made):
    """As where the tracks of a file were parted."""

    def numbered(content):
        at = content.index(b"mfhd") + 8
        number = 2 * int.from_bytes(content[at : at + 4], "big")
        return content[:at] + struct.pack(">I", number) + content[at + 4 :]

    parts = [(name, numbered(content) if name == b"moof" else content) for name, content in made]
    assert opened(tmp_path, joined(parts)).identity.notes == (LENGTH_UNKNOWN,)


def test_a_piece_without_the_start_says_so(tmp_path, made):
    error = refusal(tmp_path, joined(made[fragments(made)[2] :]))
    assert error.reason is Reason.UNSUPPORTED_FORMAT
    assert "whose start" in error.message
