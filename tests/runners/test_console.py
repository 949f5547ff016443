"""The command as a user meets it: exit codes, one-line errors, a dataset any tool reads."""

import csv
import importlib.metadata
import json
import os
import platform
import subprocess
import sys

import apache_beam
import av
import duckdb
import numpy as np
import pyarrow.dataset
import pyarrow.parquet
import pytest
import scipy
import soundfile

from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.store.parquet import as_record
from beamprint.runners.console import RUNNERS
from tests.sounds import song, write


def beamprint(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "beamprint", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder of music with bad files among it, fingerprinted once."""
    here = tmp_path_factory.mktemp("done")
    for name, seconds in (("a.wav", 3.0), ("sub/b.flac", 6.0), ("sub/c.ogg", 1.0)):
        write(here / "music" / name, song(seconds))
    (here / "music/text.wav").write_text("not audio at all")
    (here / "music/empty.flac").touch()
    nan = song(1.0)
    nan[0, 1000] = np.nan
    write(here / "music/nan.wav", nan, subtype="FLOAT")
    whole = (here / "music/sub/b.flac").read_bytes()
    (here / "music/cut.flac").write_bytes(whole[: len(whole) // 2])
    (here / "music/cover.jpg").write_bytes(b"\xff\xd8")
    (here / "music/._a.wav").write_bytes(b"resource fork")
    result = beamprint("run", "music", "--output", "out", cwd=here)
    return here, result


def test_bad_files_are_results_not_failures(done):
    _, result = done
    assert result.returncode == 0, result.stderr
    assert "3 recorded, 4 failed" in result.stderr


def test_a_person_sees_tempo_loudness_and_length_at_once(done):
    _, result = done
    assert "tempo" in result.stdout
    assert "LUFS" in result.stdout
    assert "sub/b.flac" in result.stdout


def test_every_tool_reads_one_row_a_track(done):
    here, _ = done
    arrow = pyarrow.dataset.dataset(here / "out/fingerprints").to_table()
    assert sorted(arrow["track_id"].to_pylist()) == ["a.wav", "sub/b.flac", "sub/c.ogg"]
    duck = duckdb.sql(
        f"select track_id, lufs, tags from '{here}/out/fingerprints/*.parquet' order by 1"
    ).fetchall()
    assert [row[0] for row in duck] == ["a.wav", "sub/b.flac", "sub/c.ogg"]
    assert all(-60 < row[1] < 0 for row in duck)


def test_the_schema_says_what_every_column_means(done):
    here, _ = done
    (path, *_) = sorted((here / "out/fingerprints").iterdir())
    file = pyarrow.parquet.ParquetFile(path)
    assert file.schema_arrow.names == [column.name for column in RECORD]
    assert all(field.metadata[b"definition"] for field in file.schema_arrow)
    assert file.schema_arrow.field("lufs").metadata[b"unit"] == b"LUFS"
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_quarantine_says_what_and_why(done):
    here, _ = done
    told = beamprint("failures", "out", "--csv", cwd=here)
    rows = {row["track_id"]: row["beamprint:reason"] for row in csv.DictReader(told.stdout.splitlines())}
    assert rows == {
        "text.wav": "unsupported_format",
        "empty.flac": "empty",
        "nan.wav": "non_finite_samples",
        "cut.flac": "truncated",
    }
    assert "cut.flac" in beamprint("failures", "out", cwd=here).stdout


def test_the_same_command_again_changes_nothing_and_says_so(done):
    here, _ = done
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in (here / "out").glob("*/bucket-*.parquet")}
    again = beamprint("run", "music", "--output", "out", cwd=here)
    after = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in (here / "out").glob("*/bucket-*.parquet")}
    assert again.returncode == 0
    assert "nothing to do" in again.stderr
    assert before == after


def test_a_new_file_is_the_only_one_that_is_done(done, tmp_path):
    here, _ = done
    write(here / "more/d.wav", song(1.0, seed=4))
    result = beamprint("run", "music", "more", "--output", "out", "--runner", "direct", cwd=here)
    assert result.returncode == 0, result.stderr
    assert "1 recorded" in result.stderr


def test_local_and_direct_runner_write_the_same_rows(done, tmp_path):
    here, _ = done
    result = beamprint("run", here / "music", "-o", tmp_path / "direct", "--runner", "direct", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    ours, theirs = (
        {row["track_id"]: row for row in pyarrow.dataset.dataset(out / "fingerprints").to_table().to_pylist()}
        for out in (here / "out", tmp_path / "direct")
    )
    for track_id, row in theirs.items():
        assert {**row, "analyzed_at": None} == {**ours[track_id], "analyzed_at": None}


def test_analyze_prints_the_record_of_the_dataset(done):
    here, _ = done
    (told,) = json.loads(beamprint("analyze", "music/a.wav", "--json", cwd=here).stdout)
    rows = pyarrow.dataset.dataset(here / "out/fingerprints").to_table().to_pylist()
    (row,) = [as_record(row) for row in rows if row["track_id"] == "a.wav"]
    whose = {name: told[name] for name in ("track_id", "analyzed_at")}
    assert told == {**row, **whose}


def test_analyze_names_the_bad_file_and_goes_on(done):
    here, _ = done
    result = beamprint("analyze", "music/text.wav", "music/a.wav", "--csv", cwd=here)
    assert result.returncode == 1
    assert "music/text.wav" in result.stderr
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere", "-o", "out"), "nowhere"),
        (("run", "empty.csv", "-o", "out"), "empty.csv"),
        (("run", "nocolumn.csv", "-o", "out"), "uri"),
        (("run", "a.wav", "-o", "file/out"), "file/out"),
        (("run", "twice.csv", "-o", "out"), "same"),
        (("failures", "nothing"), "nothing"),
        (("run", "a.wav", "-o", "out", "--workers", "0"), "0 is not above 0"),
        (
            ("run", "a.wav", "-o", "out", "--max-failures", "-1"),
            "-1 is neither a number of tracks nor a share",
        ),
        (("run", "a.wav", "-o", ""), "output is empty"),
        (("run", "", "-o", "out"), "input is empty"),
        (("run", "a.wav", "-o", "out", "--force", "--limit", "1"), "--force with --limit"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_2(tmp_path, monkeypatch, capsys, arguments, said):
    write(tmp_path / "a.wav", song(0.5))
    (tmp_path / "file").write_text("")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "nocolumn.csv").write_text("path\na.wav\n")
    (tmp_path / "twice.csv").write_text("track_id,uri\nsame,a.wav\nsame,b.wav\n")
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments, RUNNERS)
    except SystemExit as end:  # by argparse
        code = end.code
    assert code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


LOCKED = """
import os, sys
from beamprint.runners import console
listed = os.scandir
def refused(path):
    if str(path).endswith("locked"):
        raise PermissionError(13, "Permission denied", path)
    return listed(path)
os.scandir = refused
sys.exit(console.main())
"""
"""The command where one folder may not be listed; nothing is forbidden to the superuser."""


@pytest.mark.slow
def test_a_folder_that_cannot_be_listed_keeps_no_other_from_being_done_and_is_exit_1(tmp_path):
    write(tmp_path / "music/a.wav", song(1.0))
    write(tmp_path / "music/locked/b.wav", song(1.0))
    command = [sys.executable, "-c", LOCKED, "run", "music", "-o", "out"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 1
    assert "1 recorded, 0 failed" in result.stderr
    assert "locked cannot be listed: Permission denied" in result.stderr
    (summary,) = (tmp_path / "out/_runs").glob("*.json")
    assert json.loads(summary.read_text())["details"]["unlisted"]
    again = beamprint("run", "music", "-o", "out", cwd=tmp_path)
    assert again.returncode == 0
    assert "1 recorded, 0 failed, 1 unchanged" in again.stderr


def test_a_manifest_carries_its_further_columns_into_tags(tmp_path):
    write(tmp_path / "audio/a.wav", song(0.5))
    (tmp_path / "manifest.csv").write_text(
        "uri,track_id,label\naudio/a.wav,one,Blue\naudio/gone.wav,two,Red\n"
    )
    result = beamprint("run", "manifest.csv", "-o", "out", "--runner", "direct", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (row,) = pyarrow.dataset.dataset(tmp_path / "out/fingerprints").to_table().to_pylist()
    assert (row["track_id"], row["tags"]) == ("one", [{"key": "label", "value": "Blue"}])
    (failed,) = pyarrow.dataset.dataset(tmp_path / "out/quarantine").to_table().to_pylist()
    assert (failed["track_id"], failed["reason"]) == ("two", "not_found")


def test_a_dry_run_does_nothing(tmp_path):
    write(tmp_path / "a.wav", song(0.5))
    result = beamprint("run", "a.wav", "-o", "out", "--dry-run", cwd=tmp_path)
    assert "1 track to do" in result.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "analyze", "describe", "failures", "runs", "diff"])
def test_help_has_an_example(tmp_path, command):
    told = beamprint(command, "--help", cwd=tmp_path).stdout
    assert "example" in told
    assert ("130 interrupted" in told) == (command == "run")


def test_version_names_this_program_and_its_libraries(tmp_path):
    told = beamprint("--version", cwd=tmp_path)
    lines = dict(line.split() for line in told.stdout.splitlines())
    assert told.returncode == 0
    assert lines == {
        "beamprint": importlib.metadata.version("beamprint"),
        "Python": platform.python_version(),
        "apache-beam": apache_beam.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "soundfile": soundfile.__version__,
        "pyarrow": pyarrow.__version__,
        "av": av.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
    }


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["describe"]])
def test_help_and_describe_do_not_load_what_they_do_not_need(tmp_path, command):
    code = (
        "import sys; from beamprint.pipeline.commands.command_line import main\n"
        f"try: main({command!r}, {{}})\nexcept SystemExit: pass\n"
        "print([m for m in ('apache_beam', 'numpy', 'pyarrow', 'scipy') if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"
