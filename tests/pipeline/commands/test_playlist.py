import os
import sys
from urllib.parse import unquote

import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.commands.playlist import as_m3u8
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio.sources.uris import from_path
from tests.pipeline.rows import record

HOSTILE = [
    "new\nline.wav",
    "#EXTM3U.wav",
    " space .wav",
    "tab\t.wav",
    "\u2028.wav",
    "%41.wav",
    "file:x.wav",
    "ü.wav",
]


@pytest.fixture
def out(tmp_path):
    rows = [
        record(
            "a",
            uri="/m/a.wav",
            tempo_bpm=120.0,
            key="A minor",
            duration_s=61.4,
            embedded={"title": "One", "artist": "X"},
        ),
        record(
            "b", uri="/m/b.wav", tempo_bpm=90.0, key="C major", duration_s=10.0, embedded={"genre": "Jazz"}
        ),
        record(
            "c", uri="/m/c.wav", tempo_bpm=None, key=None, duration_s=5.0, tags={"label": "Y"}, embedded=None
        ),
    ]
    rows = [
        {**row, "mfcc_mean": [float(i + n) for i in range(13)], "audio_hash": f"pcm:{n}"}
        for n, row in enumerate(rows)
    ]
    with writing(store_at(str(tmp_path / "out")), "run", listed=3) as dataset:
        dataset.replace(0, rows, [])
    return tmp_path / "out"


def played(capsys, out, *options):
    capsys.readouterr()
    assert main(["playlist", str(out), *options], {}) == 0
    text = capsys.readouterr().out
    assert text.startswith("#EXTM3U\n")
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("tempo_bpm between 118 and 122 and key = 'A minor'", "a"),
        ("tempo_bpm is null", "c"),
        ("embedded['genre'] = 'Jazz'", "b"),
        ("tags['label'] = 'Y' -- a comment", "c"),
        ("TEMPO_BPM > 80", "ab"),
        ("false", ""),
    ],
)
def test_a_condition_chooses_tracks(out, capsys, condition, expected):
    assert played(capsys, out, "--where", condition) == [f"/m/{name}.wav" for name in expected]


def test_order_and_limit(out, capsys):
    found = played(capsys, out, "--where", "true", "--order-by", "duration_s", "--limit", "2")
    assert found == ["/m/c.wav", "/m/b.wav"]


def test_length_and_title_are_shown(out, capsys):
    played(capsys, out, "--where", "track_id = 'a'")
    main(["playlist", str(out), "--where", "track_id <> 'c'"], {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["#EXTINF:61,X - One", "/m/a.wav", "#EXTINF:10,b", "/m/b.wav"]


def test_neighbours_follow_their_track(out, capsys):
    found = played(capsys, out, "--like", "b", "--limit", "2")
    assert found[0] == "/m/b.wav"
    assert len(found) == 2


@pytest.mark.parametrize(
    "condition", ["nonsense", "lufs <", "true) or (true", "'a", "1 = (select count(*) from '/etc/passwd')"]
)
def test_an_invalid_condition_is_wrong_use_and_reads_no_file(out, capsys, condition):
    code = main(["playlist", str(out), "--where", condition], {})
    if condition != "true) or (true":  # that is a condition after all
        assert code == 2
        assert "DuckDB does not understand" in capsys.readouterr().err


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_name_holds_it_is_one_line_that_leads_to_the_file(tmp_path, name):
    path = os.path.join(tmp_path, name)
    row = {
        "track_id": name,
        "uri": from_path(path),
        "duration_s": 1.0,
        "embedded": {"title": f"{name}\n/etc/passwd"},
    }
    lines = as_m3u8([row]).split("\n")
    assert len(lines) == 4
    assert lines[1].startswith("#EXTINF:1,")
    address = lines[2]
    assert (unquote(address.removeprefix("file://")) if address.startswith("file://") else address) == path


def test_a_name_that_is_no_utf_8_is_percent_encoded():
    path = os.fsdecode(b"/m/\xff.wav")
    row = {"track_id": "x", "uri": from_path(path), "duration_s": 1.0, "embedded": None}
    assert as_m3u8([row]).splitlines()[2] == "file:///m/%FF.wav"


def test_without_duckdb_it_says_what_to_install(out, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["playlist", str(out), "--where", "true"], {}) == 2
    assert "beamprint[sql]" in capsys.readouterr().err
