"""The schedulers' own tools, in an environment of their own: Airflow and Beam ask for other versions of libraries.

python3 -m venv build/schedules && build/schedules/bin/pip install 'apache-airflow==3.*' kubernetes-validate
BEAMPRINT_TEST_SCHEDULES=build/schedules/bin python -m pytest -n 0 -m slow tests/runners/schedules
"""

import os
import subprocess
from pathlib import Path

import pytest

FOLDER = os.environ.get("BEAMPRINT_TEST_SCHEDULES")

needs_tools = pytest.mark.skipif(FOLDER is None, reason="BEAMPRINT_TEST_SCHEDULES names no environment")


def ran(tool, *arguments, **variables):
    """Output of one of the tools, if it succeeds."""
    result = subprocess.run(
        [Path(FOLDER or "").resolve() / tool, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
