"""Paths and uris, and names that are not UTF-8."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.transforms.audio.sources.uris import escape_undecodable, from_path, is_remote, to_path


def test_plain_paths_are_taken_as_they_are():
    assert to_path("music/50%20off.wav") == "music/50%20off.wav"
    assert from_path("music/ä b.wav") == "music/ä b.wav"


def test_file_uris_are_unescaped():
    assert to_path("file:///music/a%20b%25.wav") == "/music/a b%.wav"
    assert to_path("file://localhost/a.wav") == "/a.wav"
    assert to_path("FILE:///a.wav") == "/a.wav"


def test_a_file_on_another_host_and_an_object_are_no_local_paths():
    for uri in ("file://server/a.wav", "gs://bucket/a.wav"):
        with pytest.raises(ValueError, match=uri):
            to_path(uri)


def test_remote_uris_are_distinguished_from_paths():
    assert is_remote("gs://bucket/a.wav")
    assert is_remote("s3://bucket/a.wav")
    for path in ("file:///a.wav", "/a.wav", "C:/a.wav", "a://b"):
        assert not is_remote(path)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
@given(st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name))
def test_every_path_survives_the_way_to_a_uri_and_back(name):
    path = os.fsdecode(b"/music/" + name)
    uri = from_path(path)
    assert os.path.normpath(to_path(uri)) == os.path.normpath(path)
    uri.encode()


def test_bytes_that_are_not_utf8_become_escapes():
    assert escape_undecodable(os.fsdecode(b"caf\xe9/ol\xe9.wav")) == "caf%E9/ol%E9.wav"
    assert escape_undecodable("café") == "café"
