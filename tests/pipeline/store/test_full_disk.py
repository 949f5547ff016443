"""A real full disk and a real read-only one: a small tmpfs in a mount namespace of its own."""

import shutil
import subprocess
import sys

import pytest

SMALL_DISK = ["unshare", "--user", "--map-root-user", "--mount"]
MOUNT = 'mount -t tmpfs -o size=400k none "$1" && exec "$2" -c "$3" "$1"'


def has_small_disk():
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*SMALL_DISK, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_small_disk(), reason="no user namespaces here")

FILL = """
import subprocess, sys
from pathlib import Path
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.errors import NotFinished, UsageError
from tests.pipeline.rows import failure, record

root = Path(sys.argv[1]) / "out"

def tracks(dataset):
    return set(dataset.fingerprints(["track_id"])["track_id"].to_pylist())

with writing(store_at(str(root)), "run", listed=10) as dataset:
    written = set()
    for i in range(1000):
        beats = [float(j * i % 977) for j in range(4000)]
        try:
            dataset.replace(0, [record(f"t{i}", beats_s=beats)], [])
        except NotFinished as error:
            assert "No space left on device" in str(error), error
            break
        written.add(f"t{i}")
    else:
        raise SystemExit("the disk never filled")
    assert tracks(dataset) == written, "rows were lost"
    assert not list(root.rglob("*.tmp")), "an unfinished file takes the space"
assert written
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
try:
    dataset.replace(0, [record("late")], [])
    raise SystemExit("wrote to a read-only disk")
except NotFinished as error:
    assert "Read-only file system" in str(error), error
for output in (root, root.with_name("another")):
    try:
        with writing(store_at(str(output)), "run", listed=10):
            raise SystemExit("opened a read-only disk")
    except UsageError as error:
        assert "Read-only file system" in str(error), error
assert tracks(dataset) == written
print("held")
"""

COMMANDS = """
import subprocess, sys
from pathlib import Path
from beamprint.pipeline.commands.export import write_jams
from beamprint.pipeline.commands.pages import save
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record

disk = Path(sys.argv[1])
with writing(store_at(str(disk / "out")), "run", listed=10) as dataset:
    dataset.replace(0, [record("a")], [])
with open(disk / "fill", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass

def refused(kind, text):
    for write in (
        lambda: write_jams(dataset, str(disk / "jams")),
        lambda: save(str(disk / "page.html"), "a page"),
        lambda: writing(store_at(str(disk / "new")), "run", listed=10).__enter__(),
    ):
        try:
            write()
            raise SystemExit("written")
        except kind as error:
            assert text in str(error), error

refused(NotFinished, "No space left on device")
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
refused(UsageError, "Read-only file system")
print("held")
"""


@pytest.mark.parametrize("program", [FILL, COMMANDS], ids=["records", "other files"])
def test_a_full_or_read_only_disk_loses_nothing_that_was_recorded(tmp_path, program):
    command = [*SMALL_DISK, "sh", "-c", MOUNT, "sh", tmp_path, sys.executable, program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr
