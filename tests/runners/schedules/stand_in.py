"""A command that stands in for ``beamprint``: it notes its arguments and ends with the exit code it is told."""

import os
import stat
from pathlib import Path

SCHEDULES = Path(__file__).parents[3] / "runners/schedules"
WORDS = ["run", "/srv/music", "--output", "/srv/fingerprints"]


def environment(folder, code=0):
    """Make the command; returns the variables by which programs find it and it finds its exit code."""
    command = folder / "beamprint"
    command.write_text(f'#!/bin/sh\necho "$@" >"{folder}/arguments"\necho said\nexit $STAND_IN_CODE\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "STAND_IN_CODE": str(code)}


def arguments(folder):
    return (folder / "arguments").read_text().split()
