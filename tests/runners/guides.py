"""Pages of docs/ as a user follows them: every command, in its order, on the example tracks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def steps(text):
    """Title of the section and code of every block of shell commands of a page."""
    return [
        (title.strip(), code)
        for title, section in re.findall(r"^##? (.*)\n((?:(?!^##? ).*\n)*)", text, re.MULTILINE)
        for code in re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    ]


def copy_tracks(folder):
    """Copy the example tracks, and nothing else of ``examples/``, into a new folder."""
    folder.mkdir()
    for path in (ROOT / "examples").iterdir():
        if path.suffix in (".flac", ".mp3", ".ogg", ".opus"):
            shutil.copy(path, folder)


def follow(steps, here):
    """Run the code of all steps in a folder with the example tracks in ``music``.

    Returns the folder, and what each section printed on both streams.
    """
    copy_tracks(here / "music")
    (here / "bin").mkdir()
    command = here / "bin/beamprint"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m beamprint "$@"\n')
    command.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "BEAMPRINT_WORKERS": "1",
    }
    printed = {}
    for title, code in steps:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{title}:\n{code}\n{done.stdout}\n{done.stderr}"
        printed[title] = printed.get(title, "") + done.stdout + done.stderr
    return here, printed
