"""Tables as spreadsheets, pandas and our own table of failures write them, and Parquet."""

import csv
import datetime
import io
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.commands import failures
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure

# CSV


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"uri,year,,\na.wav,1999,,\nb.wav,,,\n", [("a.wav", None, {"year": "1999"}), ("b.wav", None, {})]),
        (b"uri,year\na.wav,1999,,\n", [("a.wav", None, {"year": "1999"})]),
        (b"uri,year\n,\n\n  \na.wav,1999\n,\n", [("a.wav", None, {"year": "1999"})]),
        (b",uri,year\n0,a.wav,1999\n", [("a.wav", None, {"year": "1999"})]),  # pandas writes its index
        (b"uri, track_id , year\na.wav,one,1999\n", [("a.wav", "one", {"year": "1999"})]),
        (b"uri, track_id, year\na.wav, one, 1999\n", [("a.wav", "one", {"year": "1999"})]),
        (b'"track_id"; "uri"\n"one"; "a, b.wav"\n', [("a, b.wav", "one", {})]),
        (b"uri, year\n a.wav, 1999\n", [("a.wav", None, {"year": "1999"})]),
        (b"uri,title\n a.wav, A\n", [(" a.wav", None, {"title": " A"})]),
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


def test_a_manifest_from_a_spreadsheet_is_read(tmp_path):
    (tmp_path / "m.csv").write_bytes(b'\xef\xbb\xbfuri,title\r\na.wav,"two\r\nlines"\r\n')
    (track,) = list_tracks([str(tmp_path / "m.csv")]).tracks
    assert track.tags == (("title", "two\r\nlines"),)


def test_blank_lines_before_the_header_do_not_count(tmp_path):
    (tmp_path / "m.csv").write_text("\n\nuri,track_id\na.wav,one\n")
    (track,) = list_tracks([str(tmp_path / "m.csv")]).tracks
    assert track.track_id == "one"


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


def test_text_that_parquet_holds_as_bytes_is_text(tmp_path):
    (tmp_path / "m.parquet").write_bytes(parquet({"uri": ["ü.wav".encode()], "track_id": [b"one"]}))
    (track,) = list_tracks([str(tmp_path / "m.parquet")]).tracks
    assert (track.uri, track.track_id) == (str(tmp_path / "ü.wav"), "one")


def test_parquet_bytes_that_are_no_text_are_wrong_use(tmp_path):
    (tmp_path / "m.parquet").write_bytes(parquet({"uri": [b"\xff.wav"]}))
    with pytest.raises(UsageError, match="cannot be read"):
        list_tracks([str(tmp_path / "m.parquet")])


def test_a_parquet_manifest_without_uri_names_its_columns(tmp_path):
    (tmp_path / "m.parquet").write_bytes(parquet({"path": ["a.wav"]}))
    with pytest.raises(UsageError, match="no column uri; its columns are path"):
        list_tracks([str(tmp_path / "m.parquet")])
