"""Where the paths of a manifest lead."""

import os
import unicodedata

import pytest

from beamprint.pipeline.catalogue.listing import list_tracks


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"some bytes")
    return path


def test_dots_behind_a_link_lead_to_where_its_target_lies(tmp_path):
    put(tmp_path / "elsewhere/a.wav")
    put(tmp_path / "lists/plain/c.wav")
    put(tmp_path / "b.wav")
    (tmp_path / "elsewhere/deep").mkdir()
    (tmp_path / "lists/link").symlink_to(tmp_path / "elsewhere/deep")
    (tmp_path / "lists/m.csv").write_text(
        "uri\nlink/../a.wav\n../b.wav\nplain/../plain/./c.wav\nnowhere/../plain/c.wav\n"
    )
    tracks = list(list_tracks([str(tmp_path / "lists/m.csv")]).tracks)
    assert [os.path.exists(track.uri) for track in tracks] == [True, True, True, False]
    assert [track.size for track in tracks] == [10, 10, 10, None]
    assert os.path.realpath(tracks[0].uri) == str(tmp_path / "elsewhere/a.wav")
    assert [track.uri for track in tracks[1:3]] == [
        str(tmp_path / "b.wav"),
        str(tmp_path / "lists/plain/c.wav"),
    ]
    (track,) = list_tracks([str(tmp_path / "lists/link/../*.wav")]).tracks
    assert os.path.realpath(track.uri) == str(tmp_path / "elsewhere/a.wav")


def test_file_uris_of_all_kinds_are_paths(tmp_path):
    put(tmp_path / "a b.wav")
    for start in ("file:", "file://", "FILE://localhost"):
        (tmp_path / "m.txt").write_text(f"{start}{tmp_path}/a%20b.wav\n")
        (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
        assert (track.uri, track.size) == (str(tmp_path / "a b.wav"), 10)


def test_a_list_of_paths_may_hold_bytes_that_are_no_text(tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    with open(raw, "wb") as file:
        file.write(b"some bytes")
    (tmp_path / "m.txt").write_bytes(b"caf\xe9.wav\n")
    (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
    assert track.size == 10


@pytest.mark.parametrize("there", ["NFC", "NFD"])
def test_a_name_in_the_other_unicode_form_finds_its_file(tmp_path, there):
    other = {"NFC": "NFD", "NFD": "NFC"}[there]
    file = put(
        tmp_path / unicodedata.normalize(there, "Beyoncé") / unicodedata.normalize(other, "Déjà Vu.wav")
    )
    asked = unicodedata.normalize(other, "Beyoncé") + "/" + unicodedata.normalize(there, "Déjà Vu.wav")
    (tmp_path / "m.txt").write_text(asked + "\n", encoding="utf-8")
    for given_ in (tmp_path / "m.txt", tmp_path / asked):
        (track,) = list_tracks([str(given_)]).tracks
        assert (track.uri, track.size) == (str(file), 10)
    put(tmp_path / asked)  # where both are there, each is itself
    (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
    assert track.uri == str(tmp_path / asked)
