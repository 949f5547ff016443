"""A file's own tags come out under one set of names; broken tags are lost, and nothing else."""

import struct

import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.embedded import MOST_BYTES, read_embedded
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.sources.views import Literal
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

SAID = {
    "title": "Étude",
    "artist": "An Artist",
    "album": "The Album",
    "date": "1999",
    "genre": "Folk",
    "tracknumber": "7",
}


def identity_of(path):
    return open_segment(str(path)).identity


@pytest.mark.parametrize("name", ["wav", "flac", "vorbis", "opus"])
def test_tags_that_libsndfile_wrote_are_read(tmp_path, name):
    rate = 48_000 if name == "opus" else 44_100
    path = tmp_path / f"a.{name}"
    with soundfile.SoundFile(path, "w", rate, 2, **sounds.ENCODINGS[name]) as file:
        for key, text in SAID.items():
            setattr(file, key, text)
        file.write(sounds.music(1.0, rate)[:4096])
    found = identity_of(path)
    assert {key: found.embedded.get(key) for key in SAID} == SAID
    assert not any(note.startswith("embedded") for note in found.notes)


def frame(name, text, encoding=3):
    body = bytes([encoding]) + text
    return name + len(body).to_bytes(4, "big") + b"\0\0" + body


def id3v23(*frames):
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body


def test_id3_frames_have_the_names_of_vorbis_comments(tmp_path):
    tag = id3v23(
        frame(b"TIT2", b"A title"),
        frame(b"TPE2", b"A band"),
        frame(b"TRCK", b"3/12"),
        frame(b"TPOS", b"1/2"),
        frame(b"TSRC", b"USRC17607839"),
        frame(b"TXXX", b"MusicBrainz Album Id\0abc-def"),
        frame(b"TXXX", b"replaygain_track_gain\0-6.50 dB"),
        frame(b"APIC", b"image/png\0\x03\0" + bytes(5000), 0),
    )
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + sounds.encoded(tmp_path, "mp3"))
    assert identity_of(path).embedded == {
        "title": "A title",
        "albumartist": "A band",
        "tracknumber": "3",
        "tracktotal": "12",
        "discnumber": "1",
        "disctotal": "2",
        "isrc": "USRC17607839",
        "musicbrainz_albumid": "abc-def",
        "replaygain_track_gain": "-6.50 dB",
    }


def bext(version, levels=(-2300, 700, -100, -1900, -2050), history=b"A=PCM,F=48000\r\n"):
    body = b"A description".ljust(256, b"\0") + b"A recorder".ljust(32, b"\0") + b"REF1".ljust(32, b"\0")
    body += b"2024-03-01" + b"12:30:00" + struct.pack("<QH", 48_000 * 3600, version) + bytes(64)
    body += struct.pack("<5h", *levels) + bytes(180) + history
    return sounds.chunk(b"bext", body)


@pytest.mark.parametrize("version", [1, 2])
def test_broadcast_wave_says_who_when_and_from_version_2_how_loud(tmp_path, version):
    path = tmp_path / "a.wav"
    levels = (-2300, 700, 0x7FFF, -1900, -2050)
    path.write_bytes(sounds.wav(sounds.pcm16(sounds.music(0.2)), before=bext(version, levels)))
    expected = {
        "description": "A description",
        "originator": "A recorder",
        "originatorreference": "REF1",
        "originationdate": "2024-03-01",
        "originationtime": "12:30:00",
        "timereference": "172800000",
        "codinghistory": "A=PCM,F=48000",
    }
    if version == 2:
        expected |= {
            "loudnessvalue": "-23.00",
            "loudnessrange": "7.00",
            "maxmomentaryloudness": "-19.00",
            "maxshorttermloudness": "-20.50",
        }
    assert identity_of(path).embedded == expected


@pytest.mark.parametrize("name", ["w64", "caf", "au", "wav", "mp3", "flac"])
def test_a_file_without_tags_has_none(tmp_path, name):
    sounds.encoded(tmp_path, name)
    found = identity_of(tmp_path / f"made.{name}")
    assert set(found.embedded) <= {"encoder", "encoder_settings", "software", "comment"}
    assert not any(note.startswith("embedded") for note in found.notes)


@pytest.mark.parametrize("size", [0, 100, 0xFFFFFFFF])
def test_tags_after_audio_of_a_wrong_size_are_read(tmp_path, size):
    tags = sounds.chunk(b"LIST", b"INFOINAM\x08\0\0\0A title\0")
    pcm = sounds.pcm16(sounds.music(0.2))
    (tmp_path / "a.wav").write_bytes(sounds.wav(pcm, data_size=size, after=tags))
    found = identity_of(tmp_path / "a.wav")
    assert (found.frames, found.embedded) == (len(pcm) // 4, {"title": "A title"})
    assert not any(note.startswith("embedded") for note in found.notes)


@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_tags_of_an_rf64_are_read(tmp_path, padding):
    tags = sounds.chunk(b"LIST", b"INFOINAM\x08\0\0\0A title\0")
    pcm = sounds.pcm16(sounds.music(0.2)) + bytes(len(padding))
    (tmp_path / "a.wav").write_bytes(sounds.rf64(pcm) + padding + tags)
    found = identity_of(tmp_path / "a.wav")
    assert (found.container, found.embedded) == ("rf64", {"title": "A title"})
    assert not any(note.startswith("embedded") for note in found.notes)


def test_tags_after_more_audio_than_a_wav_can_declare_are_read(tmp_path):
    """Sparse; the last bytes of the audio look like chunks."""
    tags = sounds.chunk(b"LIST", b"INFOINAM\x08\0\0\0A title\0")
    misleading = b"LIST\xff\xff\xff\x7f" * 500 + sounds.junk(96_000)
    path, size = tmp_path / "a.wav", (1 << 32) + 90_000
    with path.open("wb") as file:
        head = file.write(sounds.wav(b"", data_size=size & 0xFFFFFFFF))
        file.seek(head + size - len(misleading))
        file.write(misleading + tags)
    with open_source(str(path)) as source:
        assert read_embedded(source.data, inspect(source.data)) == ({"title": "A title"}, ())


def test_a_big_endian_wav_is_not_taken_for_damaged_tags(tmp_path):
    sounds.write(tmp_path / "a.wav", sounds.music(0.2), 44_100, format="WAV", subtype="PCM_16", endian="BIG")
    found = identity_of(tmp_path / "a.wav")
    assert (found.embedded, found.notes) == ({}, ())


def test_tags_beyond_the_limit_are_cut_and_noted(tmp_path):
    path = tmp_path / "a.mp3"
    tag = id3v23(frame(b"TIT2", b"A title"), frame(b"TPE1", b"x" * (MOST_BYTES + 1)))
    path.write_bytes(tag + sounds.encoded(tmp_path, "mp3"))
    found = identity_of(path)
    assert found.embedded == {"title": "A title"}
    assert "embedded:cut" in found.notes


def test_tags_that_cannot_be_read_are_left_out_and_noted(tmp_path, monkeypatch):
    sounds.encoded(tmp_path, "flac")
    path = tmp_path / "made.flac"
    monkeypatch.setattr("beamprint.transforms.audio.containers.embedded._MOST_READ", 20)
    found = identity_of(path)
    assert found.embedded == {}
    assert "embedded:unreadable" in found.notes


def test_only_the_first_segment_reads_tags(tmp_path):
    sounds.encoded(tmp_path, "wav", sounds.music(4.0))
    path = str(tmp_path / "made.wav")
    parts = [open_segment(path, index=i, borders=(60_000,), block=1 << 13).identity for i in (0, 1)]
    assert [part.embedded is None for part in parts] == [False, True]


GOOD = {
    "mp3": (id3v23(frame(b"TIT2", b"A title"), frame(b"TXXX", b"a\0b")), b""),
    "wav": (b"", sounds.chunk(b"LIST", b"INFOINAM\x08\0\0\0A title\0IART\4\0\0\0who\0")),
}


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {
        name: sounds.encoded(folder, name, sounds.music(0.3)) for name in ("mp3", "wav", "flac", "vorbis")
    }


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["mp3", "wav", "flac", "vorbis"]),
    edits=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12),
)
def test_hostile_tags_give_bounded_text_or_nothing(encoded, name, edits):
    before, after = GOOD.get(name, (b"", b""))
    data = bytearray(before + encoded[name] + after)
    contents = inspect(Literal(bytes(data)))
    for at, byte in edits:
        place = at if name != "wav" else len(data) - 1 - at % len(after)
        data[place] = byte
    found = read_embedded(Literal(bytes(data)), contents)
    assert all(isinstance(t, str) and t.encode() for pair in found.tags.items() for t in pair)
    assert sum(len(n.encode()) + len(t.encode()) for n, t in found.tags.items()) <= MOST_BYTES


def ape_tag(**texts):
    items = [
        struct.pack("<II", len(text.encode()), 0) + name.encode() + b"\0" + text.encode()
        for name, text in texts.items()
    ]
    body = b"".join(items)
    return body + b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, len(items), 0) + bytes(8)


LONG = "A title that is longer than an ID3v1 tag has room for"


@pytest.mark.parametrize("after", [b"", b"TAG" + LONG.encode()[:30] + bytes(95)])
def test_ape_tags_of_an_mp3_are_read(tmp_path, after):
    (tmp_path / "a.mp3").write_bytes(
        sounds.encoded(tmp_path, "mp3") + ape_tag(Title=LONG, MP3GAIN_MINMAX="089,174") + after
    )
    found = identity_of(tmp_path / "a.mp3")
    assert (found.embedded["title"], found.embedded["mp3gain_minmax"]) == (LONG, "089,174")


def test_an_id3v2_tag_of_an_mp3_counts_before_its_ape_tags(tmp_path):
    data = id3v23(frame(b"TIT2", b"By ID3")) + sounds.encoded(tmp_path, "mp3")
    (tmp_path / "a.mp3").write_bytes(data + ape_tag(Title="By APE", Artist="By APE"))
    found = identity_of(tmp_path / "a.mp3").embedded
    assert (found["title"], found["artist"]) == ("By ID3", "By APE")


def test_stray_bytes_before_an_mp3_are_no_damaged_tags(tmp_path):
    (tmp_path / "a.mp3").write_bytes(sounds.junk(300) + sounds.encoded(tmp_path, "mp3"))
    assert "embedded:unreadable" not in identity_of(tmp_path / "a.mp3").notes
