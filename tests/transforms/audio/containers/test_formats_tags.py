"""Tags of files that FFmpeg decodes."""

import struct

import pytest

from tests.transforms.audio import packets, sounds
from tests.transforms.audio.formats import MUSIC, RATE, opened

SAID = {"title": "Étude", "artist": "An Artist", "album": "The Album", "genre": "Folk"}


@pytest.mark.parametrize(
    "kind", ["m4a", "alac", "wma2", "mka-aac", "webm-opus", "wavpack", "tta", "fragmented"]
)
def test_tags_are_read(tmp_path, scratch, kind):
    rate = 48_000 if kind == "webm-opus" else RATE
    data = packets.encode(tmp_path / "a", kind, sounds.music(0.5, rate), rate, tags=SAID)
    found = opened(scratch, data).identity
    assert {name: found.embedded.get(name) for name in SAID} == SAID
    assert not any(note.startswith("embedded") for note in found.notes)


def test_numbers_and_several_texts_of_ape_tags(made, scratch):
    items = {b"Track": b"3/12", b"Album Artist": b"A Band", b"Artist": b"One\0Two", b"Year": b"1999"}
    body = b"".join(struct.pack("<II", len(text), 0) + name + b"\0" + text for name, text in items.items())
    body += struct.pack("<II", 3, 2) + b"Cover\0\1\2\3"
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, 5, 0) + bytes(8)
    found = opened(scratch, made["ape"] + body + footer + sounds.ID3V1)
    assert found.identity.embedded == {
        "tracknumber": "3",
        "tracktotal": "12",
        "albumartist": "A Band",
        "artist": "One; Two",
        "date": "1999",
    }
    assert found.identity.frames == len(MUSIC)


def test_the_id3_tag_of_a_dsf_file(made, scratch):
    text = b"\3A title"
    tag = b"ID3\3\0\0\0\0\0" + bytes([10 + len(text)]) + b"TIT2" + struct.pack(">IH", len(text), 0) + text
    data = made["dsf"]
    pointed = data[:12] + struct.pack("<QQ", len(data) + len(tag), len(data)) + data[28:] + tag
    assert opened(scratch, pointed).identity.embedded == {"title": "A title"}


def test_tags_change_neither_the_audio_hash_nor_the_length(tmp_path, scratch):
    music = sounds.music(0.5, RATE)
    for kind in ("m4a", "wma2", "wavpack"):
        plain = opened(scratch, packets.encode(tmp_path / "a", kind, music)).identity
        tagged = opened(scratch, packets.encode(tmp_path / "b", kind, music, tags=SAID)).identity
        assert (plain.audio_hash, plain.frames) == (tagged.audio_hash, tagged.frames)
