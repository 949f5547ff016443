"""Files that are missing, locked, odd or changing."""

import hashlib
import os
import time
from threading import Thread

import pytest

from beamprint.transforms.audio import track
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.sources import source
from beamprint.transforms.audio.sources.source import open_source, stat_source
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
def test_a_missing_path_and_one_that_is_no_file(tmp_path, call):
    assert reason_of(tmp_path / "missing.wav", call) is Reason.NOT_FOUND
    (tmp_path / "file").write_bytes(b"no folder")
    assert reason_of(tmp_path / "file" / "a.wav", call) is Reason.NOT_FOUND
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


def test_a_change_while_a_file_is_read_is_reported_before_any_other_error(wav, monkeypatch):
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
