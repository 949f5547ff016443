"""A machine on which nothing but the output can be written: no /tmp, no home, no working folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sounds import song, write

ROOT = Path(__file__).parent.parent.parent
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
ALL_READ_ONLY = """
mount -t tmpfs none "$1" && mount -t tmpfs -o ro none /dev/shm
for mounted in $(cut -d ' ' -f 5 /proc/self/mountinfo | sort -u); do
  case "$mounted" in "$1"|/proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$mounted" ;; esac
done
cd / && for folder in /tmp /var/tmp /dev/shm "$HOME" .; do
  if touch "$folder/written" 2>/dev/null; then echo "$folder can be written"; exit 99; fi
done
"""
COMMANDS = """
set -e
run() { "$python" -m beamprint run "$music" -o "$out" --workers 1 --runner "$runner"; }
run; run
for command in "failures" "failures --csv" "runs" "describe"; do
  set -- $command; name=$1; shift
  "$python" -m beamprint "$name" "$out" "$@" >/dev/null
done
cat "$music/list.csv" | "$python" -m beamprint run - -o "$out" --dry-run
find "$out" -name '_scratch*' -o -name 'tmp*' -o -name 'beam*' -o -name '*.tmp'
"""


def can_be_made_read_only(folder):
    if shutil.which("unshare") is None:
        return False
    command = [*NAMESPACE, "sh", "-c", ALL_READ_ONLY, "sh", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["local", "direct"])
def test_a_run_writes_to_its_output_only(tmp_path, runner):
    home, disk, music = (tmp_path / name for name in ("home", "disk", "music"))
    home.mkdir()
    disk.mkdir()
    if not can_be_made_read_only(disk):
        pytest.skip("no user namespaces here")
    write(music / "a.flac", song(1.0))
    write(music / "b.mp3", song(1.0))
    (music / "bad.wav").write_bytes(b"RIFF")
    (music / "list.csv").write_text(f"uri\n{music}/a.flac\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("TMPDIR", "TEMP", "TMP")},
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "python": sys.executable,
        "music": str(music),
        "out": str(disk / "deep/er/out"),
        "runner": runner,
    }
    done = subprocess.run(
        [*NAMESPACE, "sh", "-c", ALL_READ_ONLY + COMMANDS, "sh", disk],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "2 recorded, 1 failed" in done.stderr
    assert "nothing to do" in done.stderr
    assert "1 track to do" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith(str(disk))] == []  # nothing is left
