"""Manifests as people have them: every case is a file that some program writes."""

import csv
import datetime
import gzip
import io
import json
import math
import os
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.pipeline.catalogue import manifest
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.catalogue.manifest import read_manifest
from beamprint.pipeline.commands import failures
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.local_files import LocalFiles


@pytest.fixture
def rows(tmp_path):
    """Reads a manifest of a name and content: (uri, id, tags) of every row."""

    def read(name, content):
        (tmp_path / name).write_bytes(content)
        return [
            (row.uri, row.track_id, dict(row.tags))
            for row in read_manifest(LocalFiles(), str(tmp_path / name))
        ]

    return read


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


# Standard input


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


# CSV


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"uri,year,,\na.wav,1999,,\nb.wav,,,\n", [("a.wav", None, {"year": "1999"}), ("b.wav", None, {})]),
        (b"uri,year\na.wav,1999,,\n", [("a.wav", None, {"year": "1999"})]),
        (b"uri,year\n,\n\n  \na.wav,1999\n,\n", [("a.wav", None, {"year": "1999"})]),
        (b",uri,year\n0,a.wav,1999\n", [("a.wav", None, {"year": "1999"})]),  # pandas writes its index
        (b"uri, track_id , year\na.wav,one,1999\n", [("a.wav", "one", {"year": "1999"})]),
        (b"uri;track_id;year\na,b.wav;one;1999\n", [("a,b.wav", "one", {"year": "1999"})]),
        (b"sep=;\r\nuri;title\r\na,b.wav;A\r\n", [("a,b.wav", None, {"title": "A"})]),
        (b'uri,title\na.wav,"two\rlines"\n', [("a.wav", None, {"title": "two\rlines"})]),
        (b"uri,title\na.wav,two\rlines\n", [("a.wav", None, {"title": "two\rlines"})]),
        (b"uri,title\r\na.wav,two\rlines\r\n", [("a.wav", None, {"title": "two\rlines"})]),
        (
            b"uri,title\ra.wav,A\rb.wav,B\r",
            [("a.wav", None, {"title": "A"}), ("b.wav", None, {"title": "B"})],
        ),
        (b"uri,title\r\r\na.wav,A\r\r\n", [("a.wav", None, {"title": "A"})]),
        (b"uri,title\r\na.wav,A\r", [("a.wav", None, {"title": "A"})]),
        ("uri\ttitle\r\na.wav\tÄ\r\n".encode("utf-16"), [("a.wav", None, {"title": "Ä"})]),
        (
            "uri,title\na.wav,one\u2028line\x0b\x85\n".encode(),
            [("a.wav", None, {"title": "one\u2028line\x0b\x85"})],
        ),
    ],
)
def test_tables_are_read_as_spreadsheets_and_pandas_write_them(rows, content, expected):
    assert rows("m.csv", content) == expected


def test_a_field_may_be_long(rows):
    lyrics = "la " * 100_000
    assert rows("m.csv", f"uri,lyrics\na.wav,{lyrics}\n".encode()) == [("a.wav", None, {"lyrics": lyrics})]


def test_a_row_is_named_by_its_line(tmp_path):
    (tmp_path / "m.csv").write_text('\n\nuri,title\na.wav,"two\nlines"\n\n,x\n')
    with pytest.raises(UsageError, match="row 7: no uri"):
        list_tracks([str(tmp_path / "m.csv")])


_text = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufdd0"), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(_text, st.dictionaries(_text, _text, max_size=3)),
        min_size=1,
        max_size=4,
        unique_by=lambda r: r[0],
    )
)
def test_the_csv_of_failures_reads_back_as_the_same_tracks(tmp_path_factory, tracks):
    """The tags are those of a manifest: names without blanks around them, values that are not empty."""
    folder = tmp_path_factory.mktemp("manifest")
    tracks = [
        (track_id, {name.strip(): value for name, value in tags.items() if name.strip() not in ("", "uri")})
        for track_id, tags in tracks
    ]
    (folder / "first.jsonl").write_text(
        "".join(json.dumps({**tags, "uri": "/music/" + id_, "track_id": id_}) + "\n" for id_, tags in tracks)
    )
    listed = list_tracks([str(folder / "first.jsonl")]).tracks
    quarantine = [
        {
            "uri": track.uri,
            "track_id": track.track_id,
            "tags": [{"key": key, "value": value} for key, value in track.tags],
            **dict.fromkeys(failures._TOLD),
            "message": 'odd,\r\n"text"\rof lines',
        }
        for track in listed
    ]
    (folder / "again.csv").write_text(failures.as_csv(quarantine), newline="")
    again = list_tracks([str(folder / "again.csv")]).tracks
    assert [(t.track_id, t.uri, t.tags) for t in again] == [(t.track_id, t.uri, t.tags) for t in listed]
    reader = csv.DictReader(
        io.StringIO((folder / "again.csv").read_bytes().decode(), newline=""), strict=True
    )
    assert [row["uri"] for row in reader] == [track.uri for track in listed]  # others read it, too


# Parquet


def parquet(columns):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_times_and_numbers_of_parquet_are_text(rows):
    day = datetime.date(2024, 2, 29)
    kinds = {
        "ns": pa.array([1_709_164_800_000_000_001], pa.timestamp("ns")),
        "whole": pa.array([1_709_164_800_000_000_000], pa.timestamp("ns")),
        "zone": pa.array([0], pa.timestamp("us", "UTC")),
        "far": pa.array([10_000 * 366 * 86_400], pa.timestamp("s")),
        "farther": pa.array([2**50], pa.timestamp("s")),
        "day": pa.array([day]),
        "far_day": pa.array([3_000_000], pa.date32()),
        "clock": pa.array([1_000_000_001], pa.time64("ns")),
        "took": pa.array([1_500_000_001], pa.duration("ns")),
        "nan": pa.array([math.nan]),
        "number": pa.array([1.5]),
        "code": pa.array(["x"]).dictionary_encode(),
        "when": pa.array([0], pa.timestamp("ns")).dictionary_encode(),
        "all": pa.array([[{"at": 0}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))),
        "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.duration("ns"))),
    }
    ((uri, _, tags),) = rows("m.parquet", parquet({"uri": ["a.wav"], **kinds}))
    assert uri == "a.wav"
    assert tags.pop("farther")
    assert tags == {
        "ns": "2024-02-29 00:00:00.000000001",
        "whole": "2024-02-29 00:00:00",
        "zone": "1970-01-01 00:00:00Z",
        "far": str(np.datetime64(10_000 * 366 * 86_400, "s")).replace("T", " "),
        "day": "2024-02-29",
        "far_day": str(np.datetime64(3_000_000, "D")),
        "clock": "00:00:01.000000001",
        "took": "1500000001",
        "number": "1.5",
        "code": "x",
        "when": "1970-01-01 00:00:00",
        "all": '[{"at": "1970-01-01 00:00:00.000000000"}]',
        "map": '[["a", 1]]',
    }


def test_nan_is_no_tag_and_no_uri(rows):
    assert rows("m.jsonl", b'{"uri": "a.wav", "year": NaN}\n') == [("a.wav", None, {})]
    with pytest.raises(UsageError, match="row 1: no uri"):
        rows("m.jsonl", b'{"uri": NaN}\n')


# Where paths lead


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"some bytes")
    return path


def test_dots_behind_a_link_lead_to_where_its_target_lies(tmp_path):
    put(tmp_path / "elsewhere/a.wav")
    put(tmp_path / "lists/plain/c.wav")
    put(tmp_path / "b.wav")
    (tmp_path / "elsewhere/deep").mkdir()
    (tmp_path / "lists/link").symlink_to(tmp_path / "elsewhere/deep")
    (tmp_path / "lists/m.csv").write_text(
        "uri\nlink/../a.wav\n../b.wav\nplain/../plain/./c.wav\nnowhere/../plain/c.wav\n"
    )
    tracks = list(list_tracks([str(tmp_path / "lists/m.csv")]).tracks)
    assert [os.path.exists(track.uri) for track in tracks] == [True, True, True, False]
    assert [track.size for track in tracks] == [10, 10, 10, None]
    assert os.path.realpath(tracks[0].uri) == str(tmp_path / "elsewhere/a.wav")
    assert [track.uri for track in tracks[1:3]] == [
        str(tmp_path / "b.wav"),
        str(tmp_path / "lists/plain/c.wav"),
    ]
    (track,) = list_tracks([str(tmp_path / "lists/link/../*.wav")]).tracks
    assert os.path.realpath(track.uri) == str(tmp_path / "elsewhere/a.wav")


def test_file_uris_of_all_kinds_are_paths(tmp_path):
    put(tmp_path / "a b.wav")
    for start in ("file:", "file://", "FILE://localhost"):
        (tmp_path / "m.txt").write_text(f"{start}{tmp_path}/a%20b.wav\n")
        (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
        assert (track.uri, track.size) == (str(tmp_path / "a b.wav"), 10)


def test_a_list_of_paths_may_hold_bytes_that_are_no_text(tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    with open(raw, "wb") as file:
        file.write(b"some bytes")
    (tmp_path / "m.txt").write_bytes(b"caf\xe9.wav\n")
    (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
    assert track.size == 10


@pytest.mark.parametrize("there", ["NFC", "NFD"])
def test_a_name_in_the_other_unicode_form_finds_its_file(tmp_path, there):
    other = {"NFC": "NFD", "NFD": "NFC"}[there]
    file = put(
        tmp_path / unicodedata.normalize(there, "Beyoncé") / unicodedata.normalize(other, "Déjà Vu.wav")
    )
    asked = unicodedata.normalize(other, "Beyoncé") + "/" + unicodedata.normalize(there, "Déjà Vu.wav")
    (tmp_path / "m.txt").write_text(asked + "\n", encoding="utf-8")
    for given_ in (tmp_path / "m.txt", tmp_path / asked):
        (track,) = list_tracks([str(given_)]).tracks
        assert (track.uri, track.size) == (str(file), 10)
    put(tmp_path / asked)  # where both are there, each is itself
    (track,) = list_tracks([str(tmp_path / "m.txt")]).tracks
    assert track.uri == str(tmp_path / asked)
