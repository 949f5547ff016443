"""Folders, globs, files and manifests in buckets."""

import pytest

from beamprint.pipeline.catalogue.bounds import Bounds
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.sources import objects

KEYS = ["a.wav", "b/c d.flac", "b/deep/ü.mp3", "b/notes.txt", "b/.hidden/x.wav", "b/._x.wav", "b2/e.wav"]


@pytest.fixture
def bucket(cloud):
    bucket = cloud.new_bucket()
    for key in KEYS:
        put(f"{bucket}/music/{key}", key.encode())
    cloud.gate.reset()
    return bucket


def put(uri, data):
    return objects.put(uri, data, "overwrite").etag


def ids(*inputs):
    return {track.track_id for track in list_tracks(inputs).tracks}


def test_a_folder_gives_the_objects_below_it_with_sizes_and_versions(cloud, bucket):
    listing = list_tracks([f"{bucket}/music/"])
    tracks = {track.track_id: track for track in listing.tracks}
    assert tracks.keys() == {"a.wav", "b/c d.flac", "b/deep/ü.mp3", "b2/e.wav"}
    assert listing.ignored == 2
    track = tracks["b/c d.flac"]
    assert (track.uri, track.size) == (f"{bucket}/music/b/c d.flac", 10)
    assert track.version == objects.head(track.uri).etag
    assert cloud.gate.requests["GET"] <= 2
    assert ids(f"{bucket}/music") == tracks.keys()
    assert ids(bucket) == {f"music/{track_id}" for track_id in tracks}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("music/*.wav", {"a.wav"}),
        ("music/b/**", {"c d.flac", "deep/ü.mp3"}),
        ("music/**/*.mp3", {"b/deep/ü.mp3"}),
        ("music/b*", {"b/c d.flac", "b/deep/ü.mp3", "b2/e.wav"}),
        ("mus[i]c/?.wav", {"music/a.wav"}),
        ("music/b/.hidden/*", {"x.wav"}),
    ],
)
def test_a_glob(bucket, pattern, expected):
    assert ids(f"{bucket}/{pattern}") == expected


def test_a_file_and_missing_objects(bucket):
    assert ids(f"{bucket}/music/a.wav") == {f"{bucket}/music/a.wav"}
    # The other emulator answers 500.
    nowhere = ["s3://no-such-bucket/music"] if bucket.startswith("s3") else []
    for missing in (f"{bucket}/music/b/c", f"{bucket}/nothing/*.wav", *nowhere):
        with pytest.raises(UsageError, match=missing.replace("*", "[*]")):
            list_tracks([missing])


def test_a_manifest_in_a_bucket_names_files_beside_it_and_elsewhere(cloud, bucket, tmp_path):
    local = tmp_path / "l.wav"
    local.write_bytes(b"1234")
    rows = [
        "uri",
        "a.wav",
        "b/c d.flac",
        "gone.wav",
        f"{bucket}/music/b2/e.wav",
        f"{local}",
        "../music/b/../a.wav",
    ]
    put(f"{bucket}/music/m.csv", "\n".join(rows).encode())
    sizes = {track.uri: track.size for track in list_tracks([f"{bucket}/music/m.csv"]).tracks}
    assert sizes == {
        f"{bucket}/music/a.wav": 5,
        f"{bucket}/music/b/c d.flac": 10,
        f"{bucket}/music/gone.wav": None,
        f"{bucket}/music/b2/e.wav": 8,
        str(local): 4,
    }


def test_a_local_manifest_of_many_objects_is_held_against_a_listing(cloud, tmp_path):
    bucket = cloud.new_bucket()
    names = [f"{bucket}/all/{number:02}.wav" for number in range(30)]
    etags = {name: put(name, name.encode()) for name in names}
    (tmp_path / "m.txt").write_text("\n".join(names))
    cloud.gate.reset()
    tracks = list_tracks([str(tmp_path / "m.txt")]).tracks
    assert {track.uri: track.version for track in tracks} == etags
    assert cloud.gate.requests.total() <= 2


def test_a_forbidden_listing_is_reported(cloud, bucket):
    cloud.gate.fault = lambda method, path: 403
    with pytest.raises(UsageError, match=f"{bucket}/music: access refused") as caught:
        list_tracks([f"{bucket}/music"])
    assert "\n" not in str(caught.value)


def test_bounds_hold_for_stores(bucket, tmp_path):
    with pytest.raises(UsageError, match="outside of --root"):
        list_tracks([f"{bucket}/music"], Bounds.given([str(tmp_path)], []))
    with pytest.raises(UsageError, match="--allow-scheme"):
        list_tracks([f"{bucket}/music"], Bounds.given([], ["file"]))
    assert list_tracks([f"{bucket}/music"], Bounds.given([], [bucket.partition(":")[0]])).tracks
