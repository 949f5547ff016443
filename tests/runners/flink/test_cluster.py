"""Jobs on a real Flink: a job manager and two task managers in JVMs of their own, workers in processes of theirs."""

import os
import signal
import time

import pytest

from tests.runners.flink.cluster import group_of, needs_flink, processes
from tests.runners.flink.jobs import LONGEST_S, awaited, done, run_with, submit, summaries, tables
from tests.runners.local.runs import finish, music, start
from tests.sounds import song, write

pytestmark = [needs_flink, pytest.mark.slow]

TRACKS = 200
BAD = 8
LIMIT_S = "20"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Files of five formats, some bad, each in a way of its own."""
    folder = music(tmp_path_factory.mktemp("library"), TRACKS - 2)
    write(folder / "six.mp3", song(2.0, channels=1), subtype="MPEG_LAYER_III")
    write(folder / "eight.aiff", song(2.0))
    (folder / "gone.flac").symlink_to(folder / "no-such-file.flac")
    (folder / "short.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVE")
    write(folder / "exit.wav", song(1.0))  # break the decoder: see faults.py
    write(folder / "hang.wav", song(1.0))
    (folder / "noise.mp3").write_bytes(bytes(range(256)) * 64)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return music(tmp_path_factory.mktemp("small"), 21)


@pytest.fixture(scope="module")
def local_run_of_small(tmp_path_factory, small):
    out = tmp_path_factory.mktemp("local")
    code, output = finish(start("run", small, "-o", out, "--quiet"))
    assert code == 0, output
    return tables(out)


def without_messages(rows, *reasons):
    """Rows of quarantine, without the message where each engine says in its own words why a decoder broke."""
    return [{**row, "message": ""} if row["reason"] in reasons else row for row in rows]


def test_records_and_quarantine_are_those_of_the_local_run(cluster, library, tmp_path):
    words = (library, "--bucket-tracks", "20", "--time-limit", LIMIT_S, "-o")
    job = submit(cluster, tmp_path / "notes", "", *words, tmp_path / "job")
    pid = job.pid
    done(job)
    done(run_with(tmp_path / "notes2", "", *words, tmp_path / "here"))
    records, quarantine = tables(tmp_path / "job")
    records_here, quarantine_here = tables(tmp_path / "here")
    assert records == records_here
    broken = ("decoder_crash", "timeout")
    assert without_messages(quarantine, *broken) == without_messages(quarantine_here, *broken)
    assert (len(records), len(quarantine)) == (TRACKS, BAD)
    (summary,) = summaries(tmp_path / "job")
    assert (summary.recorded, summary.quarantined, summary.missing) == (TRACKS, BAD, [])
    assert {"decoder_crash": 1, "timeout": 1}.items() <= summary.reasons.items()

    decoders = [note.name.split("-")[1:] for note in (tmp_path / "notes").glob("decoded-*")]
    assert pid not in {int(process) for process, _ in decoders}
    managers = {cluster.processes[name].pid for name in ("tm1", "tm2")}
    assert {int(group) for _, group in decoders} == managers  # both, and each in its own process


@pytest.mark.parametrize("fault", ["manager", "between"])
def test_nothing_is_lost_or_doubled_by_the_kill_of_a_task_manager(
    cluster, small, local_run_of_small, tmp_path, fault
):
    notes = tmp_path / "notes"
    job = submit(cluster, notes, fault, small, "-o", tmp_path / "out", "--bucket-tracks", "5")
    awaited((notes / "fault").exists)
    (dead,) = dead_managers(cluster)
    cluster.kill(dead)
    cluster.start(dead)
    done(job)
    assert tables(tmp_path / "out") == local_run_of_small
    (summary,) = summaries(tmp_path / "out")
    assert (summary.recorded, summary.quarantined, summary.outcome) == (21, 3, "done")


def dead_managers(cluster, within=120):
    until = time.monotonic() + within
    while time.monotonic() < until:
        dead = [name for name in ("tm1", "tm2") if cluster.processes[name].poll() is not None]
        if dead:
            return dead
        time.sleep(0.1)
    return []


def test_a_launcher_may_die_and_a_second_one_start_at_once(cluster, small, local_run_of_small, tmp_path):
    first = submit(cluster, tmp_path / "notes", "slow", small, "-o", tmp_path / "out")
    awaited(lambda: any((tmp_path / "notes").glob("decoded-*")))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done(submit(cluster, tmp_path / "notes2", "", small, "-o", tmp_path / "out"))
    awaited(lambda: set(cluster.jobs().values()) <= {"FINISHED", "FAILED", "CANCELED"})
    assert tables(tmp_path / "out") == local_run_of_small
    by_first, by_second = summaries(tmp_path / "out")
    assert by_first.outcome == "done"  # the graph wrote it: there was nobody else
    assert (by_first.recorded, by_first.quarantined) == (21, 3)
    assert (by_second.recorded, by_second.quarantined) == (21, 3)


def test_ctrl_c_cancels_the_job_on_the_cluster(cluster, small, tmp_path):
    job = submit(cluster, tmp_path / "notes", "slow", small, "-o", tmp_path / "out")
    awaited(lambda: any((tmp_path / "notes").glob("decoded-*")))
    os.kill(job.pid, signal.SIGINT)
    code, output = finish(job, timeout=LONGEST_S)
    assert (code, "the job was cancelled" in output) == (130, True), output
    (summary,) = summaries(tmp_path / "out")
    assert cluster.jobs()[f"beamprint-{summary.run_id}".lower()] == "CANCELED"
    assert (summary.outcome, summary.recorded) == ("interrupted", 0)


def test_a_cluster_that_is_gone_is_exit_4(cluster, small, tmp_path):
    """The last test: it leaves no cluster behind."""
    job = submit(cluster, tmp_path / "notes", "slow", small, "-o", tmp_path / "out")
    awaited(lambda: any((tmp_path / "notes").glob("decoded-*")))
    cluster.kill("jm")
    code, output = finish(job, timeout=LONGEST_S)
    assert code == 4, output
    (summary,) = summaries(tmp_path / "out")
    assert summary.outcome == "unfinished"


def test_no_process_is_left_behind(cluster):
    groups = [process.pid for process in cluster.processes.values()]
    cluster.stop()
    awaited(lambda: not any(group_of(pid) in groups for pid in processes()), within=60)
