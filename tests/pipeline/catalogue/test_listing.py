import glob
import os
import time

import pytest

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.sources.uris import to_path
from tests import sounds


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


@pytest.mark.slow
def test_a_hundred_thousand_files_are_listed_in_seconds(tmp_path):
    for folder in range(100):
        (tmp_path / str(folder)).mkdir()
        for i in range(1000):
            (tmp_path / str(folder) / f"{i}.wav").touch()
    started = time.monotonic()
    assert len(list_tracks([str(tmp_path)]).tracks) == 100_000
    print(f"listed in {time.monotonic() - started:.2f} s")
