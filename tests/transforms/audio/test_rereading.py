"""Files that are read again give the hashes of their records, and one that breaks its decoder breaks nothing else."""

import subprocess
import sys

import pytest

from beamprint.transforms.audio import rereading
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds


@pytest.mark.parametrize("kind", [*sounds.ENCODINGS, "mp2"])
def test_the_hashes_are_those_of_the_record(tmp_path, kind):
    path = tmp_path / kind
    path.write_bytes(sounds.MP2.read_bytes() if kind == "mp2" else sounds.encoded(tmp_path, kind))
    identity = open_segment(str(path)).identity
    content = rereading.read_content(str(path))
    assert (content.size, content.sha256) == (identity.source_bytes, identity.content_sha256)
    assert rereading.read_audio(str(path)) == rereading.Audio(identity.audio_hash)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadAudio) as caught:
        rereading.read_content(str(tmp_path / "a"))
    assert caught.value.reason is Reason.NOT_FOUND


def test_audio_that_is_damaged_has_a_reason(tmp_path):
    path = tmp_path / "a.flac"
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[26] ^= 1  # the MD5 that the file declares, which is its audio's hash
    path.write_bytes(data)
    assert rereading.read_audio(str(path)).reason == Reason.CHECKSUM_MISMATCH


def test_a_reader_reads_one_file_after_the_other(tmp_path):
    paths = [str(tmp_path / f"made.{kind}") for kind in ("wav", "mp3")]
    for kind in ("wav", "mp3"):
        sounds.encoded(tmp_path, kind)
    with rereading.Reader() as reader:
        found = [reader.read_audio(path) for path in [*paths, "/no/such\nfile"]]
    assert found[:2] == [rereading.read_audio(path) for path in paths]
    assert found[2].reason == Reason.NOT_FOUND


def test_a_reader_outlives_a_decoder_that_dies(tmp_path, monkeypatch):
    sounds.encoded(tmp_path, "wav")
    path, start = str(tmp_path / "made.wav"), rereading._start

    def start_what_dies():
        monkeypatch.setattr(rereading, "_start", start)
        code = "import os, sys; sys.stdin.readline(); os.abort()"
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)

    monkeypatch.setattr(rereading, "_start", start_what_dies)
    with rereading.Reader() as reader:
        assert reader.read_audio(path).reason == Reason.DECODER_CRASH
        assert reader.read_audio(path) == rereading.read_audio(path)
