"""Files that are missing, locked, odd or in change; objects in a store."""

import hashlib
import io
import os
import time
from threading import Thread
from typing import ClassVar

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

from beamprint.transforms.audio import source, track
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.source import open_source, stat_source
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds


def reason_of(uri, call=open_segment):
    with pytest.raises(BadAudio) as caught:
        call(str(uri))
    return caught.value.reason


@pytest.fixture
def wav(tmp_path):
    return sounds.write(tmp_path / "a.wav", sounds.music(0.5), 44_100)


@pytest.mark.parametrize("call", [open_segment, probe, stat_source])
def test_what_is_not_there_or_no_file(tmp_path, call):
    assert reason_of(tmp_path / "missing.wav", call) is Reason.NOT_FOUND
    assert reason_of(tmp_path, call) is Reason.UNREADABLE
    os.mkfifo(tmp_path / "pipe.wav")
    assert reason_of(tmp_path / "pipe.wav", call) is Reason.UNREADABLE
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert reason_of(tmp_path / "loop", call) is Reason.UNREADABLE


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_no_permission(wav):
    wav.chmod(0)
    assert reason_of(wav) is Reason.PERMISSION


def test_no_permission_as_the_system_says_it(wav, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(source.os, "open", refuse)
    assert reason_of(wav) is Reason.PERMISSION


def test_a_full_disk_is_no_fault_of_the_track(wav, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(source.os, "open", full)
    with pytest.raises(OSError, match="No space"):
        open_segment(str(wav))


def test_identity(wav):
    identity = open_segment(str(wav)).identity
    data = wav.read_bytes()
    assert identity.content_sha256 == hashlib.sha256(data).hexdigest()
    assert identity.source_bytes == len(data)
    assert identity.source_version == str(wav.stat().st_mtime_ns)
    assert identity.decoder_version.startswith("libsndfile 1.")
    assert stat_source(str(wav)) == probe(str(wav)).stat


def test_file_uris_and_names_that_are_not_utf8(wav, tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9 50%.wav"
    os.rename(wav, odd)
    assert open_segment(os.fsdecode(odd)).identity.frames == 22_050
    assert open_segment(f"file://{tmp_path}/caf%E9%2050%25.wav").identity.frames == 22_050


def test_a_file_that_changes_while_it_is_read_wins_over_what_seemed_wrong_with_it(wav, monkeypatch):
    monkeypatch.setattr(track, "_PAUSE_SECONDS", 0.0)
    real, versions = source.sha256_of, iter(range(1, 100))

    def touched(data):
        os.utime(wav, ns=(0, next(versions)))
        return real(data)

    monkeypatch.setattr(track, "sha256_of", touched)
    assert reason_of(wav) is Reason.CHANGED_WHILE_READING

    def cut(data):
        touched(data)
        raise BadAudio(Reason.TRUNCATED, "seen while it was written")

    monkeypatch.setattr(track, "sha256_of", cut)
    assert reason_of(wav) is Reason.CHANGED_WHILE_READING


def test_a_file_that_is_complete_at_the_second_attempt_is_read(wav, monkeypatch):
    monkeypatch.setattr(track, "_PAUSE_SECONDS", 0.0)
    real, calls = source.sha256_of, []

    def touched_once(data):
        if not calls:
            os.utime(wav, ns=(0, 5))
        calls.append(data)
        return real(data)

    monkeypatch.setattr(track, "sha256_of", touched_once)
    assert open_segment(str(wav)).identity.source_version == "5"
    assert len(calls) == 2


def test_a_file_that_grows_is_never_a_record_until_it_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(track, "_PAUSE_SECONDS", 0.01)
    data = sounds.encoded(tmp_path, "wav", sounds.music(5.0))
    path = tmp_path / "growing.wav"
    path.write_bytes(data[:1000])

    def grow():
        with path.open("ab") as file:
            for start in range(1000, len(data), 100_000):
                time.sleep(0.02)
                file.write(data[start : start + 100_000])
                file.flush()

    writer = Thread(target=grow)
    writer.start()
    reasons = set()
    while writer.is_alive():
        try:
            assert open_segment(str(path)).identity.source_bytes == len(data)
        except BadAudio as error:
            reasons.add(error.reason)
    writer.join()
    assert reasons <= {Reason.TRUNCATED, Reason.CHANGED_WHILE_READING}
    assert open_segment(str(path)).identity.content_sha256 == hashlib.sha256(data).hexdigest()


class Shelf(FileSystem):
    """A store in a dict, as Beam finds it by its scheme; counts what is read of each object."""

    objects: ClassVar = {}
    read = 0
    failure = None

    @classmethod
    def scheme(cls):
        return "shelf"

    def open(self, path, mime_type="", compression_type=""):
        shelf = type(self)

        class Handle(io.BytesIO):
            def read(self, size=-1):
                if shelf.failure is not None and self.tell() > 0:
                    raise shelf.failure
                found = super().read(size)
                shelf.read += len(found)
                return found

        return Handle(self.objects[path])

    def metadata(self, path):
        if path not in self.objects:
            raise BeamIOError("Metadata operation failed", {path: FileNotFoundError(2, "no such object")})
        if self.objects[path] is None:
            error = OSError("forbidden")
            error.code = 403
            raise BeamIOError("Metadata operation failed", {path: error})
        return FileMetadata(path, len(self.objects[path]))

    def checksum(self, path):
        return hashlib.md5(self.objects[path]).hexdigest()

    def join(self, basepath, *paths): ...
    def split(self, path): ...
    def mkdirs(self, path): ...
    def has_dirs(self): ...
    def _list(self, dir_or_prefix): ...
    def create(self, path, mime_type="", compression_type=""): ...
    def copy(self, source_file_names, destination_file_names): ...
    def rename(self, source_file_names, destination_file_names): ...
    def exists(self, path): ...
    def size(self, path): ...
    def last_updated(self, path): ...
    def delete(self, paths): ...


@pytest.fixture
def shelf():
    Shelf.objects, Shelf.read, Shelf.failure = {}, 0, None
    return Shelf


@pytest.mark.parametrize("name", ["wav", "flac", "vorbis", "mp3", "opus", "rf64", "aiff"])
def test_an_object_gives_what_the_file_gives(shelf, tmp_path, name):
    data = sounds.encoded(tmp_path, name)
    shelf.objects["shelf://a/track [1].bin"] = data
    local = open_segment(str(tmp_path / f"made.{name}"))
    remote = open_segment("shelf://a/track [1].bin")
    assert (remote.segment.pcm == local.segment.pcm).all()
    assert remote.identity.content_sha256 == local.identity.content_sha256
    assert remote.identity.source_version == hashlib.md5(data).hexdigest()
    assert shelf.read == len(data)
    info = probe("shelf://a/track [1].bin")
    assert (info.frames, info.container) == (local.identity.frames, local.identity.container)


def test_the_header_of_a_large_object_is_probed_without_reading_the_object(shelf, tmp_path):
    data = sounds.encoded(tmp_path, "wav", sounds.music(30.0))
    shelf.objects["shelf://a/long.wav"] = data
    assert probe("shelf://a/long.wav").frames == 30 * 44_100
    assert shelf.read < 20_000


def test_failures_of_a_store_have_their_reasons(shelf, tmp_path):
    shelf.objects["shelf://a/secret"] = None
    assert reason_of("shelf://a/nothing") is Reason.NOT_FOUND
    assert reason_of("shelf://a/secret") is Reason.PERMISSION
    assert reason_of("unheard-of://a/b") is Reason.UNREADABLE


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "vorbis"])
def test_a_store_that_fails_while_it_is_read_is_not_a_bad_file(shelf, tmp_path, name):
    shelf.objects["shelf://a/b"] = sounds.encoded(tmp_path, name)
    shelf.failure = ConnectionResetError(104, "reset by peer")
    assert reason_of("shelf://a/b") is Reason.UNREADABLE
    assert reason_of("shelf://a/b", probe) is Reason.UNREADABLE


def test_an_object_that_is_too_large_to_copy(shelf, tmp_path):
    shelf.objects["shelf://a/b"] = sounds.encoded(tmp_path, "wav")
    with pytest.raises(BadAudio, match="--max-file-size") as caught:
        open_segment("shelf://a/b", limits=Limits(max_file_size=1000))
    assert caught.value.reason is Reason.TOO_LARGE


def test_no_descriptor_leaks(wav, tmp_path):
    damaged = tmp_path / "damaged.ogg"
    damaged.write_bytes(sounds.encoded(tmp_path, "vorbis")[:5000])
    open_segment(str(wav))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        open_segment(str(wav))
        reason_of(damaged)
    with open_source(str(wav)):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
