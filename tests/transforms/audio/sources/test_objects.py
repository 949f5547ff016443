"""Audio in stores: the same samples as from a file, few requests, hardly more bytes than there are, one version."""

import hashlib
import os

import numpy as np
import pytest

from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.sources import object_bytes, object_errors, objects, spool
from beamprint.transforms.audio.sources.object_errors import StoreDown
from beamprint.transforms.audio.sources.source import open_source, stat_source
from beamprint.transforms.audio.track import open_segment
from tests.emulators import Reset
from tests.transforms.audio import sounds

FORMATS = ["wav", "flac", "vorbis", "mp3", "opus", "rf64", "aiff"]


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr(spool.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(object_bytes, "_kept", object_bytes.OrderedDict())


@pytest.fixture
def bucket(cloud):
    return cloud.new_bucket()


def put(cloud, uri, data):
    cloud.put(uri, data)
    return objects.head(uri).etag


@pytest.fixture(params=["a.wav", "a//b/../c/.wav"])
def uri(request, cloud, bucket):
    """Of an object of a plain name, and of one that obstore would take for another path."""
    return f"{bucket}/{request.param}"


def reason_of(uri, call=open_segment, **how):
    with pytest.raises(BadAudio) as caught:
        call(uri, **how)
    assert uri in caught.value.message
    return caught.value.reason


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Bytes of a recording in each format, and the file opened."""
    folder, music = tmp_path_factory.mktemp("recordings"), sounds.music(20.0)
    return {
        name: (sounds.encoded(folder, name, music), open_segment(str(folder / f"made.{name}")))
        for name in FORMATS
    }


@pytest.mark.parametrize("name", FORMATS)
def test_an_object_gives_the_samples_of_the_file_in_few_requests(cloud, bucket, recordings, name):
    data, local = recordings[name]
    uri = f"{bucket}/Künstler/Track 1 + 2 #3 50%.bin"
    etag = put(cloud, uri, data)
    cloud.gate.reset()
    plan = plan_track(uri, version=etag)
    remote = open_segment(uri, version=etag)
    assert np.array_equal(remote.segment.pcm, local.segment.pcm)
    assert plan.info.frames == local.identity.frames
    assert remote.identity.content_sha256 == hashlib.sha256(data).hexdigest()
    assert remote.identity.source_version == etag == stat_source(uri).version
    assert cloud.gate.requests["GET"] <= 4
    assert sum(cloud.gate.sent.values()) <= 1.1 * len(data)


def test_the_header_of_a_large_object_is_probed_without_reading_the_object(cloud, bucket, tmp_path):
    uri = f"{bucket}/long.wav"
    put(cloud, uri, sounds.encoded(tmp_path, "wav", sounds.music(30.0)))
    assert probe(uri).frames == 30 * 44_100
    assert sum(cloud.gate.sent.values()) <= 2 * object_bytes.BLOCK


def test_the_segments_of_a_cut_object_share_one_copy(cloud, bucket, tmp_path):
    data = sounds.encoded(tmp_path, "flac", sounds.music(20.0))
    uri = f"{bucket}/long.flac"
    etag = put(cloud, uri, data)
    whole = open_segment(str(tmp_path / "made.flac"), block=1 << 13)
    cuts = {
        "borders": (6 * 44_100, 13 * 44_100),
        "frames": whole.segment.total,
        "block": 1 << 13,
        "version": etag,
    }
    cloud.gate.reset()
    parts = [open_segment(uri, index=index, **cuts).segment for index in range(3)]
    assert sum(part.own.length for part in parts) == whole.segment.total
    assert cloud.gate.requests["GET"] <= 2 + 3
    assert sum(cloud.gate.sent.values()) <= 1.1 * len(data) + 3 * object_bytes.BLOCK


def test_the_total_size_of_copies_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "MOST_BYTES", 250)
    for number in range(5):
        with spool.spooled(str(number), 100, lambda file: file.write(b"x" * 100)) as copy:
            os.utime(copy.name, (number, number))
            assert copy.read() == b"x" * 100
    kept = [path for path in tmp_path.glob("beamprint-spool-*/*") if path.name != "lock"]
    assert len(kept) == 2
    assert spool.find_spooled("0") is None
    with spool.find_spooled("4") as copy:
        assert copy.read() == b"x" * 100


def test_an_object_replaced_since_it_was_listed_is_not_measured(cloud, uri, tmp_path):
    data = sounds.encoded(tmp_path, "wav")
    etag = put(cloud, uri, data)
    put(cloud, uri, data + b"\0\0")
    for call in (open_segment, plan_track):
        assert reason_of(uri, call, version=etag) is Reason.CHANGED_WHILE_READING


def test_an_object_replaced_between_header_and_samples_is_not_measured(cloud, uri, tmp_path):
    data = sounds.encoded(tmp_path, "wav", sounds.music(3.0))
    put(cloud, uri, data)
    plan = plan_track(uri)
    put(cloud, uri, data[:-2] + b"\1\1")
    assert reason_of(uri, version=plan.info.stat.version) is Reason.CHANGED_WHILE_READING


def test_a_missing_or_forbidden_object_has_its_reason(cloud, bucket, uri, tmp_path):
    assert reason_of(uri) is reason_of(uri, stat_source) is Reason.NOT_FOUND
    etag = put(cloud, uri, sounds.encoded(tmp_path, "wav"))
    cloud.gate.fault = lambda method, path: 403
    assert reason_of(uri) is reason_of(uri, stat_source) is Reason.PERMISSION
    cloud.gate.reset()
    plan_track(uri, version=etag)
    cloud.remove(uri)
    object_bytes._kept.clear()
    assert reason_of(uri, version=etag) is Reason.NOT_FOUND


def test_an_object_that_is_too_large_is_not_fetched(cloud, uri, tmp_path):
    put(cloud, uri, sounds.encoded(tmp_path, "wav", sounds.music(5.0)))
    assert reason_of(uri, limits=Limits(max_file_size=1000)) is Reason.TOO_LARGE
    assert sum(cloud.gate.sent.values()) <= object_bytes.BLOCK


def test_an_empty_object_is_empty(cloud, uri):
    put(cloud, uri, b"")
    with pytest.raises(BadAudio) as caught:
        open_segment(uri)
    assert caught.value.reason is Reason.EMPTY


@pytest.mark.parametrize("fault", [429, 500, 503, Reset])
def test_requests_to_a_faltering_store_are_retried(cloud, bucket, uri, tmp_path, fault):
    data = sounds.encoded(tmp_path, "wav", sounds.music(3.0))
    answers = iter(range(100))

    def every_other(method, path):
        if next(answers) % 2:
            return None
        if fault is Reset:
            raise Reset
        return fault

    cloud.gate.fault = every_other
    etag = put(cloud, uri, data)
    assert open_segment(uri, version=etag).identity.source_bytes == len(data)
    assert [f"{bucket}/{meta.key}" for meta in objects.below(bucket)] == [uri]
    objects.put(f"{bucket}/b", b"", "overwrite")
    assert len(list(objects.below(bucket))) == 2
    objects.remove(bucket, ["b"])
    assert len(list(objects.below(bucket))) == 1


def test_a_download_that_breaks_off_goes_on_where_it_was(cloud, uri, tmp_path):
    data = sounds.encoded(tmp_path, "wav", sounds.music(30.0))
    etag = put(cloud, uri, data)
    cloud.gate.cut = 2_000_000
    assert open_segment(uri, version=etag).identity.content_sha256 == hashlib.sha256(data).hexdigest()
    assert cloud.gate.cut is None
    assert sum(cloud.gate.sent.values()) <= 1.2 * len(data)


def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses(cloud, bucket):
    first = objects.put(f"{bucket}/a", b"1", "create")
    dropped = []

    def drop_the_answer(method, path):
        if method == "PUT" and not dropped:
            dropped.append(path)
            objects.put(f"{bucket}/a", b"2", "overwrite")  # the write succeeded
            raise Reset
        return

    cloud.gate.fault = drop_the_answer
    mode = {"version": first.generation} if first.generation else {"e_tag": f'"{first.etag}"'}
    assert objects.put(f"{bucket}/a", b"2", mode).etag == objects.head(f"{bucket}/a").etag


def test_an_outage_is_no_fault_of_the_track(cloud, uri, tmp_path, monkeypatch):
    put(cloud, uri, sounds.encoded(tmp_path, "wav"))
    monkeypatch.setattr(object_errors, "PATIENCE_S", 0.5)
    cloud.gate.fault = lambda method, path: 503
    with pytest.raises(StoreDown, match="no answer from the store") as caught, open_source(uri):
        pass
    assert str(caught.value).count("\n") == 0
    monkeypatch.setattr(object_errors, "PATIENCE_S", 1000.0)
    cloud.gate.reset()
    cloud.gate.fault = lambda method, path: 503
    with pytest.raises(StoreDown), open_source(uri):  # a store that was found down is not waited for again
        pass
    assert cloud.gate.requests["GET"] <= 2
