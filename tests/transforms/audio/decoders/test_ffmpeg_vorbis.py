"""Ogg Vorbis by FFmpeg: the samples of libsndfile, whole and from any place on, or else libsndfile itself."""

import struct

import numpy as np
import pytest
import soundfile

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

BY_FFMPEG = Limits(decoder="ffmpeg")
ROUNDING = 2e-6
RATE = 44_100


def both(tmp_path, data):
    path = tmp_path / "a.ogg"
    path.write_bytes(data)
    return open_segment(str(path)), open_segment(str(path), limits=BY_FFMPEG)


def is_by_ffmpeg(opened):
    return "libavcodec" in opened.identity.decoder_version


def strokes(seconds, rate=RATE, channels=2):
    """Silence with sudden noise, so that long and short blocks follow each other."""
    samples = 0.05 * sounds.music(seconds, rate, channels)
    for start in np.random.default_rng(3).integers(0, len(samples) - 900, int(6 * seconds)):
        samples[start : start + 800] += 0.4 * np.random.default_rng(start).uniform(-1, 1, (800, channels))
    return samples


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_the_samples_are_those_of_libsndfile(tmp_path, rate, channels):
    data = sounds.encoded(tmp_path, "vorbis", strokes(3.0, rate, channels), rate)
    default, faster = both(tmp_path, data)
    assert is_by_ffmpeg(faster)
    assert not is_by_ffmpeg(default)
    assert faster.segment.pcm.shape == default.segment.pcm.shape
    assert np.abs(faster.segment.pcm - default.segment.pcm).max() < ROUNDING
    assert faster.identity.audio_hash == default.identity.audio_hash
    assert faster.identity.notes == default.identity.notes


def test_segments_are_cut_from_the_whole(tmp_path):
    data = sounds.encoded(tmp_path, "vorbis", strokes(30.0))
    _, whole = both(tmp_path, data)
    total = whole.identity.frames
    for border in range(total // 9, total, total // 9):
        cut = {"borders": (border,), "frames": total, "block": 1024, "limits": BY_FFMPEG}
        part = open_segment(str(tmp_path / "a.ogg"), index=1, **cut)
        pcm, start = part.segment.pcm, part.segment.start
        difference = np.abs(pcm - whole.segment.pcm[:, start : start + pcm.shape[1]]).max()
        assert difference == 0 if is_by_ffmpeg(part) else difference < ROUNDING


def with_positions(data, change):
    """The file with other positions on the pages after the headers."""

    def changed(page):
        (position,) = struct.unpack("<q", page[6:14])
        if position <= 0:
            return page
        return sounds.sealed(page[:6] + struct.pack("<q", change(position)) + page[14:])

    return b"".join(map(changed, sounds.ogg_pages(data)))


def falling():
    """The fourth position is the first again."""
    seen = []

    def change(position):
        seen.append(position)
        return seen[0] if len(seen) == 4 else position

    return change


@pytest.mark.parametrize(
    "alter",
    [
        lambda data: data + data,
        lambda data: sounds.id3() + data,
        lambda data: with_positions(data, falling()),
        lambda data: with_positions(data, lambda position: position + 100_000),
        lambda data: with_positions(data, lambda position: max(1, position - 5_000)),
        lambda data: b"".join(sounds.ogg_pages(data)[:-1]),
    ],
    ids=["joined", "tagged", "falling", "late", "early", "no end"],
)
def test_files_that_ffmpeg_would_place_elsewhere_are_left_to_libsndfile(tmp_path, alter):
    data = alter(sounds.encoded(tmp_path, "vorbis", strokes(4.0)))
    default, preferred = both(tmp_path, data)
    assert preferred.identity.decoder_version == default.identity.decoder_version
    assert np.array_equal(preferred.segment.pcm, default.segment.pcm)
    assert preferred.identity.notes == default.identity.notes


def test_three_channels_and_opus_are_left_to_libsndfile(tmp_path):
    three = sounds.encoded(tmp_path, "vorbis", sounds.music(1.0, channels=3))
    opus = sounds.encoded(tmp_path, "opus")
    assert not any(is_by_ffmpeg(both(tmp_path, data)[1]) for data in (three, opus))


def test_a_damaged_file_is_refused_alike(tmp_path):
    data = sounds.encoded(tmp_path, "vorbis", strokes(4.0))
    bent = data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :]
    (tmp_path / "b.ogg").write_bytes(bent)
    reasons = []
    for limits in (Limits(), BY_FFMPEG):
        with pytest.raises(BadAudio) as caught:
            open_segment(str(tmp_path / "b.ogg"), limits=limits)
        reasons.append((caught.value.reason, caught.value.decoder))
    assert reasons[0] == reasons[1]


def test_libsndfile_itself_agrees(tmp_path):
    _, faster = both(tmp_path, sounds.encoded(tmp_path, "vorbis", strokes(2.0)))
    plain, _ = soundfile.read(tmp_path / "a.ogg", dtype="float32")
    assert np.abs(faster.segment.pcm.T - plain).max() < ROUNDING
