"""A file is inspected once while it is planned and decoded, however many others come in between."""

import os
import time

import pytest

from beamprint.transforms.audio import inspection
from beamprint.transforms.audio.containers.contents import Contents, Extent
from beamprint.transforms.audio.limits import DEFAULT_LIMITS
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.track import open_segment
from beamprint.transforms.model import Track
from beamprint.transforms.ranges import plan_ranges, read_range
from tests.transforms.audio import sounds


@pytest.fixture
def inspected_files(monkeypatch):
    """Uris of the files that were looked through."""
    seen, look = [], inspection.inspect

    def inspect(data, **how):
        seen.append(data.uri)
        return look(data, **how)

    monkeypatch.setattr(inspection, "inspect", inspect)
    return seen


def test_tracks_that_are_planned_before_the_first_is_decoded(tmp_path, inspected_files):
    data = sounds.encoded(tmp_path, "flac", sounds.music(0.1))
    paths = [tmp_path / f"{number}.flac" for number in range(50)]
    for path in paths:
        path.write_bytes(data)
    ranges = [work for path in paths for work in plan_ranges(Track(str(path), str(path)))]
    for work in ranges:
        read_range(work)
    assert sorted(inspected_files) == sorted(map(str, paths))
    paths[0].write_bytes(data + sounds.ID3V1)
    plan_ranges(Track(str(paths[0]), str(paths[0])))
    assert len(inspected_files) == 51


@pytest.mark.parametrize("is_new", [False, True], ids=["written again", "renamed to it"])
def test_a_file_in_place_of_another_of_the_same_size_and_time(tmp_path, is_new):
    """As ``flac`` and ``cp -p`` leave it: what was known of the first must not be held against the second."""
    path, other = tmp_path / "a.wav", tmp_path / "b.wav"
    pcm = sounds.pcm16(sounds.music(0.1))
    with_tags = sounds.wav(pcm[:-108]) + sounds.chunk(b"LIST", bytes(100))
    for content, size in ((with_tags, len(pcm) - 108), (sounds.wav(pcm), len(pcm))):
        (other if is_new else path).write_bytes(content)
        if is_new:
            other.replace(path)
        os.utime(path, (1_000_000, 1_000_000))
        assert open_segment(str(path)).identity.frames == size // 4
        time.sleep(0.02)  # a file system's clock may be that coarse


def test_few_files_with_many_places_are_kept(tmp_path, monkeypatch):
    many = Contents("mp3", audio=tuple(Extent(at, at + 1) for at in range(30_000)))
    monkeypatch.setattr(inspection, "inspect", lambda data, **how: many)
    kept = inspection._Kept()
    monkeypatch.setattr(inspection, "_kept", kept)
    for number in range(3):
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(b"\0")
        with open_source(str(path)) as source:
            assert inspection.inspected(source, DEFAULT_LIMITS) is many
    assert len(kept._found) == 1
