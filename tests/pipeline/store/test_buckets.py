import io
import json
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.validation import RecordError
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store import buckets
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, Division, bucket_name
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.parquet import as_record, read_columns
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.replacement import NothingToKeep
from beamprint.pipeline.store.store import read
from tests.pipeline.rows import LATER, STARTED, failure, record
from tests.pipeline.store.memory import MemoryStore


@pytest.fixture
def dataset(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run-1", listed=10) as opened:
        yield opened


@pytest.fixture
def local(tmp_path):
    """A dataset in a folder, for what others read there."""
    with writing(FolderStore(str(tmp_path / "out")), "run", listed=10) as opened:
        yield opened


def path_of(dataset, table, bucket=0):
    return Path(dataset.store.uri(bucket_name(table, bucket)))


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


def test_rows_are_read_back_as_they_were_written(dataset):
    written = record(
        "ünï/cødé.flac",
        tags={"year": "1999", "artist": "x"},
        lufs=None,
        notes=["lufs:gated"],
        beats_s=[0.25, 1.5],
    )
    dataset.replace(0, [written], [])
    (row,) = dataset.fingerprints().to_pylist()
    assert as_record(row) == written


def test_the_same_rows_give_the_same_bytes_in_any_order(tmp_path):
    rows = [record(name, tags={"b": "1", "a": "2"}) for name in "abc"]
    found = []
    for order in (rows, [{**row, "tags": {"a": "2", "b": "1"}} for row in reversed(rows)]):
        with writing(MemoryStore(), "run", listed=10) as dataset:
            dataset.replace(0, order, [])
            found.append(read(dataset.store, bucket_name(FINGERPRINTS, 0))[0])
    assert found[0] == found[1]


def test_an_old_footer_fits_no_later_file(local):
    path = path_of(local, FINGERPRINTS)
    local.replace(0, [record("a")], [])
    footer = pq.read_metadata(path)
    for i in range(70):
        local.replace(0, [record("a", lufs=-float(i))], [])
        with pq.ParquetFile(path, metadata=footer) as file, pytest.raises((OSError, pa.ArrowException)):
            file.read(["track_id"])
        assert local.fingerprints()["track_id"].to_pylist() == ["a"]


def test_files_are_zstd_with_units_and_definitions_in_their_fields(local):
    local.replace(0, [record()], [])
    path = path_of(local, FINGERPRINTS)
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    schema = pq.read_schema(path)
    for column in RECORD:
        assert schema.field(column.name).metadata[b"definition"].decode() == column.definition
        assert schema.field(column.name).nullable != column.required
    assert schema.field("lufs").metadata[b"unit"] == b"LUFS"
    assert json.loads(schema.metadata[b"beamprint.family_versions"]) == dict(FAMILY_VERSIONS)


def test_any_tool_reads_a_dataset(local):
    local.replace(0, [record("a", tags={"year": "1999"}), record("b", lufs=None, notes=["lufs:gated"])], [])
    folder = local.store.uri(FINGERPRINTS)
    assert pads.dataset(folder).to_table(columns=["track_id"]).num_rows == 2
    rows = duckdb.sql(
        f"select track_id, lufs, map_from_entries(tags)['year'], notes from '{folder}/*.parquet' order by 1"
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
def test_a_kill_between_two_writes_loses_no_track_and_the_next_run_repairs_it(dataset, monkeypatch, call):
    dataset.replace(0, [record("a")], [failure("b"), failure("c")])
    calls = []

    def dying(store, *args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return write(store, *args)

    write = type(dataset.store).write
    with monkeypatch.context() as patched:
        patched.setattr(type(dataset.store), "write", dying)
        with pytest.raises(KeyboardInterrupt):
            dataset.replace(0, [record("b", analyzed_at=LATER)], [failure("a", run_id="run-2"), failure("d")])
    assert {"a", "b", "c"} <= set(in_fingerprints(dataset)) | set(in_quarantine(dataset))
    assert not {"b"} & set(in_fingerprints(dataset)) & set(in_quarantine(dataset))
    buckets.tidy_bucket(dataset.store, dataset.division, 0)
    on_disk = read_columns(dataset.store, QUARANTINE, 0)["track_id"].to_pylist()
    assert on_disk == in_quarantine(dataset)


def test_a_concurrent_writer_loses_no_rows_of_either(dataset, monkeypatch):
    """As on a store without turns: another run commits between our reading and our writing."""
    write = type(dataset.store).write
    others = iter([[record("theirs")], [record("theirs too")]])

    def beaten(store, name, content, version):
        with monkeypatch.context() as patched:
            patched.setattr(type(dataset.store), "write", write)
            for rows in others:
                dataset.replace(0, rows, [failure("bad", run_id="other")])
                break
        return write(store, name, content, version)

    monkeypatch.setattr(buckets, "_turn", lambda *_: nullcontext())
    monkeypatch.setattr(type(dataset.store), "write", beaten)
    dataset.replace(0, [record("ours")], [failure("bad")])
    assert in_fingerprints(dataset) == ["ours", "theirs", "theirs too"]
    assert dataset.quarantine()["attempts"].to_pylist() == [2]


def test_a_record_that_cannot_be_stored_whole_is_refused(dataset):
    with pytest.raises(NothingToKeep):  # there is no row with the other columns
        dataset.replace(0, [{"track_id": "a"}], [])
    with pytest.raises(RecordError, match="reason"):
        dataset.replace(0, [], [failure("a", reason=None)])
    assert in_fingerprints(dataset) == in_quarantine(dataset) == []


def test_a_track_belongs_to_one_bucket_and_one_outcome():
    with writing(MemoryStore(), "run", listed=10, bucket_tracks=2) as dataset:
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
    name = bucket_name(FINGERPRINTS, 0)
    opened = dataset.store.open(name)
    earlier = pq.read_table(opened.file).drop_columns(["clicks"]).append_column("retired", [["x"]])
    content = io.BytesIO()
    pq.write_table(earlier, content)
    dataset.store.write(name, content.getvalue(), opened.version)
    dataset.replace(0, [record("b")], [])
    assert dataset.fingerprints()["clicks"].to_pylist() == [None, 8]


def test_a_damaged_file_is_named_and_left_alone(local):
    path = path_of(local, FINGERPRINTS)
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(NotFinished, match="bucket-00000"):
        local.replace(0, [record()], [])
    assert path.read_bytes() == b"PAR1 not at all"


def test_an_output_that_was_removed_is_not_made_again(local):
    root = Path(local.store.root)
    moved = root.with_name("moved")
    root.rename(moved)
    with pytest.raises(NotFinished, match="cannot write"):
        local.replace(0, [record()], [])
    assert not root.exists()
    moved.rename(root)


def test_a_full_disk_leaves_the_old_rows(local, monkeypatch):
    local.replace(0, [record("a")], [])

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(NotFinished, match="No space left"):
            local.replace(0, [record("b")], [])
    assert in_fingerprints(local) == ["a"]
    assert not list(Path(local.store.uri("_scratch")).glob("*.tmp"))
