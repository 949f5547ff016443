"""Files that FFmpeg decodes and that are cut, damaged or joined, or claim too much: a reason, or every sample."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.transforms.audio.containers.contents import TRUNCATED
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.formats import opened, reason_of

DAMAGE = {Reason.TRUNCATED, Reason.DECODE_ERROR, Reason.CHECKSUM_MISMATCH}


@pytest.mark.parametrize("kind", packets.ALL)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_a_file_is_never_a_record(made, scratch, kind, share):
    data = made[kind]
    if kind == "ape" and share > 0.9:
        share = 0.95  # it has 170 bytes
    reason = reason_of(scratch, data[: int(len(data) * share)])
    assert reason in (DAMAGE if kind == "ape" else {Reason.TRUNCATED})


@pytest.mark.parametrize("kind", packets.ALL)
@settings(max_examples=6, deadline=None)
@given(share=st.floats(0, 0.998))
def test_a_cut_anywhere_is_never_a_record(made, scratch, kind, share):
    data = made[kind]
    length = int(len(data) * share)
    reason = reason_of(scratch, data[:length])
    assert reason in DAMAGE or (length < 1000 and reason in {Reason.UNSUPPORTED_FORMAT, Reason.EMPTY})


@pytest.mark.parametrize("kind", ["faststart", "adts", "wma2", "wavpack", "tta", "dsf", "dff", "mka-aac"])
def test_the_audio_of_a_truncated_file_is_measured_on_demand(made, scratch, kind):
    whole = opened(scratch, made[kind]).segment.pcm
    part = opened(scratch, made[kind][: len(made[kind]) * 6 // 10], limits=Limits(accept_truncated=True))
    assert TRUNCATED in part.identity.notes
    length = part.segment.pcm.shape[1]
    assert 0.45 * whole.shape[1] < length < 0.7 * whole.shape[1]
    assert np.array_equal(part.segment.pcm[:, : length - 4096], whole[:, : length - 4096])


@pytest.mark.parametrize("kind", ["wavpack", "tta"])
def test_one_changed_bit_is_noticed_where_there_are_checksums(made, scratch, kind):
    data = bytearray(made[kind])
    data[len(data) // 2] ^= 1
    assert reason_of(scratch, bytes(data)) in DAMAGE


def test_samples_missing_from_a_damaged_ape_frame_are_noticed(made, scratch):
    data = bytearray(made["ape"])
    data[-12] ^= 1  # the checksum of the last frame
    assert reason_of(scratch, bytes(data)) is Reason.DECODE_ERROR


@pytest.mark.parametrize("kind", packets.ALL)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_changed_bytes_give_a_record_or_a_reason(made, scratch, kind, data):
    content = bytearray(made[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        reach = data.draw(st.sampled_from([64, 1024, len(content)]))
        at = data.draw(st.integers(0, min(reach, len(content)) - 1))
        content[at : at + 4] = data.draw(
            st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x01"])
        )
    scratch.write_bytes(content)
    with suppress(BadAudio):
        open_segment(str(scratch))


@pytest.mark.parametrize("kind", packets.ALL)
def test_tags_and_zeros_around_a_file_change_nothing(made, scratch, kind):
    whole = opened(scratch, made[kind]).identity
    for data in (
        sounds.id3() + made[kind],
        made[kind] + sounds.ID3V1,
        made[kind] + sounds.ape_tag(),
        made[kind] + bytes(5000),
    ):
        found = opened(scratch, data).identity
        assert (found.frames, found.audio_hash, found.notes) == (whole.frames, whole.audio_hash, whole.notes)


@pytest.mark.parametrize("kind", packets.ALL)
def test_the_second_of_two_files_in_one_is_never_lost_silently(made, scratch, kind):
    if kind == "adts":
        assert (
            opened(scratch, made[kind] * 2).identity.frames == 2 * opened(scratch, made[kind]).identity.frames
        )
    else:
        assert reason_of(scratch, made[kind] * 2) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("kind", packets.ALL)
def test_lost_or_inserted_bytes_are_noticed(made, scratch, kind):
    data, middle = made[kind], len(made[kind]) // 2
    lost = min(3000, middle // 2)
    assert reason_of(scratch, data[:middle] + data[middle + lost :]) in DAMAGE
    assert reason_of(scratch, data[:middle] + sounds.junk(5000) + data[middle:]) in DAMAGE


def with_number(data, after, offset, form, value):
    """The file with another number ``offset`` bytes after the last place where some bytes stand."""
    at = data.rindex(after) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


CLAIMS = {
    "2^31 packets": ("m4a", b"stsz", 12, ">I", 1 << 31),
    "2^32 packets of a byte": ("m4a", b"stsz", 8, ">Q", 1 << 32 | 0xFFFFFFFF),
    "2^31 places": ("m4a", b"stco", 8, ">I", 1 << 31),
    "2^31 runs of times": ("m4a", b"stts", 8, ">I", 1 << 31),
    "no ticks a second": ("m4a", b"mdhd", 16, ">I", 0),
    "the largest box": ("m4a", b"moov", -4, ">I", 0xFFFFFFFF),
    "2^62 bytes of clusters": ("mka-aac", b"\x18\x53\x80\x67", 4, ">Q", 1 << 56 | 1 << 55),
    "2^31 data packets": ("wma2", bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"), 24 + 32, "<Q", 1 << 31),
    "2^32 samples of TTA": ("tta", b"TTA1", 14, "<I", 0xFFFFFFFF),
    "rate 2^32 of TTA": ("tta", b"TTA1", 10, "<I", 0xFFFFFFFF),
    "2^31 frames of APE": ("ape", b"MAC ", 64, "<I", 1 << 31),
    "2^63 samples of DSD": ("dsf", b"fmt ", 36, "<Q", 1 << 63),
    "2^31 channels of DSD": ("dsf", b"fmt ", 24, "<I", 1 << 31),
    "2^63 bytes of DSD": ("dff", b"DSD ", 4, ">Q", 1 << 63),
    "2^60 samples in CAF": ("caf-aac", b"pakt", 20, ">Q", 1 << 60),
    "2^60 packets in CAF": ("caf-aac", b"pakt", 12, ">Q", 1 << 60),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_absurd_claim_is_refused_before_it_costs_anything(made, scratch, claim):
    kind, *change = CLAIMS[claim]
    assert reason_of(scratch, with_number(made[kind], *change)) in DAMAGE | {
        Reason.TOO_LARGE,
        Reason.UNSUPPORTED_FORMAT,
    }


def test_encrypted_audio_is_unsupported_and_not_damaged(made, scratch):
    data = made["m4a"]
    at = data.rindex(b"mp4a", 0, data.rindex(b"esds"))
    assert reason_of(scratch, data[:at] + b"drms" + data[at + 4 :]) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("between", [sounds.ID3V1, sounds.id3(), bytes(2000), sounds.ID3V1 + sounds.id3()])
def test_tags_between_joined_adts_files_change_nothing(made, scratch, between):
    joined, tagged = (opened(scratch, made["adts"] + lies + made["adts"]) for lies in (b"", between))
    assert np.array_equal(tagged.segment.pcm, joined.segment.pcm)
    assert tagged.identity.audio_hash == joined.identity.audio_hash


@pytest.mark.parametrize("junk", [b"\x11", sounds.junk(700), sounds.id3() + b"\xff\xf1"])
def test_stray_bytes_before_the_first_adts_frame_are_passed_over(made, scratch, junk):
    plain = opened(scratch, made["adts"])
    assert np.array_equal(opened(scratch, junk + made["adts"]).segment.pcm, plain.segment.pcm)
    middle = opened(scratch, made["adts"][200:]).identity
    assert 0 < plain.identity.frames - middle.frames <= 2048


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", bytes(512), b"\n\n"])
@pytest.mark.parametrize("name", ["wav", "vorbis"])
def test_what_looks_like_a_frame_in_other_audio_is_no_adts(tmp_path, scratch, before, name):
    audio = bytearray(before + sounds.encoded(tmp_path, name))
    audio[-50:-43] = b"\xff\xf1\x50\x80\x43\xdf\xfc"
    assert reason_of(scratch, bytes(audio)) is Reason.UNSUPPORTED_FORMAT


def test_a_wavpack_block_of_an_impossible_size_is_damage(made, scratch):
    data = made["wavpack"][:4] + b"\xf0\xff\xff\xff" + made["wavpack"][8:]
    assert reason_of(scratch, data) is Reason.DECODE_ERROR


@pytest.mark.parametrize("kind", ["webm-opus", "mka-aac", "mka-flac"])
@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
def test_zeros_within_matroska_hide_no_audio(made, scratch, kind, at):
    """FFmpeg goes on with the next cluster, and leaves out the rest of this one."""
    data = made[kind]
    start = int(at * len(data))
    assert reason_of(scratch, data[:start] + bytes(3000) + data[start + 3000 :]) in DAMAGE
