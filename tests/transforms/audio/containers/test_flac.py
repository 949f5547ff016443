"""FLAC files of any depth are read, and their MD5 and their length are held against their samples."""

import hashlib

import numpy as np
import pytest

from beamprint.transforms.audio.containers import flac
from beamprint.transforms.audio.containers.flac_frames import crc16, samples_of_frame
from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.errors import BadAudio, Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


@pytest.mark.parametrize("bits", [4, 12, 20, 32])
def test_a_flac_of_a_depth_that_takes_ffmpeg(tmp_path, bits):
    codes = np.round(sounds.music(0.5) * 2.0 ** (bits - 1) * 0.9).astype(np.int64)
    found = opened(tmp_path, sounds.plain_flac(codes, bits))
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0 ** (bits - 1)).astype(np.float32))
    assert (found.identity.codec, found.identity.bit_depth) == ("flac", bits)
    little = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    assert found.identity.audio_hash == f"pcm:{hashlib.md5(little.tobytes()).hexdigest()}"


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24, 32])
@pytest.mark.parametrize("borders", [(), (11_000,)])
def test_the_md5_of_a_flac_of_any_depth_is_compared(tmp_path, bits, borders):
    codes = np.round(sounds.music(0.5) * 2.0 ** (bits - 1) * 0.9).astype(np.int64)
    little = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    md5 = hashlib.md5(little.tobytes()).digest()
    data = sounds.plain_flac(codes, bits)
    how = {"borders": borders, "frames": len(codes), "block": 1024} if borders else {}
    declared = opened(tmp_path, data[:26] + md5 + data[42:], **how)
    assert declared.identity.audio_hash == f"pcm:{md5.hex()}"
    if bits not in (8, 16, 24) or not borders:  # libsndfile's samples are compared if all are read
        wrong = data[:26] + bytes([md5[0] ^ 1]) + md5[1:] + data[42:]
        assert refusal(tmp_path, wrong, **how).reason is Reason.CHECKSUM_MISMATCH


def test_a_flac_of_20_bits_that_is_damaged_or_not_alone(tmp_path):
    codes = np.round(sounds.music(0.5) * 2.0**19 * 0.9).astype(np.int64)
    data = sounds.plain_flac(codes, 20)
    assert opened(tmp_path, data + sounds.ID3V1).identity.frames == len(codes)
    assert refusal(tmp_path, data[: len(data) // 2]).reason is Reason.TRUNCATED
    assert refusal(tmp_path, data + data).reason is Reason.UNSUPPORTED_FORMAT
    bent = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :]
    assert refusal(tmp_path, bent).reason in (Reason.DECODE_ERROR, Reason.CHECKSUM_MISMATCH)


def test_a_flac_whose_samples_are_not_those_that_were_encoded(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[26] ^= 1  # the MD5 in the stream information; every frame's own checksum is right
    assert refusal(tmp_path, bytes(data)).reason is Reason.CHECKSUM_MISMATCH
    data[26:42] = bytes(16)
    assert opened(tmp_path, bytes(data)).identity.notes == ()


def test_a_flac_cannot_claim_more_than_its_bytes_can_hold(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(BadAudio, match="bytes can hold"):
        plan_track(str(tmp_path / "a.flac"))


def test_a_header_that_declares_no_length_and_no_frames_is_empty(tmp_path):
    """As FFmpeg writes where there is nothing to encode."""
    codes = np.zeros((0, 2), np.int64)
    assert refusal(tmp_path, sounds.plain_flac(codes, 16)).reason is Reason.EMPTY


def without_md5(data):
    return data[:26] + bytes(16) + data[42:]


def frames_of(data):
    """The stream up to its frames, and these; a header starts with the same four bytes but for the block size."""
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xf8"]
    starts = [at for at in starts if samples_of_frame(data[at : at + 16], 4096) is not None]
    return data[: starts[0]], [data[start:stop] for start, stop in zip(starts, [*starts[1:], len(data)])]


@pytest.mark.parametrize("change", ["lost", "two lost", "repeated", "swapped", "first lost"])
@pytest.mark.parametrize("is_long", [False, True])
def test_frames_that_do_not_follow_each_other(tmp_path, monkeypatch, change, is_long):
    """libFLAC puts silence where they are missing; of a long track, which is cut, no MD5 is compared."""
    data = sounds.encoded(tmp_path, "flac")
    if is_long:
        monkeypatch.setattr(flac, "_SURELY_IN_ONE_PIECE", 1000)
    else:
        data = without_md5(data)
    head, frames = frames_of(data)
    assert opened(tmp_path, head + b"".join(frames)).identity.notes == ()
    changed = {
        "lost": frames[:9] + frames[10:],
        "two lost": frames[:9] + frames[11:],
        "repeated": frames[:9] + frames[8:],
        "swapped": [*frames[:9], frames[10], frames[9], *frames[11:]],
        "first lost": frames[1:],
    }[change]
    assert refusal(tmp_path, head + b"".join(changed)).reason is Reason.CHECKSUM_MISMATCH


def test_frames_with_what_looks_like_one_among_their_samples(tmp_path):
    """Audio that holds whole frames, copied from another place of the stream, is no repetition."""
    codes = np.round(sounds.music(1.0) * 32767).astype(np.int64)
    _, frames = frames_of(sounds.plain_flac(codes, 16))
    hidden = np.frombuffer((frames[0][:20] * 200)[: 2 * 4096], ">i2").astype(np.int64)
    for block in (1, 3, 5):
        codes[block * 4096 : block * 4096 + len(hidden), 0] = hidden
    found = opened(tmp_path, sounds.plain_flac(codes, 16))
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0**15).astype(np.float32))


@pytest.mark.parametrize("checksum", [0xFFF8, 0xFFF9])
def test_a_frame_whose_checksum_looks_like_the_start_of_the_next(tmp_path, checksum):
    codes = np.round(sounds.music(1.0)[:, :1] * 32767).astype(np.int64)
    _, frames = frames_of(sounds.plain_flac(codes, 16))
    last = next(code for code in range(1 << 16) if crc16(code.to_bytes(2, "big")) == checksum)
    codes[4 * 4096 - 1] = np.uint16(last ^ crc16(frames[3][:-4])).astype(np.int16)
    data = sounds.plain_flac(codes, 16)
    assert checksum.to_bytes(2, "big") + frames[4][:8] in data
    found = opened(tmp_path, data)
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0**15).astype(np.float32))
