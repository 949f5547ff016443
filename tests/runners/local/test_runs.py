"""The command as a whole, with the real graph: signals, two runs at once, faults of the world and of decoders."""

import signal
import time

import pytest

from pipeline.dataset import Dataset
from tests.runners.local.runs import children, finish, is_running, litter, music, rows, start

pytestmark = pytest.mark.slow


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", [0.7, 2.0, 5.0, 9.0])
def test_a_signal_ends_the_run_soon_and_the_next_one_goes_on(tmp_path, number, code, moment):
    source, out = music(tmp_path / "music", 120), tmp_path / "out"
    process = start("run", source, "-o", out)
    time.sleep(moment)
    workers = children(process.pid)
    process.send_signal(number)
    sent = time.monotonic()
    ended, output = finish(process)
    assert time.monotonic() - sent < 5
    assert ended == code, output
    assert "Traceback" not in output
    assert not any(map(is_running, workers))
    assert finish(start("run", source, "-o", out))[0] == 0
    assert len(rows(out)[0]) == 120
    assert litter(out) == []


def test_the_second_of_two_runs_stops_and_names_the_first(tmp_path):
    source, out = music(tmp_path / "music", 60), tmp_path / "out"
    first = start("run", source, "-o", out)
    wait_for(lambda: children(first.pid))
    code, output = finish(start("run", source, "-o", out))
    assert code == 3
    assert str(first.pid) in output
    assert finish(first)[0] == 0
    assert finish(start("run", source, "-o", out))[0] == 0
    assert len(rows(out)[0]) == 60


def test_an_output_that_is_removed_meanwhile_is_exit_4(tmp_path):
    source, out = music(tmp_path / "music", 60), tmp_path / "out"
    process = start("run", source, "-o", out)
    wait_for(lambda: children(process.pid))
    out.rename(tmp_path / "gone")
    code, output = finish(process)
    assert code == 4, output
    assert "Traceback" not in output
    (tmp_path / "gone").rename(out)
    assert finish(start("run", source, "-o", out))[0] == 0
    assert Dataset.open(str(out)).fingerprints().num_rows == 60
    assert litter(out) == []
