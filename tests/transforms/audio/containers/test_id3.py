"""An ID3v2 tag ends where its frames and its padding end, even where it claims more."""

import struct
from contextlib import suppress

import numpy as np
import pytest

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, LENGTH_UNKNOWN
from beamprint.transforms.audio.containers.id3 import skip_id3
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.views import Literal
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.opening import opened

TEXT, OLD_TEXT = b"TIT2\0\0\0\x08\0\0\0a title", b"TT2\0\0\x08\0a title"
FRAMES = {2: OLD_TEXT, 3: TEXT, 4: TEXT}


def tag(body, claimed=0, *, version=4, flags=0):
    """A tag that claims to be longer than its body."""
    size = len(body) + claimed
    return b"ID3" + bytes([version, 0, flags]) + bytes(size >> s & 0x7F for s in (21, 14, 7, 0)) + body


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    made = {
        kind: sounds.encoded(folder, kind, sounds.music(1.0))
        for kind in ("mp3", "flac", "vorbis", "wav", "aiff")
    }
    made["untagged"] = sounds.without_xing(made["mp3"])
    return made | {"adts": packets.made(folder, "adts", sounds.music(1.0))}


@pytest.mark.parametrize("kind", ["mp3", "untagged", "flac", "vorbis", "wav", "aiff", "adts"])
@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("padding", [0, 500])
def test_a_tag_that_claims_more_than_it_has_hides_nothing(tmp_path, streams, kind, version, padding):
    data = streams[kind]
    plain = opened(tmp_path, data)
    body = FRAMES[version] + bytes(padding)
    for claimed in (1, 1000, len(data) // 2, len(data) + 1000):
        found = opened(tmp_path, tag(body, claimed, version=version) + data)
        assert np.array_equal(found.segment.pcm, plain.segment.pcm), claimed
        assert not {LENGTH_UNKNOWN, LENGTH_CORRECTED} & (
            set(found.identity.notes) - set(plain.identity.notes)
        )


def test_such_a_tag_between_and_after_frames(tmp_path, streams):
    data = streams["untagged"]
    frames = opened(tmp_path, data).identity.frames
    wrong = tag(TEXT + bytes(100), 3000)
    assert opened(tmp_path, data + wrong + data).identity.frames == 2 * frames
    assert opened(tmp_path, data + wrong).identity.frames == frames
    assert opened(tmp_path, wrong + wrong + data).identity.frames == frames


def test_audio_within_a_frame_of_a_tag_is_none(tmp_path, streams):
    data = streams["untagged"]
    inside = data[:3000]
    for version in (3, 4):
        size = (
            struct.pack(">I", len(inside))
            if version == 3
            else bytes(len(inside) >> s & 0x7F for s in (21, 14, 7, 0))
        )
        whole = tag(b"GEOB" + size + bytes(2) + inside, version=version)
        assert skip_id3(Literal(whole + data), 0) == len(whole)
        assert opened(tmp_path, whole + data).identity.frames == opened(tmp_path, data).identity.frames


def test_a_footer_is_only_one_if_it_is_there(tmp_path, streams):
    data = streams["untagged"]
    found = opened(tmp_path, tag(TEXT, flags=0x10) + data).identity
    assert found.frames == opened(tmp_path, data).identity.frames


@pytest.mark.parametrize("version", [3, 4])
def test_a_longer_head_is_no_frame(streams, version):
    extra = struct.pack(">IHI", 6, 0, 0) if version == 3 else struct.pack(">IBB", 6, 1, 0)
    for claimed in (0, 2000):
        data = tag(extra + TEXT + bytes(50), claimed, version=version, flags=0x40) + streams["untagged"]
        assert skip_id3(Literal(data), 0) == 10 + len(extra) + len(TEXT) + 50


def test_a_tag_of_an_unknown_version_is_skipped(tmp_path, streams):
    found = opened(tmp_path, tag(bytes(50), version=9) + streams["mp3"])
    assert np.array_equal(found.segment.pcm, opened(tmp_path, streams["mp3"]).segment.pcm)


@pytest.mark.parametrize("kind", ["untagged", "adts"])
@pytest.mark.parametrize(
    "body",
    [
        b"TIT2\0\0\1\0\0\0a title",  # the size of its frame is wrong as well
        TEXT + b" " * 300,
        b"abcd" + TEXT,
        TEXT + b"APIC" + struct.pack(">I", 40_000) + bytes(2) + sounds.junk(40_000),  # as iTunes writes 2.4
    ],
)
def test_a_tag_whose_frames_lead_nowhere_does_not_end_within_frames_of_audio(tmp_path, streams, kind, body):
    data = streams[kind]
    frames = opened(tmp_path, data).identity.frames
    for claimed in (2500, len(data) // 2):
        assert opened(tmp_path, tag(body, claimed) + data).identity.frames == frames, claimed
    assert opened(tmp_path, tag(body) + data).identity.frames == frames


class Counted(Literal):
    """Bytes that count how often they are read."""

    reads = 0

    def read_at(self, offset, length):
        Counted.reads += 1
        return Literal.read_at(self, offset, length)


@pytest.mark.parametrize("claimed", [0, 16_000])
def test_thousands_of_tags_do_not_take_time_for_each_pair_of_them(claimed):
    tags = tag(TEXT, claimed) * 10_000
    for data in (tags + b"xyz", sounds.wav(bytes(400) + tags + b"xyz", data_size=0xFFFFFFFF)):
        Counted.reads = 0
        with suppress(BadAudio):
            inspect(Counted(data))
        assert Counted.reads < 500_000
