"""Names that objects may have and most files have not: each is listed, read and named under one uri."""

import json
import unicodedata

import pytest

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import StoreRefuses
from tests.pipeline.rows import record

NAMES = [
    *("a b.wav", " before.wav", "behind .wav", "100%.wav", "a%20b.wav", "a%2Fb.wav", "a+b.wav", "a#b.wav"),
    *("a?b.wav", "a&b=c.wav", "two..dots.wav", "q*[1].wav", "~.wav", "a\\b.wav", "a'b\"c.wav", "a:b.wav"),
    *("<a|b>.wav", "A.WAV", "a;b.wav", "a,b.wav", "@{x}^`.wav", "😀.wav", "deep/er/x.wav", "sub./x.wav"),
    unicodedata.normalize("NFC", "é.wav"),
    unicodedata.normalize("NFD", "é.wav"),
    *("both.wav", "both.wav/inner.wav"),
    *(
        "b.wav",
        "/b.wav",
        "//b.wav",
        "./b.wav",
        "../b.wav",
        "b.wav/",
        "a/b.wav",
        "a//b.wav",
        "a/./b.wav",
        "a/../b.wav",
    ),
    *("a\tb.wav", "a\rb.wav", "\x7f.wav", "a&#47;b.wav", "a%2F%2Fb.wav"),
]
OF_LINES = "a\nb.wav"  # moto knows no such name


@pytest.fixture
def names(cloud):
    return [*NAMES, *([OF_LINES] if cloud.kind == "gs" else [])]


@pytest.fixture
def bucket(cloud, names):
    bucket = cloud.new_bucket()
    for name in names:
        cloud.put(f"{bucket}/in/{name}", name.encode())
    return bucket


def uris(listing):
    return sorted(track.uri for track in listing.tracks)


def test_every_name_is_listed_once_and_can_be_read_and_named(bucket, names, tmp_path):
    listing = list_tracks([f"{bucket}/in"])
    assert uris(listing) == sorted(f"{bucket}/in/{name}" for name in names)
    for track in listing.tracks:
        assert objects.get(track.uri, etag=track.version).data == track.track_id.encode()
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps({"uri": uri}) + "\n" for uri in uris(listing)))
    assert uris(list_tracks([str(manifest)])) == uris(listing)
    assert uris(list_tracks([*uris(listing)])) == uris(listing)


def test_a_name_that_is_object_and_folder_can_be_either(bucket):
    assert uris(list_tracks([f"{bucket}/in/both.wav"])) == [f"{bucket}/in/both.wav"]
    assert uris(list_tracks([f"{bucket}/in/both.wav/"])) == [f"{bucket}/in/both.wav/inner.wav"]


def test_empty_objects_are_tracks_but_not_those_that_stand_for_folders(cloud, bucket, names):
    for name in ("in/", "in/folder/", "in/folder.wav/", "in/both.wav/"):
        cloud.put(f"{bucket}/{name}", b"")
    cloud.put(f"{bucket}/in/empty.wav", b"")
    assert uris(list_tracks([f"{bucket}/in"])) == sorted(
        f"{bucket}/in/{name}" for name in [*names, "empty.wav"]
    )


def test_a_whole_bucket_is_a_folder_and_a_place_for_a_dataset(cloud, bucket, names):
    for root in (bucket, f"{bucket}/"):
        assert uris(list_tracks([root])) == sorted(f"{bucket}/in/{name}" for name in names)
    empty = cloud.new_bucket()
    with writing(store_at(empty), "run", listed=1, bucket_tracks=10) as dataset:
        dataset.replace(dataset.bucket_of("a"), [record("a")], [])
    assert {entry.name.split("/")[0] for entry in store_at(empty).list("")} >= {
        "_beamprint.json",
        "fingerprints",
    }
    assert Dataset.open(store_at(f"{empty}/")).fingerprints()["track_id"].to_pylist() == ["a"]


def test_slashes_at_the_start_of_a_bucket_count(cloud):
    bucket = cloud.new_bucket()
    names = ["b.wav", "/b.wav", "//b.wav", "/c.wav", "c.wav/"]
    for name in names:
        cloud.put(f"{bucket}/{name}", name.encode())
    for track in list_tracks([bucket]).tracks:
        assert objects.get(track.uri).data == track.uri.removeprefix(f"{bucket}/").encode()
    assert uris(list_tracks([bucket])) == sorted(f"{bucket}/{name}" for name in names)
    assert uris(list_tracks([f"{bucket}//*.wav"])) == [f"{bucket}//b.wav", f"{bucket}//c.wav"]


@pytest.mark.parametrize("name", ["/b.wav", "b.wav/", "a//b.wav", "a/./b.wav", "x/../b.wav", ""])
def test_a_name_that_is_not_there_is_no_other(cloud, tmp_path, name):
    bucket = cloud.new_bucket()
    for other in ("b.wav", "a/b.wav"):
        cloud.put(f"{bucket}/{other}")
    with pytest.raises(FileNotFoundError):
        objects.get(f"{bucket}/{name}")
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"uri": f"{bucket}/{name}"}))
    (track,) = list_tracks([str(tmp_path / "manifest.jsonl")]).tracks
    assert (track.uri, track.size) == (f"{bucket}/{name}", None)
    for call in (lambda uri: objects.put(uri, b"", "overwrite"), lambda uri: objects.remove(bucket, [name])):
        with pytest.raises(StoreRefuses, match="never written"):
            call(f"{bucket}/{name}")
    assert objects.get(f"{bucket}/b.wav").data == objects.get(f"{bucket}/a/b.wav").data == b"data"


def test_markers_of_folders_do_not_disturb_a_dataset(cloud):
    store = store_at(f"{cloud.new_bucket()}/out")
    for name in ("", "fingerprints/", "_scratch/partials/"):
        cloud.put(f"{store.uri()}/{name}", b"")
    with writing(store, "run", listed=1) as dataset:
        dataset.replace(0, [record("a")], [])
    assert [entry.name for entry in store.list("fingerprints")] == ["fingerprints/bucket-00000.parquet"]
    store.clear("fingerprints")
    assert store.list("fingerprints") == []
