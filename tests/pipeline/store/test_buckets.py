import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.record import RecordError
from beamprint.pipeline.store import buckets
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, Division, bucket_path
from tests.pipeline.rows import LATER, STARTED, failure, record


@pytest.fixture
def dataset(tmp_path):
    with writing(str(tmp_path / "out"), "run-1", listed=10) as opened:
        yield opened


def in_fingerprints(dataset):
    return dataset.fingerprints()["track_id"].to_pylist()


def in_quarantine(dataset):
    return dataset.quarantine()["track_id"].to_pylist()


def test_rows_are_sorted_and_one_a_track(dataset):
    dataset.replace(0, [record("c"), record("a")], [])
    dataset.replace(0, [record("b"), record("a", lufs=-20.0)], [])
    table = dataset.fingerprints(["track_id", "lufs"]).to_pydict()
    assert table["track_id"] == ["a", "b", "c"]
    assert table["lufs"][0] == -20.0


def test_what_is_read_back_is_what_was_written(dataset):
    written = record(
        "ünï/cødé.flac",
        tags={"year": "1999", "artist": "x"},
        lufs=None,
        notes=["lufs:gated"],
        beats_s=[0.25, 1.5],
    )
    dataset.replace(0, [written], [])
    (read,) = dataset.fingerprints().to_pylist()
    read["tags"] = dict(read["tags"])
    assert read == written


def test_the_same_rows_give_the_same_bytes_in_any_order(dataset, tmp_path):
    rows = [record(name, tags={"b": "1", "a": "2"}) for name in "abc"]
    dataset.replace(0, rows, [])
    with writing(str(tmp_path / "other"), "run-2", listed=10) as other:
        other.replace(0, [{**row, "tags": {"a": "2", "b": "1"}} for row in reversed(rows)], [])
    paths = [bucket_path(root, FINGERPRINTS, 0) for root in (dataset.root, other.root)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_old_footer_fits_no_later_file(dataset):
    path = bucket_path(dataset.root, FINGERPRINTS, 0)
    dataset.replace(0, [record("a")], [])
    footer = pq.read_metadata(path)
    for i in range(70):
        dataset.replace(0, [record("a", lufs=-float(i))], [])
        with pq.ParquetFile(path, metadata=footer) as file, pytest.raises((OSError, pa.ArrowException)):
            file.read(["track_id"])
        assert dataset.fingerprints()["track_id"].to_pylist() == ["a"]


def test_files_are_zstd_with_units_and_definitions_in_their_fields(dataset):
    dataset.replace(0, [record()], [])
    path = bucket_path(dataset.root, FINGERPRINTS, 0)
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    schema = pq.read_schema(path)
    for column in RECORD:
        assert schema.field(column.name).metadata[b"definition"].decode() == column.definition
        assert schema.field(column.name).nullable != column.required
    assert schema.field("lufs").metadata[b"unit"] == b"LUFS"
    assert schema.metadata[b"beamprint.algorithm_version"] == b"1"


def test_any_tool_reads_a_dataset(dataset):
    dataset.replace(0, [record("a", tags={"year": "1999"}), record("b", lufs=None, notes=["lufs:gated"])], [])
    folder = dataset.root / FINGERPRINTS
    assert pads.dataset(folder).to_table(columns=["track_id"]).num_rows == 2
    rows = duckdb.sql(
        f"select track_id, lufs, tags['year'], notes from '{folder}/*.parquet' order by 1"
    ).fetchall()
    assert rows[0][0] == "a"
    assert "1999" in str(rows[0][2])
    assert rows[1][1] is None
    assert rows[1][3] == ["lufs:gated"]


def test_a_failed_track_goes_to_quarantine_and_leaves_it_when_it_succeeds(dataset):
    dataset.replace(0, [record("a")], [failure("b")])
    assert (in_fingerprints(dataset), in_quarantine(dataset)) == (["a"], ["b"])
    dataset.replace(0, [record("b")], [])
    assert (in_fingerprints(dataset), in_quarantine(dataset)) == (["a", "b"], [])
    assert not bucket_path(dataset.root, QUARANTINE, 0).exists()


def test_a_known_track_that_fails_keeps_its_record_and_says_since_when(dataset):
    dataset.replace(0, [record("a", lufs=-20.0)], [])
    dataset.replace(0, [], [failure("a", failed_at=LATER)])
    assert dataset.fingerprints()["lufs"].to_pylist() == [-20.0]
    (row,) = dataset.quarantine().to_pylist()
    assert row["record_from"] == STARTED
    assert row["failed_since"] == LATER


def test_failures_are_counted_by_run(dataset):
    dataset.replace(0, [], [failure("a")])
    dataset.replace(0, [], [failure("a")])  # a retry within the run
    dataset.replace(0, [], [failure("a", run_id="run-2", failed_at=LATER)])
    (row,) = dataset.quarantine().to_pylist()
    assert (row["attempts"], row["failed_since"], row["failed_at"]) == (2, STARTED, LATER)


def test_a_success_begins_the_count_anew(dataset):
    dataset.replace(0, [], [failure("a")])
    dataset.replace(0, [record("a")], [])
    dataset.replace(0, [], [failure("a", run_id="run-2", failed_at=LATER)])
    (row,) = dataset.quarantine().to_pylist()
    assert (row["attempts"], row["failed_since"]) == (1, LATER)


def test_tracks_that_fail_and_tracks_that_succeed_can_change_places_at_once(dataset):
    dataset.replace(0, [record("a")], [failure("b"), failure("c")])
    dataset.replace(0, [record("b", analyzed_at=LATER)], [failure("a", run_id="run-2")])
    assert in_fingerprints(dataset) == ["a", "b"]
    assert in_quarantine(dataset) == ["a", "c"]


@pytest.mark.parametrize("call", range(1, 4))
def test_a_kill_between_two_files_loses_no_track_and_the_next_run_repairs_it(dataset, monkeypatch, call):
    dataset.replace(0, [record("a")], [failure("b"), failure("c")])
    calls = []

    def dying(*args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return write(*args)

    write = buckets.replace_file
    with monkeypatch.context() as patched:
        patched.setattr(buckets, "replace_file", dying)
        with pytest.raises(KeyboardInterrupt):
            dataset.replace(0, [record("b", analyzed_at=LATER)], [failure("a", run_id="run-2"), failure("d")])
    assert {"a", "b", "c"} <= set(in_fingerprints(dataset)) | set(in_quarantine(dataset))
    assert not {"b"} & set(in_fingerprints(dataset)) & set(in_quarantine(dataset))
    buckets.tidy_bucket(dataset.root, dataset.division, 0)
    on_disk = pq.read_table(bucket_path(dataset.root, QUARANTINE, 0))["track_id"].to_pylist()
    assert on_disk == in_quarantine(dataset)


def test_a_record_that_cannot_be_stored_whole_is_refused(dataset):
    with pytest.raises((RecordError, KeyError)):
        dataset.replace(0, [{"track_id": "a"}], [])
    with pytest.raises(RecordError, match="reason"):
        dataset.replace(0, [], [failure("a", reason=None)])
    assert in_fingerprints(dataset) == in_quarantine(dataset) == []


def test_a_track_belongs_to_one_bucket_and_one_outcome(tmp_path):
    with writing(str(tmp_path), "run", listed=10, bucket_tracks=2) as dataset:
        own = dataset.bucket_of("a")
        with pytest.raises(ValueError, match="belongs to bucket"):
            dataset.replace((own + 1) % 5, [record("a")], [])
        with pytest.raises(ValueError, match="2 times"):
            dataset.replace(own, [record("a")], [failure("a")])


def test_the_bucket_of_a_track_never_changes():
    assert Division(1000).bucket_of("a") == 0x40F89E395B66422F % 1000  # printf a | b2sum -l 64


def test_tracks_are_spread_evenly():
    tracks = [f"track {i}" for i in range(10_000)]
    filled = [0] * 10
    for track in tracks:
        filled[Division(10).bucket_of(track)] += 1
    assert max(filled) < 1200
    assert min(filled) > 800


def test_rows_of_an_earlier_version_get_the_present_columns(dataset):
    dataset.replace(0, [record("a")], [])
    path = bucket_path(dataset.root, FINGERPRINTS, 0)
    earlier = pq.read_table(path).drop_columns(["clicks"]).append_column("retired", [["x"]])
    pq.write_table(earlier, path)
    dataset.replace(0, [record("b")], [])
    assert dataset.fingerprints()["clicks"].to_pylist() == [None, 8]


def test_a_damaged_file_is_named_and_left_alone(dataset):
    path = bucket_path(dataset.root, FINGERPRINTS, 0)
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(NotFinished, match="bucket-00000"):
        dataset.replace(0, [record()], [])
    assert path.read_bytes() == b"PAR1 not at all"


def test_an_output_that_was_removed_is_not_made_again(dataset):
    moved = dataset.root.with_name("moved")
    dataset.root.rename(moved)
    with pytest.raises(NotFinished, match="cannot write"):
        dataset.replace(0, [record()], [])
    assert not dataset.root.exists()
    moved.rename(dataset.root)


def test_a_full_disk_leaves_the_old_rows(dataset, monkeypatch):
    dataset.replace(0, [record("a")], [])

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(NotFinished, match="No space left"):
            dataset.replace(0, [record("b")], [])
    assert in_fingerprints(dataset) == ["a"]
    assert not list((dataset.root / "_scratch").glob("*.tmp"))
