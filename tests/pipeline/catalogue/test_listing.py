import csv
import glob
import io
import json
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.commands import failures
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio.uris import to_path
from tests import sounds
from tests.pipeline.rows import failure


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"some bytes")
    return folder


def ids(*inputs):
    return [track.track_id for track in list_tracks(map(str, inputs)).tracks]


# Folders, globs, files


def test_a_folder_is_searched_to_its_depths(tmp_path):
    put(tmp_path, "b.wav", "a/x.FLAC", "a/deep/y.mp3")
    assert ids(tmp_path) == ["a/deep/y.mp3", "a/x.FLAC", "b.wav"]


def test_hidden_files_and_files_that_are_not_audio_are_passed_over_and_counted(tmp_path):
    put(
        tmp_path,
        "a.wav",
        "._a.wav",
        ".hidden/b.wav",
        ".c.wav",
        "lost+found/c.wav",
        "cover.jpg",
        "notes.txt",
        "no_suffix",
    )
    listing = list_tracks([str(tmp_path)])
    assert [track.track_id for track in listing.tracks] == ["a.wav"]
    assert listing.ignored == 5  # neither what macOS nor what the file system puts there


def test_a_name_that_begins_with_more_than_one_dot_is_not_hidden(tmp_path):
    put(tmp_path, "...And Justice for All/01.mp3", "..first.wav", ".git/x.wav")
    assert ids(tmp_path) == ["...And Justice for All/01.mp3", "..first.wav"]
    assert ids(tmp_path / "*" / "*.mp3") == ["...And Justice for All/01.mp3"]
    assert ids(tmp_path / "**" / "*.mp3") == ["...And Justice for All/01.mp3"]
    listing = list_tracks([str(tmp_path / "**/*")])
    assert (len(listing.tracks), listing.ignored) == (2, 1)
    assert ids(tmp_path / ".g*" / "*.wav") == [".git/x.wav"]  # asked for


def test_size_and_time_are_taken_while_listing(tmp_path):
    put(tmp_path, "a.wav")
    (track,) = list_tracks([str(tmp_path)]).tracks
    assert track.size == 10
    assert track.version == str((tmp_path / "a.wav").stat().st_mtime_ns)
    assert track.uri == str(tmp_path / "a.wav")


def test_the_uri_is_absolute_wherever_the_command_runs(tmp_path, monkeypatch):
    put(tmp_path, "music/a.wav")
    monkeypatch.chdir(tmp_path)
    for given in ("music", "./music/", "music/../music", "music/*.wav"):
        (track,) = list_tracks([given]).tracks
        assert (track.track_id, track.uri) == ("a.wav", str(tmp_path / "music/a.wav"))


def test_a_single_file_is_known_by_its_uri_whatever_its_name(tmp_path):
    put(tmp_path, "a.wav")
    sounds.write(tmp_path / "a.tone.wav", sounds.song(0.1)).rename(tmp_path / "odd.name")
    assert ids(tmp_path / "a.wav", tmp_path / "odd.name") == [
        str(tmp_path / "a.wav"),
        str(tmp_path / "odd.name"),
    ]


def test_a_glob_names_tracks_below_its_fixed_part(tmp_path):
    put(tmp_path, "music/a/x.wav", "music/b/y.wav", "music/b/z.ogg", "music/b/z.txt")
    assert ids(tmp_path / "music/*/*.wav") == ["a/x.wav", "b/y.wav"]
    listing = list_tracks([str(tmp_path / "music/**/*")])
    assert [track.track_id for track in listing.tracks] == ["a/x.wav", "b/y.wav", "b/z.ogg"]
    assert ids(tmp_path / "mus*") == ["music/a/x.wav", "music/b/y.wav", "music/b/z.ogg"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path):
    put(tmp_path, "a[1].wav", "a1.wav")
    assert ids(tmp_path / "a[1].wav") == [str(tmp_path / "a[1].wav")]


def test_links_are_followed_but_not_in_circles(tmp_path):
    put(tmp_path, "music/a.wav", "elsewhere/b.wav")
    (tmp_path / "music/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "music")
    assert ids(tmp_path / "music") == ["a.wav", "more/b.wav"]


def test_a_link_to_nothing_is_a_track_without_size_and_a_pipe_is_no_track(tmp_path):
    put(tmp_path, "a.wav")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    listing = list_tracks([str(tmp_path)])
    assert [(track.track_id, track.size) for track in listing.tracks] == [("a.wav", 10), ("gone.wav", None)]
    assert listing.ignored == 1


def test_path_bytes_that_are_no_text_are_percent_encoded_and_lead_back_to_the_file(tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9 100%.wav"
    with open(raw, "wb") as file:
        file.write(b"some bytes")
    (track,) = list_tracks([str(tmp_path)]).tracks
    assert track.track_id == "caf%E9 100%.wav"
    track.uri.encode()
    assert os.fsencode(to_path(track.uri)) == raw


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "input .*nowhere does not exist"),
        ("list.csv", "manifest .*list.csv does not exist"),
        ("*.wav", "matches nothing"),
        ("hdfs://host/music", "hdfs:// is not supported"),
        ("file://elsewhere/a.wav", "another host"),
    ],
)
def test_an_input_that_is_not_there_is_wrong_use(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        list_tracks([name])


def test_a_folder_without_audio_is_wrong_use(tmp_path):
    put(tmp_path, "cover.jpg")
    with pytest.raises(UsageError, match=r"no audio files \(1 others\)"):
        list_tracks([str(tmp_path)])
    with pytest.raises(UsageError, match="no input"):
        list_tracks([])


def test_a_folder_that_cannot_be_listed_is_reported_and_the_others_are_done(tmp_path, monkeypatch):
    put(tmp_path, "a.wav", "locked/b.wav", "more/c.wav")
    scandir = os.scandir

    def refusing(path):
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = list_tracks([str(tmp_path), str(tmp_path)])
    assert [track.track_id for track in listing.tracks] == ["a.wav", "more/c.wav"]
    assert listing.unlisted == (f"folder {tmp_path / 'locked'} cannot be listed: Permission denied",)
    with pytest.raises(UsageError, match="locked cannot be listed: Permission denied"):
        list_tracks([str(tmp_path / "locked")])


@pytest.mark.parametrize("pattern", ["", "**", "**/*.wav"])
def test_folders_too_deep_to_be_searched_are_reported(tmp_path, monkeypatch, pattern):
    put(tmp_path, "a.wav")
    monkeypatch.chdir(tmp_path)
    for _ in range(300):
        os.mkdir("d")
        os.chdir("d")
    listing = list_tracks([str(tmp_path / pattern)])
    assert [track.track_id for track in listing.tracks] == ["a.wav"]
    (said,) = listing.unlisted
    assert said.endswith("/d cannot be listed: it lies too deep")


def test_a_folder_that_a_glob_cannot_list_is_reported(tmp_path, monkeypatch):
    put(tmp_path, "a/x.wav", "locked/b.wav")
    scandir = os.scandir

    def refusing(path):
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    for pattern in ("*/*.wav", "**/*.wav", "**"):
        listing = list_tracks([str(tmp_path / pattern)])
        assert [track.track_id for track in listing.tracks] == ["a/x.wav"]
        assert listing.unlisted == (f"folder {tmp_path / 'locked'} cannot be listed: Permission denied",)


def test_a_glob_finds_what_pythons_own_finds(tmp_path):
    put(tmp_path, "a/b/c.wav", "a/b/d.wav", "a/e.wav", "b/b/c.wav", "b1/b/c.wav", "f.wav", "a/b/b/g.wav")
    (tmp_path / "b/up").symlink_to(tmp_path)
    patterns = ["*/*/*.wav", "**/b/*.wav", "a/**/*.wav", "**/b/**/c.wav", "[ab]/b/?.wav", "b*/b/c.wav"]
    for pattern in patterns:
        found = {track.uri for track in list_tracks([str(tmp_path / pattern)]).tracks}
        truth = set(glob.glob(str(tmp_path / pattern), recursive=True))
        resolved = {os.path.realpath(path) for path in truth}
        assert {os.path.realpath(path) for path in found} == resolved, pattern


def test_a_link_to_itself_is_a_track_that_cannot_be_read(tmp_path):
    put(tmp_path, "a.wav")
    (tmp_path / "circle.wav").symlink_to("circle.wav")
    (tmp_path / "folder").symlink_to("folder")
    assert ids(tmp_path) == ["a.wav", "circle.wav"]


# One id, one track


def test_the_same_row_twice_counts_once(tmp_path):
    put(tmp_path, "a.wav", "b.wav")
    listing = list_tracks([str(tmp_path), str(tmp_path)])
    assert len(listing.tracks) == 2
    assert listing.repeated == 2


def test_one_id_with_two_uris_is_wrong_use_and_names_both(tmp_path):
    put(tmp_path, "one/a.wav", "two/a.wav")
    with pytest.raises(UsageError, match=r"track_id a.wav .*one/a\.wav and .*two/a\.wav"):
        list_tracks([str(tmp_path / "one"), str(tmp_path / "two")])


def test_both_rows_of_a_manifest_are_named(tmp_path):
    (tmp_path / "m.csv").write_text("track_id,uri\nx,a.wav\ny,b.wav\nx,c.wav\n")
    with pytest.raises(UsageError, match=r"track_id x .*m\.csv row 2 and .*m\.csv row 4"):
        list_tracks([str(tmp_path / "m.csv")])


def test_one_id_with_two_sets_of_tags_is_wrong_use(tmp_path):
    (tmp_path / "m.csv").write_text("uri,year\na.wav,1999\na.wav,2001\n")
    with pytest.raises(UsageError, match=r"1999.*2001.*row 2 and .*row 3"):
        list_tracks([str(tmp_path / "m.csv")])


# Manifests


def csv_manifest(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def jsonl_manifest(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def parquet_manifest(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS = {"m.csv": csv_manifest, "m.jsonl": jsonl_manifest, "m.parquet": parquet_manifest}


@pytest.mark.parametrize("name", WRITERS)
def test_a_manifest_gives_ids_uris_and_tags(tmp_path, name):
    put(tmp_path, "lists/music/ä, b.wav", "c.wav")
    rows = [
        {"uri": "music/ä, b.wav", "track_id": "one", "artist": 'A "quoted" one', "year": 1999},
        {"uri": str(tmp_path / "c.wav"), "track_id": None, "artist": "", "year": None},
    ]
    WRITERS[name](tmp_path / "lists" / name, rows)
    first, second = list_tracks([str(tmp_path / "lists" / name)]).tracks
    assert (first.track_id, first.uri, first.size) == ("one", str(tmp_path / "lists/music/ä, b.wav"), 10)
    assert first.tags == (("artist", 'A "quoted" one'), ("year", "1999"))
    assert (second.track_id, second.uri, second.tags) == (
        str(tmp_path / "c.wav"),
        str(tmp_path / "c.wav"),
        (),
    )


def test_values_that_are_no_text_become_json(tmp_path):
    (tmp_path / "m.jsonl").write_text(
        '{"uri": "a.wav", "genres": ["x", "ü"], "live": true, "n": 1.5, "none": null}\n\n'
    )
    (track,) = list_tracks([str(tmp_path / "m.jsonl")]).tracks
    assert track.tags == (("genres", '["x", "ü"]'), ("live", "true"), ("n", "1.5"))


def test_a_file_of_a_manifest_that_is_not_there_is_a_track_that_fails_later(tmp_path):
    (tmp_path / "m.csv").write_text("uri\nnowhere.wav\n\n.\n")
    tracks = list_tracks([str(tmp_path / "m.csv")]).tracks
    assert [(track.size, track.version) for track in tracks] == [(None, None), (None, None)]


def test_file_uris_are_paths(tmp_path):
    put(tmp_path, "a b.wav")
    (tmp_path / "m.csv").write_text(f"uri\nfile://{tmp_path}/a%20b.wav\n")
    (track,) = list_tracks([str(tmp_path / "m.csv")]).tracks
    assert (track.uri, track.size) == (str(tmp_path / "a b.wav"), 10)


def test_a_manifest_from_a_spreadsheet_is_read(tmp_path):
    (tmp_path / "m.csv").write_bytes(b'\xef\xbb\xbfuri,title\r\na.wav,"two\r\nlines"\r\n')
    (track,) = list_tracks([str(tmp_path / "m.csv")]).tracks
    assert track.tags == (("title", "two\r\nlines"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", b"", "is empty"),
        ("m.csv", b"uri,year\n", "is empty"),
        ("m.csv", b"path,year\na.wav,1\n", "has no column uri; its columns are path, year"),
        ("m.csv", b"uri,x,x\na.wav,1,2\n", "two columns named x"),
        ("m.csv", b"uri,x\na.wav,1,2\n", "row 2: 3 values for 2 columns"),
        ("m.csv", b"uri,x\n,1\n", "row 2: no uri"),
        ("m.csv", b"uri\n\xff.wav\n", "cannot be read"),
        ("m.csv", b'uri\n"a.wav\n', "cannot be read"),
        ("m.csv", b"uri\nhdfs://host/a.wav\n", "row 2: hdfs:// is not supported"),
        ("m.jsonl", b"", "is empty"),
        ("m.jsonl", b'{"uri": "a.wav"}\n{"uri"\n', "row 2: not JSON"),
        ("m.jsonl", b"[]\n", "row 1: not a JSON object"),
        ("m.jsonl", b"[" * 100_000 + b"\n", "row 1: not JSON"),
        ("m.jsonl", b'{"uri": "a\\u0000.wav"}\n', "row 1: .* holds a NUL"),
        ("m.csv", b"uri\nfile:///a%00.wav\n", "row 2: .* holds a NUL"),
        ("m.jsonl", b'{"path": "a.wav"}\n', "row 1: no uri"),
        ("m.jsonl", b'{"uri": "\\udcff.wav"}\n', "row 1: text that is not Unicode"),
        ("m.parquet", b"", "cannot be read"),
        ("m.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_a_malformed_manifest_is_wrong_use_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message) as raised:
        list_tracks([str(tmp_path / name)])
    assert "\n" not in str(raised.value)
    assert str(tmp_path / name) in str(raised.value)


def test_blank_lines_before_the_header_do_not_count(tmp_path):
    (tmp_path / "m.csv").write_text("\n\nuri,track_id\na.wav,one\n")
    assert ids(tmp_path / "m.csv") == ["one"]


def test_text_that_parquet_holds_as_bytes_is_text(tmp_path):
    parquet_manifest(tmp_path / "m.parquet", [{"uri": "ü.wav".encode(), "track_id": b"one"}])
    (track,) = list_tracks([str(tmp_path / "m.parquet")]).tracks
    assert (track.uri, track.track_id) == (str(tmp_path / "ü.wav"), "one")


def test_parquet_bytes_that_are_no_text_are_wrong_use(tmp_path):
    parquet_manifest(tmp_path / "m.parquet", [{"uri": b"\xff.wav"}])
    with pytest.raises(UsageError, match="cannot be read"):
        list_tracks([str(tmp_path / "m.parquet")])


def test_a_parquet_manifest_without_uri_names_its_columns(tmp_path):
    parquet_manifest(tmp_path / "m.parquet", [{"path": "a.wav"}])
    with pytest.raises(UsageError, match="no column uri; its columns are path"):
        list_tracks([str(tmp_path / "m.parquet")])


def test_failures_can_be_fed_back_as_a_manifest(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=2) as dataset:
        dataset.replace(
            0, [], [failure("a", tags={"year": "1999"}), failure("b", message='odd, "text"\nof two lines')]
        )
        text = failures.as_csv(failures.failures(dataset))
    assert next(csv.reader(io.StringIO(text)))[:3] == ["uri", "track_id", "year"]
    (tmp_path / "again.csv").write_text(text)
    tracks = list_tracks([str(tmp_path / "again.csv")]).tracks
    assert [(t.track_id, t.uri, t.tags) for t in tracks] == [
        ("a", "/music/a", (("year", "1999"),)),
        ("b", "/music/b", ()),
    ]


@pytest.mark.slow
def test_a_hundred_thousand_files_are_listed_in_seconds(tmp_path):
    for folder in range(100):
        (tmp_path / str(folder)).mkdir()
        for i in range(1000):
            (tmp_path / str(folder) / f"{i}.wav").touch()
    started = time.monotonic()
    assert len(list_tracks([str(tmp_path)]).tracks) == 100_000
    print(f"listed in {time.monotonic() - started:.2f} s")
