"""Manifests as people have them: every case is a file that some program writes."""

import csv
import gzip
import io
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.catalogue import manifest
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError


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
    (tmp_path / "lists/music").mkdir(parents=True)
    (tmp_path / "lists/music/ä, b.wav").write_bytes(b"some bytes")
    (tmp_path / "c.wav").write_bytes(b"some bytes")
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


# Formats

TWO = [("a.wav", "one", {"year": "1999"}), ("b.wav", None, {})]
PATHS = [("a.wav", None, {}), ("b c.wav", None, {})]

FORMATS = {
    "m.csv": (b"uri,track_id,year\na.wav,one,1999\nb.wav,,\n", TWO),
    "m.tsv": (b"uri\ttrack_id\tyear\na.wav\tone\t1999\nb.wav\t\t\n", TWO),
    "m.jsonl": (b'{"uri": "a.wav", "track_id": "one", "year": 1999}\n{"uri": "b.wav"}\n', TWO),
    "m.ndjson": (b'{"uri": "a.wav", "track_id": "one", "year": 1999}\n{"uri": "b.wav"}', TWO),
    "m.json": (b'[{"uri": "a.wav", "track_id": "one", "year": 1999},\n {"uri": "b.wav"}\n]\n', TWO),
    "m.txt": (b"a.wav\r\n\r\nb c.wav", PATHS),
    "m.m3u": (b"#EXTM3U\n#EXTINF:3,A - B\na.wav\n\nb c.wav\n", PATHS),
    "m.m3u8": (b"\xef\xbb\xbf#EXTM3U\r\na.wav\r\nb c.wav\r\n", PATHS),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_read_plain_and_packed(rows, name):
    content, expected = FORMATS[name]
    assert rows(name, content) == expected
    assert rows(name.upper() + ".gz", gzip.compress(content, mtime=0)) == expected
    assert rows(name, gzip.compress(content, mtime=0)) == expected  # a download whose name lost its ending
    assert rows(name + ".gz", content) == expected  # one that was unpacked on the way


def test_packed_parquet_is_read(rows):
    file = io.BytesIO()
    pq.write_table(pa.table({"uri": ["a.wav", "b.wav"]}), file)
    assert rows("m.parquet.gz", gzip.compress(file.getvalue(), mtime=0)) == [
        ("a.wav", None, {}),
        ("b.wav", None, {}),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "x.xlsx",
        "x.yaml",
        "x.xspf",
        "x.pls",
        "x.cue",
        "x.feather",
        "x.csv.bz2",
        "x.csv.zip",
        "x.html",
        "playlist",
    ],
)
def test_an_unsupported_format_is_wrong_use_and_names_the_supported_ones(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 whatever, a.wav\n" * 100)
    with pytest.raises(UsageError, match=r"not audio.*\.csv, \.tsv.*\.m3u8.*\.gz"):
        list_tracks([str(tmp_path / name)])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.json", b'{"tracks": [{"uri": "a.wav"}]}', "no array of objects"),
        ("m.json", b'{"uri": "a.wav"}\n{"uri": "b.wav"}\n', r"name it \.jsonl"),
        ("m.json", b'[{"uri": "a.wav"}', "does not end as it should after row 1"),
        ("m.json", b'[{"uri": "a.wav"}] x', "does not end as it should after row 1"),
        ("m.json", b'[{"uri": "a.wav"},]', "row 2: not JSON"),
        ("m.json", b'["a.wav"]', "row 1: not a JSON object"),
        ("m.json", b"[]", "is empty"),
        ("m.json", b" \n", "is empty"),
        ("m.json", b"[" * 100_000, "row 1: not JSON"),
        ("m.jsonl", b'{"uri": "a.wav", "uri": "b.wav"}', "row 1: not JSON: a name stands twice"),
        ("m.jsonl", b'{"uri": "a.wav", "uri ": "b.wav"}', "row 1: two names"),
        ("m.jsonl", b'{"uri": ["a.wav"]}', "row 1: its uri is no text"),
        ("m.jsonl", b'{"uri": "a.wav", "x": "\\ud800"}', "row 1: text that is not Unicode"),
        ("m.txt", b"a.wav\nRecorded in 1999, mostly.\n", "row 2: .* is not the name of an audio file"),
        ("m.txt", b"uri\ttitle\na.wav\tA\n", r"row 1: .* a table is \.csv or \.tsv"),
        ("m.txt", b"", "is empty"),
        ("m.m3u", b"#EXTM3U\n", "is empty"),
        ("m.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nseg0.ts\n", "playlist of a stream"),
        ("m.m3u8", b"http://radio/a.mp3\n", "row 1: http:// is not supported"),
        ("m.csv", b"uri,title\na.wav,caf\xe9\n", "it is not UTF-8 .*; save it so"),
        ("m.csv", b'uri,title\na.wav,"A" (live)\n', "cannot be read: row 2: "),
        ("m.csv.gz", gzip.compress(b"uri\n" + b"a.wav\n" * 1000, mtime=0)[:-9], "cannot be read"),
        ("m.csv.gz", b"\x1f\x8b" + b"garbage" * 10, "cannot be read"),
        ("m.csv.gz", gzip.compress(os.urandom(1000), mtime=0)[:-500] + bytes(500), "cannot be read"),
    ],
)
def test_a_manifest_that_may_be_misread_is_wrong_use(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message) as raised:
        list_tracks([str(tmp_path / name)])
    assert "\n" not in str(raised.value)
    assert name in str(raised.value)


def test_a_pipe_is_no_manifest_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.csv")
    with pytest.raises(UsageError, match="neither file nor folder; give - for standard input"):
        list_tracks([str(tmp_path / "m.csv")])


@pytest.mark.parametrize(
    "content",
    [
        b"uri,track_id\na.wav,one\n",
        b"\xef\xbb\xbf\r\nuri;track_id\r\na.wav;one\r\n",
        b'{"uri": "a.wav", "track_id": "one"}\n',
        b' \n[{"uri": "a.wav", "track_id": "one"}]',
        gzip.compress(b'{"uri": "a.wav", "track_id": "one"}\n', mtime=0),
        "uri,track_id\na.wav,one\n".encode("utf-16"),
        '{"uri": "a.wav", "track_id": "one"}'.encode("utf-16"),
    ],
)
def test_standard_input_is_a_manifest_and_paths_are_relative_to_the_working_folder(
    tmp_path, monkeypatch, content
):
    (tmp_path / "a.wav").write_bytes(b"some bytes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    manifest._standard_input.cache_clear()
    for _ in range(2):  # the graph lists again
        (track,) = list_tracks(["-"]).tracks
        assert (track.track_id, track.uri, track.size) == ("one", str(tmp_path / "a.wav"), 10)


def test_errors_of_standard_input_name_it(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"uri\n\nhdfs://x/a.wav\n")))
    manifest._standard_input.cache_clear()
    with pytest.raises(UsageError, match="standard input row 3: hdfs://"):
        list_tracks(["-"])
    monkeypatch.setattr(sys, "stdin", None)  # closed: `<&-`
    manifest._standard_input.cache_clear()
    with pytest.raises(UsageError, match="standard input is closed"):
        list_tracks(["-"])
