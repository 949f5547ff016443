"""The cron file: its times by a parser of crontabs, its command by the shell with every exit code."""

import subprocess

import pytest

from tests.runners.schedules.stand_in import SCHEDULES, WORDS, arguments, environment
from tests.runners.schedules.tools import needs_tools, ran

LINES = [
    line for line in (SCHEDULES / "beamprint.cron").read_text().splitlines() if line[:1] not in ("", "#")
]
SETTINGS = dict(line.split("=", 1) for line in LINES[:-1])
*TIMES, USER, COMMAND = LINES[-1].split(None, 6)

NEXT = """
import sys
from datetime import datetime
from croniter import croniter
times = croniter(sys.argv[1], datetime(2026, 11, 27, 12, 0))
print([times.get_next(datetime).strftime("%d %H:%M") for _ in range(5)])
"""


@needs_tools
@pytest.mark.slow
def test_it_starts_in_the_small_hours_and_again_while_it_is_night():
    times = ran("python", "-c", NEXT, " ".join(TIMES))
    assert times == "['28 02:30', '28 03:30', '28 04:30', '28 05:30', '29 02:30']\n"


def test_the_line_is_one_that_cron_reads():
    assert set(SETTINGS) == {"SHELL", "PATH", "MAILTO", "LOG"}
    assert USER == "beamprint"
    assert "%" not in COMMAND  # cron makes a line break of it


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 130, 143])
def test_only_failures_are_printed_and_mailed(tmp_path, code):
    log = tmp_path / "log"
    shell = [SETTINGS["SHELL"], "-c", COMMAND]
    variables = {**environment(tmp_path, code), "LOG": str(log)}
    result = subprocess.run(shell, env=variables, capture_output=True, text=True, check=False)
    mail = "" if code in (0, 3) else f"beamprint run ended with exit code {code}; see {log}\n"
    assert (result.stdout, result.stderr) == (mail, "")
    assert arguments(tmp_path) == WORDS
    assert log.read_text() == "said\n"
