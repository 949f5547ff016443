"""Differences between two tables: known changes are made, and these and no others are found."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.pipeline.commands import command_line
from beamprint.pipeline.commands.diff import diff, rendering, tables, values
from beamprint.pipeline.commands.diff.comparison import compare
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.parquet import to_table
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record

TOLERANCE = {column.name: column.tolerance for column in RECORD}


def dataset(path, records, *, bucket_tracks=1000):
    with writing(store_at(str(path)), "run", listed=len(records), bucket_tracks=bucket_tracks) as opened:
        for bucket in opened.division.numbers:
            opened.replace(bucket, [r for r in records if opened.bucket_of(r["track_id"]) == bucket], [])
    return str(path)


def table(path, records):
    pq.write_table(to_table(records, "fingerprints"), path)
    return str(path)


def found(old, new, **how):
    return compare(tables.opened(old), tables.opened(new), **how)


def columns(comparison):
    return {column.name: column for column in comparison.columns}


@pytest.fixture(params=[dataset, table])
def kept(request, tmp_path):
    """Keeps records as a dataset, or as a Parquet file, and returns the place."""
    return lambda name, records: request.param(tmp_path / name, records)


def test_the_same_records_are_equal(kept):
    records = [record(name) for name in "abc"]
    same = found(kept("old", records), kept("new", records[::-1]))
    assert same.equal
    assert (same.common, same.only_old, same.only_new) == (3, 0, 0)
    assert not any(column.changed for column in (*same.columns, *same.source))


def test_a_column_beyond_its_tolerance_is_reported_with_the_worst_tracks(kept):
    tolerance = TOLERANCE["lufs"]
    old = [record(name, lufs=-14.0) for name in "abcd"]
    moved = {"a": 0.5, "b": 2.0, "c": 10.0, "d": 0.0}
    new = [record(name, lufs=-14.0 + times * tolerance) for name, times in moved.items()]
    comparison = found(kept("old", old), kept("new", new), limit=2)
    lufs = columns(comparison)["lufs"]
    assert not comparison.equal
    assert (lufs.changed, lufs.beyond, lufs.tolerance) == (3, 2, tolerance)
    assert lufs.largest == pytest.approx(10 * tolerance)
    assert [(worst.track_id, worst.old) for worst in lufs.worst] == [("c", -14.0), ("b", -14.0)]
    assert [c.name for c in comparison.columns if c.changed] == ["lufs"]
    assert comparison.worst_tracks == [("b", 1), ("c", 1)]


def test_a_difference_within_tolerance_counts_as_equal(kept):
    old = kept("old", [record("a", lufs=-14.0)])
    comparison = found(old, kept("new", [record("a", lufs=-14.0 + TOLERANCE["lufs"])]))
    assert comparison.equal
    assert columns(comparison)["lufs"].changed == 1


def test_null_on_one_side_differs_from_null_on_both(kept):
    old = [record("a", lufs=None), record("b", lufs=None), record("c")]
    new = [record("a", lufs=None), record("b"), record("c", lufs=None)]
    lufs = columns(found(kept("old", old), kept("new", new)))["lufs"]
    assert (lufs.changed, lufs.beyond, lufs.only_old, lufs.only_new, lufs.largest) == (
        2,
        2,
        1,
        1,
        None,
    )


def test_lists_differ_by_their_largest_item_or_by_their_length(kept):
    old = [
        record(name, beats_s=beats)
        for name, beats in (("a", [1.0, 2.0]), ("b", [1.0]), ("c", []), ("d", None))
    ]
    new = [
        record(name, beats_s=beats)
        for name, beats in (("a", [1.0, 2.25]), ("b", [1.0, 2.0]), ("c", []), ("d", None))
    ]
    beats = columns(found(kept("old", old), kept("new", new)))["beats_s"]
    assert (beats.changed, beats.beyond, beats.largest) == (2, 2, 0.25)
    assert [worst.track_id for worst in beats.worst] == ["b", "a"]


def test_flags_and_names_differ_or_do_not(kept):
    old, new = [record("a"), record("b")], [record("a", dual_mono=True), record("b", codec="mp3")]
    by_name = columns(found(kept("old", old), kept("new", new)))
    assert [name for name, column in by_name.items() if column.beyond] == ["codec", "dual_mono"]
    assert (by_name["dual_mono"].worst[0].new, by_name["codec"].worst[0].new) == (True, "mp3")


def test_tracks_of_one_side_are_named_and_make_a_difference(kept):
    old, new = [record(name) for name in "abc"], [record(name) for name in "bcdef"]
    comparison = found(kept("old", old), kept("new", new), limit=2)
    assert (comparison.common, comparison.only_old, comparison.only_new) == (2, 1, 3)
    assert comparison.some_only_old == ["a"]
    assert set(comparison.some_only_new) < set("def")
    assert not comparison.equal


def test_place_tags_provenance_and_notes_are_reported_apart_and_decide_nothing(kept):
    old = [record("a", notes=["lufs:short"]), record("b")]
    now = FAMILY_VERSIONS["harmonic"]
    later = {**FAMILY_VERSIONS, "harmonic": now + 1}
    new = [
        record("a", uri="/moved/a", tags={"artist": "Blue"}, notes=["x", "y"], decoder_version="newer"),
        record("b", family_versions=later),
    ]
    comparison = found(kept("old", old), kept("new", new))
    assert comparison.equal
    assert {c.name: c.changed for c in comparison.source if c.changed} == {"uri": 1, "tags": 1}
    assert comparison.notes == {"lufs:short": (1, 0), "x": (0, 1), "y": (0, 1)}
    assert comparison.provenance["decoder_version"] == {("text", "text"): 1, ("text", "newer"): 1}
    assert comparison.provenance["harmonic definitions"] == {(now, now): 1, (now, now + 1): 1}


@pytest.mark.parametrize("new_bucket", [15, 20])
@pytest.mark.parametrize("cells", [200, 1000, 100_000])
def test_any_division_and_any_part_size_find_the_same(tmp_path, monkeypatch, cells, new_bucket):
    rng = np.random.default_rng(7)
    old = [record(f"t{i}", lufs=float(-20 + rng.random()), beats_s=[1.0] * (i % 4)) for i in range(43)]
    new = [{**row, "lufs": row["lufs"] + 0.001 * i} for i, row in enumerate(old) if i % 10]
    whole = found(table(tmp_path / "old.parquet", old), table(tmp_path / "new.parquet", new))
    monkeypatch.setattr(tables, "_PART_ROWS", 11)
    monkeypatch.setattr(tables, "_CELLS", cells)
    cut = found(
        dataset(tmp_path / "old", old, bucket_tracks=15),
        dataset(tmp_path / "new", new, bucket_tracks=new_bucket),
    )
    assert columns(cut) == columns(whole)
    assert {c.name: c.beyond for c in cut.columns if c.beyond} == {
        "lufs": sum(i % 10 > 0 for i in range(21, 43))
    }
    assert cut.only_old == whole.only_old == 5


def test_a_table_of_another_tool_is_compared_by_its_columns(tmp_path):
    """Fewer columns, narrower numbers, NaN for null, and one file of the folder lacks a column."""
    old = table(tmp_path / "old.parquet", [record("a", lufs=-14.0, crest_db=None), record("b", lufs=-15.0)])
    folder = tmp_path / "new"
    folder.mkdir()
    nan = pa.array([float("nan")], pa.float32())
    pq.write_table(
        pa.table({"track_id": ["a"], "lufs": pa.array([-14], pa.int64()), "crest_db": nan}),
        folder / "1.parquet",
    )
    pq.write_table(pa.table({"track_id": ["b"], "lufs": [-15.0], "mine": [1]}), folder / "2.parquet")
    comparison = found(old, str(folder))
    assert comparison.columns_only_new == ["mine"]
    assert "stereo_width" in comparison.columns_only_old
    by_name = columns(comparison)
    assert by_name.keys() == {"lufs", "crest_db"}
    assert (by_name["lufs"].changed, by_name["crest_db"].changed, by_name["crest_db"].only_old) == (0, 1, 1)


floats = st.one_of(st.none(), st.floats(allow_nan=False, width=32))


@given(st.lists(st.tuples(floats, floats)), st.sampled_from([None, 0.0, 0.5, 1e30]))
def test_numbers_are_judged_as_their_definition_says(pairs, tolerance):
    old, new = (pa.chunked_array([pa.array([pair[i] for pair in pairs], pa.float64())]) for i in (0, 1))
    judged = values.difference(old, new, tolerance)
    for i, (a, b) in enumerate(pairs):
        if a is None or b is None:
            assert judged.beyond[i] == judged.changed[i] == ((a is None) != (b is None))
        elif a != b and np.isfinite(a - b):
            assert judged.changed[i]
            assert judged.beyond[i] == (abs(a - b) > (tolerance or 0) * (1 + 1e-9))


def test_all_forms_have_the_same_content(tmp_path, capsys):
    old = dataset(tmp_path / "old", [record("a", lufs=-14.0), record("gone")])
    new = dataset(tmp_path / "new", [record("a", lufs=-15.0, beats_s=[])])
    assert diff(old, new, "json", 3) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["equal"], told["common"], told["some_only_old"]) == (False, 1, ["gone"])
    assert next(c for c in told["columns"] if c["name"] == "beats_s")["worst"][0]["size"] is None
    comparison = found(old, new)
    rows = {row["column"]: row for row in csv.DictReader(io.StringIO(rendering.as_csv(comparison)))}
    assert (rows["lufs"]["beyond_tolerance"], rows["lufs"]["worst_new"]) == ("1", "-15.0")
    assert (rows["uri"]["decides"], rows["lufs"]["decides"], rows["codec"]["changed"]) == (
        "false",
        "true",
        "0",
    )
    text = rendering.as_text(comparison)
    assert "lufs" in text
    assert "1 track only in" in text
    assert "a: -14 -> -15" in text
    assert text.splitlines()[-1].startswith("different: ")


def test_equal_tables_are_exit_0(tmp_path, capsys):
    old = dataset(tmp_path / "old", [record("a")])
    assert diff(old, old, "table", 3) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("equal within tolerance")


def test_the_command_line_hands_on_form_limit_and_exit_code(tmp_path, capsys):
    old = dataset(tmp_path / "old", [record(name) for name in "abc"])
    new = dataset(tmp_path / "new", [record(name, codec="mp3") for name in "abc"])
    words = ["diff", old, new, "--json", "--limit", "2"]
    assert command_line.main(words, {"local": None}) == 1
    (codec,) = (c for c in json.loads(capsys.readouterr().out)["columns"] if c["name"] == "codec")
    assert [worst["track_id"] for worst in codec["worst"]] == ["a", "b"]
    assert command_line.main(["diff", old, "nowhere"], {"local": None}) == 2
    assert "nowhere does not exist" in capsys.readouterr().err


# Wrong use


def test_a_dataset_of_a_later_version_is_refused(tmp_path):
    old = dataset(tmp_path / "old", [record("a")])
    metadata = tmp_path / "new/_beamprint.json"
    new = dataset(tmp_path / "new", [record("a")])
    told = json.loads(metadata.read_text())
    told["family_versions"]["harmonic"] += 1
    metadata.write_text(json.dumps(told))
    for sides in ((old, new), (new, old)):
        with pytest.raises(UsageError, match=r"new was written by a later version of beamprint .*harmonic"):
            diff(*sides, "table", 3)
    told["format_version"] = 99
    metadata.write_text(json.dumps(told))
    with pytest.raises(UsageError, match="has format 99"):
        diff(old, new, "table", 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "does not exist"),
        ("empty", "neither a dataset nor a folder of Parquet files"),
        ("text.parquet", "is not a Parquet file"),
        ("nokey.parquet", "has no column track_id"),
        ("twice.parquet", "track_id same occurs more than once"),
        ("words.parquet", "column lufs holds"),
    ],
)
def test_a_path_that_is_no_table_is_named(tmp_path, name, said):
    good = table(tmp_path / "good.parquet", [record("same")])
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.parquet").write_text("text")
    pq.write_table(pa.table({"lufs": [1.0]}), tmp_path / "nokey.parquet")
    pq.write_table(pa.table({"track_id": ["same", "same"]}), tmp_path / "twice.parquet")
    pq.write_table(pa.table({"track_id": ["same"], "lufs": ["loud"]}), tmp_path / "words.parquet")
    with pytest.raises(UsageError, match=said):
        diff(good, str(tmp_path / name), "table", 3)


def test_lists_of_small_integers_are_held_against_their_tolerance():
    kind = pa.list_(pa.uint16())
    old = pa.chunked_array([pa.array([[1, 2], [5], [1], None], kind)])
    new = pa.chunked_array([pa.array([[2, 2], [9], [1, 1], [1]], kind)])
    assert values.difference(old, new, 2.0).beyond.tolist() == [False, True, True, True]
