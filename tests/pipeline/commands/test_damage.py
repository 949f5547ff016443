"""A dataset that the world has damaged: every command says what is wrong, and what to do."""

import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.catalogue.summaries import read_summaries, write_summary
from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.commands.test_failures_and_runs import summary
from tests.pipeline.rows import failure, record

COMMANDS = {
    "run": ("run", "music", "-o", "out"),
    "dry run": ("run", "music", "-o", "out", "--dry-run"),
    "failures": ("failures", "out"),
    "failures as csv": ("failures", "out", "--csv"),
    "runs": ("runs", "out"),
    "describe": ("describe", "out"),
    "describe as json": ("describe", "out", "--format", "json"),
}
OWN = "20240301T120000-abc123"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of music and a dataset of three buckets, with records, failures and a run."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "music").mkdir()
    (folder / "music/a.wav").write_bytes(b"some bytes")
    store = store_at(str(folder / "out"))
    ids = ["a.wav", *map(str, range(40))]
    with writing(store, "run", listed=3, bucket_tracks=1) as dataset:
        for bucket in dataset.division.numbers:
            mine = [track_id for track_id in ids if dataset.bucket_of(track_id) == bucket]
            dataset.replace(bucket, [record(track_id) for track_id in mine[1:]], [failure(mine[0])])
    write_summary(store, summary(OWN))
    assert len(list(folder.glob("out/*/*.parquet"))) == 6
    return folder


@pytest.fixture
def place(whole, tmp_path, monkeypatch):
    """A copy of it, which is the working folder."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def no_runner(request):
    raise AssertionError("work was begun")


def cut(path):
    path.write_bytes(path.read_bytes()[:-300])


def cut_to_a_few_bytes(path):
    path.write_bytes(path.read_bytes()[:6])


def emptied(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(os.urandom(5000))


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def page(path):
    path.write_text("<!DOCTYPE html><html>404</html>")


def folder(path):
    path.unlink()
    path.mkdir()


def folder_with_files(path):
    folder(path)
    (path / "part-0.parquet").write_bytes(b"PAR1")


def circle(path):
    path.unlink()
    path.symlink_to(path.name)


def another_table(path):
    pq.write_table(pa.table({"a": [1]}), path)


HARMS = (
    cut,
    cut_to_a_few_bytes,
    emptied,
    garbage,
    zeros,
    page,
    folder,
    folder_with_files,
    circle,
    another_table,
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("table", ["fingerprints", "quarantine"])
def test_a_damaged_bucket_is_named_with_what_to_do(place, capsys, table, harm, command):
    bucket = Dataset.open(store_at("out")).bucket_of("a.wav")
    path = place / f"out/{table}/bucket-{bucket:05d}.parquet"
    harm(path)
    before = sorted((path, path.lstat().st_mtime_ns) for path in place.rglob("out/*/*.parquet"))
    code = main(COMMANDS[command], {"local": no_runner})
    if harm is another_table and command in ("runs", "describe as json"):  # they do not read the rows
        assert code == 0
        return
    assert code == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line or (harm is circle and str(path.parent) in line)
    assert "move it away" in line or harm is circle
    assert sorted((path, path.lstat().st_mtime_ns) for path in place.rglob("out/*/*.parquet")) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b'{"format_version": 2, "family_versions": {}, "layout": {"buckets": 0}}',
        b'{"format_version": 2, "family_versions": {}, "layout": {"buckets": "3"}}',
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_damaged_metadata_are_named(place, capsys, command, content):
    (place / "out/_beamprint.json").write_bytes(content)
    assert main(COMMANDS[command], {"local": no_runner}) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "out/_beamprint.json does not describe a dataset" in line
    assert line.endswith("restore it")


# Run summaries


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"._{OWN}.json", b"\0\5\x16\7"),
        (f"{OWN} (conflicted copy 2024-03-02).json", None),
        (f"{OWN}.sync-conflict-20240302-120000-ABCDEFG.json", None),
        (f"{OWN}.sync-conflict-20240302-120000-ABCDEFG.json", b""),
        (f".syncthing.{OWN}.json.tmp", b"{"),
        (f"{OWN}(1).json", None),
        (f"{OWN}.json~", b"{"),
        (f"{OWN}.json.gz", b"\x1f\x8b"),
        ("package.json", b'{"name": "x"}'),
        ("notes.json", b"[1, 2]"),
        ("broken.json", b"[" * 100_000),
        ("number.json", b"1"),
        (f".stversions/{OWN}.json", b""),
        ("folder.json/x.json", b"{}"),
        ("desktop.ini", b""),
        (".DS_Store", b""),
    ],
)
def test_foreign_files_among_the_summaries_are_skipped(place, capsys, name, content):
    path = place / "out/_runs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((place / f"out/_runs/{OWN}.json").read_bytes() if content is None else content)
    assert [run.run_id for run in read_summaries(store_at("out"))] == [OWN]
    assert main(("runs", "out"), {}) == 0
    assert capsys.readouterr().out.count(OWN) == 1


@pytest.mark.parametrize("content", [b"", b'{"run_id": ', b"[]", json.dumps({"run_id": OWN}).encode()])
def test_a_damaged_summary_of_a_run_is_named(place, capsys, content):
    (place / f"out/_runs/{OWN}.json").write_bytes(content)
    assert main(("runs", "out"), {}) == 4
    assert f"{OWN}.json is not the summary of a run" in capsys.readouterr().err
