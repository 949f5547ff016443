"""The command with everything in buckets: the same rows, few requests, and faults of the store."""

import hashlib
import os
import subprocess
import sys
import time

import pytest

from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio.sources import objects
from tests.emulators import Emulator
from tests.transforms.audio import sounds

pytestmark = pytest.mark.slow  # whole runs against emulators

PROVENANCE = {"uri", "source_version", "analyzed_at", "run_id", "software_version"}
SECRET = "not-a-secret"


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, "-m", "beamprint", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, **variables},
    )


def rows(output):
    return {row["track_id"]: row for row in Dataset.open(store_at(str(output))).fingerprints().to_pylist()}


def failures(output):
    return {
        row["track_id"]: row["reason"] for row in Dataset.open(store_at(str(output))).quarantine().to_pylist()
    }


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(6):
        sounds.write(folder / f"{number}.wav", sounds.music(2.0 + number), 44_100)
    (folder / "6.wav").write_bytes((folder / "5.wav").read_bytes()[:100_000])
    return folder


def copied(folder, bucket):
    for path in folder.iterdir():
        objects.put(f"{bucket}/in/{path.name}", path.read_bytes(), "overwrite")
    return f"{bucket}/in"


def test_a_run_in_a_bucket_gives_the_rows_of_one_on_the_disk_in_few_requests(cloud, music, tmp_path):
    bucket = cloud.new_bucket()
    inputs, output = copied(music, bucket), f"{bucket}/out"
    cloud.gate.reset()
    done = command("run", inputs, "-o", output, "--workers", 1)
    assert done.returncode == 0, done.stderr
    of_audio = [path for _, path in cloud.gate.paths if "/in/" in path]
    size = sum(path.stat().st_size for path in music.iterdir())
    assert len(of_audio) <= 3 * 7
    assert sum(sent for key, sent in cloud.gate.sent.items() if "/in/" in key) <= 1.1 * size
    command("run", music, "-o", tmp_path / "out", "--workers", 1)
    here, there = rows(tmp_path / "out"), rows(output)
    assert len(there) == 6
    assert failures(output) == failures(tmp_path / "out") == {"6.wav": "truncated"}
    for track_id, row in here.items():
        for name in row.keys() - PROVENANCE:
            assert there[track_id][name] == row[name], name

    cloud.gate.reset()
    again = command("run", inputs, "-o", output)
    assert (again.returncode, "6 unchanged" in again.stderr) == (0, True)
    assert not [path for _, path in cloud.gate.paths if ".wav" in path]


ODD = ["b.wav", "/b.wav", "./b.wav", "a/../b.wav", "a//b.wav", "b.wav/", "a%2Fb.wav", " b#?😀\t.wav"]


def test_each_object_is_measured_under_its_own_name(cloud, tmp_path):
    bucket = cloud.new_bucket()
    contents = {"x//bad.wav": b"not audio"}
    for seed, name in enumerate(ODD):
        sounds.write(tmp_path / "made.wav", sounds.music(1.0, seed=seed), 44_100)
        contents[name] = (tmp_path / "made.wav").read_bytes()
    for name, content in contents.items():
        cloud.put(f"{bucket}/in/{name}", content)
    done = command("run", f"{bucket}/in", "-o", f"{bucket}/out", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert {name: row["content_sha256"] for name, row in rows(f"{bucket}/out").items()} == {
        name: hashlib.sha256(contents[name]).hexdigest() for name in ODD
    }
    assert failures(f"{bucket}/out").keys() == {"x//bad.wav"}
    listed = command("failures", f"{bucket}/out", "--csv")
    assert f"{bucket}/in/x//bad.wav" in listed.stdout
    assert "8 unchanged" in command("run", f"{bucket}/in", "-o", f"{bucket}/out", "--workers", 1).stderr


def test_commands_read_a_dataset_in_a_bucket(s3, music):
    bucket = s3.new_bucket()
    inputs, output = copied(music, bucket), f"{bucket}/a/b"
    assert command("run", inputs, "-o", output, "--runner", "direct").returncode == 0
    assert "truncated: 1" in command("failures", output).stdout
    assert "done" in command("runs", output).stdout
    assert "track_id" in command("describe", output).stdout
    assert command("verify", output).returncode == 0
    assert "0.wav" in command("check", output, "--profile", "streaming", "--all", "--csv").stdout
    assert "lufs" in command("album", output, "--by", "folder", "--csv").stdout
    same = command("diff", output, output)
    assert same.returncode == 0, same.stderr


def test_wrong_and_missing_credentials_are_one_line_without_a_secret(s3, tmp_path):
    nowhere = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": ""}
    wanting = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    missing = command("run", "s3://bucket/in", "-o", tmp_path / "out", **{**nowhere, **wanting})
    assert missing.returncode == 2
    assert "needs credentials" in missing.stderr
    s3.gate.fault = lambda method, path: 403
    wrong = command("run", f"{s3.new_bucket()}/in", "-o", tmp_path / "out")
    s3.gate.reset()
    assert wrong.returncode == 2
    assert "access refused" in wrong.stderr
    for told in (missing, wrong):
        assert len(told.stderr.strip().splitlines()) == 1
        assert SECRET not in told.stderr + told.stdout
        assert "not-a-secret" not in told.stderr + told.stdout


def test_without_credentials_cloud_storage_is_refused_in_one_line(tmp_path):
    variables = {"HOME": str(tmp_path), "STORAGE_EMULATOR_HOST": "", "GOOGLE_APPLICATION_CREDENTIALS": ""}
    began = time.monotonic()
    told = command("run", "gs://bucket/in", "-o", tmp_path / "out", **variables, PATH="")
    print(time.monotonic() - began)
    assert told.returncode == 2
    assert "Google Cloud needs credentials" in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_an_outage_ends_with_exit_4_and_the_next_run_completes(kind, music, tmp_path, monkeypatch):
    running = Emulator(kind, tmp_path / "emulator")
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    try:
        bucket = running.new_bucket()
        inputs, output = copied(music, bucket), f"{bucket}/out"
        reads = iter(range(1000))

        def down(method, path):
            return 503 if ".wav" in path and next(reads) > 5 else None

        running.gate.fault = down
        began = time.monotonic()
        ended = command("run", inputs, "-o", output, "--workers", 1)
        assert ended.returncode == 4, ended.stderr
        assert time.monotonic() - began < 200  # on a busy machine; most of it starts the worker
        assert "no answer from the store" in ended.stderr
        assert SECRET not in ended.stderr
        running.gate.reset()
        assert command("run", inputs, "-o", output, "--workers", 1).returncode == 0
        assert len(rows(output)) == 6
        assert len(failures(output)) == 1
    finally:
        running.gate.shutdown()
        running.stop()
