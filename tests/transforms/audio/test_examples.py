"""The example tracks: small, all good but the one that is broken on purpose."""

import csv
from pathlib import Path

import pytest

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment

FOLDER = Path(__file__).parents[3] / "examples"
ROWS = list(csv.DictReader((FOLDER / "manifest.csv").open(encoding="utf-8")))


def test_they_are_small_and_all_listed():
    files = {
        path.name
        for path in FOLDER.iterdir()
        if path.suffix not in (".py", ".csv", ".yaml", ".ipynb") and path.is_file()
    }
    assert files == {row["uri"] for row in ROWS}
    assert sum((FOLDER / name).stat().st_size for name in files) < 500_000


def test_the_broken_one_is_truncated():
    with pytest.raises(BadAudio) as caught:
        open_segment(str(FOLDER / "broken.ogg"))
    assert caught.value.reason is Reason.TRUNCATED


def test_the_others_show_mono_stereo_and_48_khz_and_are_long_enough_to_measure():
    tracks = [open_segment(str(FOLDER / row["uri"])).identity for row in ROWS if row["track_id"] != "broken"]
    assert {track.channels for track in tracks} == {1, 2}
    assert 48_000 in {track.sample_rate_hz for track in tracks}
    assert all(track.duration_s >= 10 for track in tracks)
    assert {track.codec for track in tracks} == {"vorbis", "mp3", "opus", "flac"}
