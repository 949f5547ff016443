"""The engine with a stand-in for the graph: real processes, real faults, no audio."""

import re
import stat
import subprocess
import sys
import time
from functools import partial

import pytest

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.runner import RunRequest
from beamprint.runners import local
from beamprint.runners.local import process, supervisor, watched_worker
from tests.runners.local import faulty_work
from tests.runners.local.faulty_work import outcomes, track

WORK = "tests.runners.local.faulty_work"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def run(out, tracks, **options):
    options.setdefault("workers", 2)
    return local.run(RunRequest(tracks, faulty_work.job(out), **options), work=WORK)


def many(n, uri="fine"):
    return [track(f"t{i:04}", uri) for i in range(n)]


def test_every_track_is_recorded(out):
    outcome = run(out, many(300))
    assert outcome.exit_code == 0
    assert outcome.report.recorded == 300
    assert outcomes(out) == {f"t{i:04}": "recorded" for i in range(300)}


def test_the_parent_loads_neither_beam_nor_the_analysis():
    check = "import sys, beamprint.pipeline.commands.run, beamprint.runners.local; sys.exit(bool({'apache_beam', 'scipy.fft'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_less_memory_than_the_code_takes_is_wrong_use(out):
    with pytest.raises(UsageError, match="--memory-per-worker 100M is less than the 256M"):
        run(out, many(1), memory_per_worker=100 << 20)


def test_partials_are_kept_where_only_we_can_write(out, tmp_path):
    scratch = tmp_path / "mine"
    run(out, [*many(2), track("guilty", "disk_full")], scratch=str(scratch))
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in scratch.glob("**/*")} == {0o700}


@pytest.mark.parametrize("elsewhere", [None, "scratch"])
def test_scratch_that_others_can_write_to_is_wrong_use(out, tmp_path, elsewhere):
    scratch = elsewhere and str(tmp_path / elsewhere)
    run(out, [*many(2), track("guilty", "disk_full")], scratch=scratch)
    (partials,) = [*tmp_path.glob("scratch/*"), *out.glob("_scratch/partials")]
    partials.chmod(0o777)
    with pytest.raises(UsageError, match=f"{partials} can be written by others"):
        run(out, many(1), scratch=scratch)


def test_workers_that_take_too_long_to_start_end_the_run_and_say_so(out, monkeypatch):
    monkeypatch.setattr(supervisor, "WatchedWorker", partial(watched_worker.WatchedWorker, _patience=0.0))
    outcome = run(out, many(1))
    assert outcome.exit_code == 4
    assert outcome.message == (
        "worker processes do not start: the worker made no progress for longer than the time limit"
    )


def test_nothing_to_do_is_done_at_once(out):
    assert run(out, []).exit_code == 0


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("segfault", "decoder_crash"),
        pytest.param("exit", "decoder_crash", marks=pytest.mark.slow),
        ("hang", "timeout"),
        pytest.param("spin", "timeout", marks=pytest.mark.slow),
        ("eat", "out_of_memory"),
        ("raise", "internal_error"),
        pytest.param("no_memory", "out_of_memory", marks=pytest.mark.slow),
        pytest.param("late", "decoder_crash", marks=pytest.mark.slow),
    ],
)
def test_a_fault_costs_one_track(out, uri, reason):
    tracks = [*many(20), track("guilty", uri), *[track(f"u{i}") for i in range(20)]]
    outcome = run(out, tracks, time_limit=3, memory_per_worker=400 << 20)
    assert outcome.exit_code == 0
    expected = {t.track_id: "recorded" for t in tracks} | {"guilty": reason}
    assert outcomes(out) == expected
    assert outcome.report.recorded == 40
    assert outcome.report.failures == {reason: 1}


@pytest.mark.parametrize("uri", ["segfault", "mp3fault"])
def test_the_place_of_a_crash_is_reported(out, uri):
    run(out, [track("guilty", uri)])
    told = (out / "begun/guilty.traceback").read_text()
    assert "Fatal Python error: Segmentation fault" in told
    assert "faulty_work.py" in told


def test_several_faults_in_one_slice_are_all_found(out):
    guilty = {"a": "segfault", "bb": "exit", "ffffff": "raise"}
    tracks = [*many(30), *[track(name, uri) for name, uri in guilty.items()]]
    outcome = run(out, tracks, workers=1, time_limit=3, memory_per_worker=400 << 20)
    found = outcomes(out)
    assert {name for name, what in found.items() if what != "recorded"} == set(guilty)
    assert len(found) == 33
    assert outcome.report.failures.total() == 3


def test_an_innocent_track_whose_worker_is_killed_is_recorded(out):
    tracks = [*many(10), track("victim", "suicide_once")]
    outcome = run(out, tracks)
    assert outcomes(out)["victim"] == "recorded"
    assert outcome.report.recorded == 11


def test_segments_of_a_long_track_are_brought_together(out):
    tracks = [*many(10), track("long", "long:7", size=30 << 30), track("brief", "fine", size=30 << 30)]
    outcome = run(out, tracks)
    assert outcomes(out)["long"] == "finished 7"
    assert outcomes(out)["brief"] == "recorded"
    assert outcome.report.recorded == 12
    assert not (out / "_scratch" / "partials").exists()


def test_a_segment_that_kills_costs_its_long_track_only(out):
    tracks = [*many(10), track("long", "longfault:5", size=30 << 30), track("other", "long:3", size=20 << 30)]
    outcome = run(out, tracks)
    assert outcomes(out)["long"] == "decoder_crash"
    assert outcomes(out)["other"] == "finished 3"
    assert outcome.report.recorded == 11


def test_a_full_disk_ends_the_run_and_says_so(out):
    outcome = run(out, [*many(5), track("guilty", "disk_full")])
    assert outcome.exit_code == 4
    assert outcome.message == "the disk is full"


@pytest.mark.slow
def test_workers_that_cannot_start_end_the_run(out):
    outcome = local.run(RunRequest(many(2), faulty_work.job(out), workers=1), work="tests.no_such_module")
    assert outcome.exit_code == 4
    assert "tests.no_such_module" in outcome.message


def test_a_run_ends_on_a_machine_where_every_worker_dies(out, monkeypatch):
    monkeypatch.setattr(supervisor, "_HOPELESS", 2)
    outcome = run(out, many(100, "segfault"))
    assert outcome.exit_code == 4
    assert len(outcomes(out)) < 10


@pytest.mark.parametrize(("allowed", "code"), [(3, 0), (2, 1)])
def test_more_failures_than_allowed_end_the_run(out, allowed, code):
    assert (
        run(out, [*many(7), *[track(f"b{i}", "bad") for i in range(3)]], max_failures=allowed).exit_code
        == code
    )


def test_nothing_is_begun_that_would_end_after_the_deadline(out):
    past = run(out, many(7), deadline=time.time() - 1)
    assert (past.exit_code, past.left, outcomes(out)) == (0, True, {})
    in_time = run(out, many(7), deadline=time.time() + 3600)
    assert (in_time.exit_code, in_time.left) == (0, False)
    assert len(outcomes(out)) == 7


def test_output_of_c_libraries_stays_off_the_terminal(out, capfd):
    run(out, [track("loud", "noise")])
    written = capfd.readouterr()
    assert "libmpg123" not in written.err + written.out
    assert "stdout" not in written.err + written.out


def test_a_log_gets_whole_lines(out, capfd):
    run(out, [*many(10), track("b", "bad")])
    *before, line = capfd.readouterr().err.splitlines()
    assert all(" tracks in 0:" in earlier for earlier in before)  # a slow machine tells more than once
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 100% 11/11 tracks in 0:", line)
    assert "1 failed (decode_error 1)" in line


def test_a_quiet_run_shows_nothing(out, capfd):
    assert run(out, [*many(10), track("b", "bad")], quiet=True).report.recorded == 10
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_worker_that_a_kill_does_not_end_is_left_behind(out, monkeypatch):
    # As in a system call that the kernel does not interrupt.
    monkeypatch.setattr(process._Server, "kill", lambda *_: None)
    monkeypatch.setattr(watched_worker, "_DEATH_S", 0.5)
    outcome = run(out, [*many(10), track("guilty", "hang")], time_limit=2)
    assert outcomes(out)["guilty"] == "timeout"
    assert outcome.report.recorded == 10
