"""Names that objects may have and most files have not: each is listed, read and named under one uri."""

import json
import unicodedata
from urllib.parse import quote

import pytest

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio import objects
from tests.emulators import ask
from tests.pipeline.rows import record

NAMES = [
    *("a b.wav", " before.wav", "behind .wav", "100%.wav", "a%20b.wav", "a%2Fb.wav", "a+b.wav", "a#b.wav"),
    *("a?b.wav", "a&b=c.wav", "two..dots.wav", "q*[1].wav", "~.wav", "a\\b.wav", "a'b\"c.wav", "a:b.wav"),
    *("<a|b>.wav", "A.WAV", "a;b.wav", "a,b.wav", "@{x}^`.wav", "😀.wav", "deep/er/x.wav", "sub./x.wav"),
    unicodedata.normalize("NFC", "é.wav"),
    unicodedata.normalize("NFD", "é.wav"),
    *("both.wav", "both.wav/inner.wav"),
]


def put_as_told(cloud, uri, data=b"data"):
    """Write as other programs can: our client would not write such names."""
    bucket, key = uri.split("://")[1].split("/", 1)
    if cloud.kind == "s3":
        status, *_ = ask(cloud.port, "PUT", f"/{bucket}/{quote(key)}", {}, data)
    else:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(key, safe='')}"
        status, *_ = ask(cloud.port, "POST", path, {"Content-Type": "application/octet-stream"}, data)
    assert status == 200


@pytest.fixture
def bucket(cloud):
    bucket = cloud.new_bucket()
    for name in NAMES:
        put_as_told(cloud, f"{bucket}/in/{name}", name.encode())
    return bucket


def uris(listing):
    return sorted(track.uri for track in listing.tracks)


def test_every_name_is_listed_once_and_can_be_read_and_named(bucket, tmp_path):
    listing = list_tracks([f"{bucket}/in"])
    assert uris(listing) == sorted(f"{bucket}/in/{name}" for name in NAMES)
    for track in listing.tracks:
        assert objects.get(track.uri, etag=track.version).data == track.track_id.encode()
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps({"uri": uri}) + "\n" for uri in uris(listing)))
    assert uris(list_tracks([str(manifest)])) == uris(listing)
    assert uris(list_tracks([*uris(listing)])) == uris(listing)


def test_a_name_that_is_object_and_folder_can_be_either(bucket):
    assert uris(list_tracks([f"{bucket}/in/both.wav"])) == [f"{bucket}/in/both.wav"]
    assert uris(list_tracks([f"{bucket}/in/both.wav/"])) == [f"{bucket}/in/both.wav/inner.wav"]


def test_empty_objects_are_tracks_but_not_those_that_stand_for_folders(cloud, bucket):
    for name in ("in/", "in/folder/", "in/folder.wav/", "in/both.wav/"):
        put_as_told(cloud, f"{bucket}/{name}", b"")
    put_as_told(cloud, f"{bucket}/in/empty.wav", b"")
    assert uris(list_tracks([f"{bucket}/in"])) == sorted(
        f"{bucket}/in/{name}" for name in [*NAMES, "empty.wav"]
    )


def test_a_whole_bucket_is_a_folder_and_a_place_for_a_dataset(cloud, bucket):
    for root in (bucket, f"{bucket}/"):
        assert uris(list_tracks([root])) == sorted(f"{bucket}/in/{name}" for name in NAMES)
    empty = cloud.new_bucket()
    with writing(store_at(empty), "run", listed=1, bucket_tracks=10) as dataset:
        dataset.replace(dataset.bucket_of("a"), [record("a")], [])
    assert Dataset.open(store_at(f"{empty}/")).fingerprints()["track_id"].to_pylist() == ["a"]


@pytest.mark.parametrize("name", ["a//b.wav", "/b.wav", "./b.wav", "a/../b.wav", "a\tb.wav"])
def test_a_name_that_cannot_be_read_is_named_on_a_line(cloud, name):
    bucket = cloud.new_bucket()
    put_as_told(cloud, f"{bucket}/in/{name}")
    with pytest.raises(UsageError, match="rename the object") as caught:
        list_tracks([f"{bucket}/in"])
    assert "\n" not in str(caught.value)
