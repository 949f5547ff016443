"""The systemd units, by systemd's own tool and by what they say of exit codes."""

import configparser
import shutil
import subprocess
import sys

import pytest

from beamprint.pipeline.errors import DatasetHeld, NotFinished, UsageError
from tests.runners.schedules.stand_in import SCHEDULES, WORDS

UNITS = ("beamprint.service", "beamprint.timer")


def section(unit, name):
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(SCHEDULES / unit)
    return parser[name]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong(tmp_path):
    for unit in UNITS:  # systemd checks that it exists
        text = (SCHEDULES / unit).read_text().replace("/opt/beamprint/bin/beamprint", sys.executable)
        (tmp_path / unit).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *(tmp_path / unit for unit in UNITS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_it_runs_the_one_command():
    assert section("beamprint.service", "Service")["ExecStart"].split()[1:] == WORDS


def test_exit_codes_mean_what_the_command_says():
    service = section("beamprint.service", "Service")
    final = service["RestartPreventExitStatus"].split()
    assert service["SuccessExitStatus"].split() == [str(DatasetHeld.exit_code)]
    assert service["Restart"] == "on-failure"
    assert final == ["1", str(UsageError.exit_code)]
    assert str(NotFinished.exit_code) not in final


def test_a_missed_night_is_made_up():
    assert section("beamprint.timer", "Timer").getboolean("Persistent")
