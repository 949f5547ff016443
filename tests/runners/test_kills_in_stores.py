"""Kill -9 of a whole run whose audio and dataset lie in a store, in the middle of its requests: nothing is lost or doubled."""

import os
import re
import signal
import threading
from dataclasses import dataclass, field

import pytest

from beamprint.pipeline.store.division import read_metadata
from beamprint.pipeline.store.places import store_at
from tests.emulators import Reset
from tests.runners.local.runs import finish, is_running, music, rows, start, wait_for, workers_of

pytestmark = pytest.mark.slow  # twenty-three runs

OF_THE_PLACE = ["uri", "source_version"]
BUCKETS = ("--bucket-tracks", 4)  # a slice is of one: a kill commits two of the eight at most
ROWS = ("/fingerprints/", "/quarantine/")


@dataclass
class Moment:
    """A request of a run, at which its processes are killed.

    Args:
        method: Of the request.
        parts: One of them is in its path.
        number: How many such requests there were.
        is_served: Whether the store does what it asks for.
    """

    method: str
    parts: tuple[str, ...]
    number: int = 1
    is_served: bool = True
    killed: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.seen, self.lock = 0, threading.Lock()

    def __call__(self, method, path):
        if method != self.method or not any(part in path for part in self.parts):
            return
        with self.lock:
            self.seen += 1
            if self.seen != self.number:
                return
            self.killed = [self.process.pid, *workers_of(self.process.pid)]
            os.killpg(self.process.pid, signal.SIGKILL)
        if not self.is_served:
            raise Reset


def moments():
    return [
        Moment("PUT", ("/_lease.json",)),
        Moment("PUT", ("/_beamprint.json",), is_served=False),
        Moment("PUT", ("/_beamprint.json",)),
        Moment("GET", ("/in/",)),
        Moment("GET", ("/in/",), 10),
        Moment("PUT", ROWS, is_served=False),
        Moment("PUT", ROWS),
        Moment("PUT", ROWS),
        Moment("PUT", ROWS, 2, is_served=False),
        Moment("PUT", ("/_runs/",), is_served=False),
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    music(folder / "music", 27, 1.0)
    code, output = finish(start("run", folder / "music", "-o", folder / "out", *BUCKETS))
    assert code == 0, output
    return folder / "music", [table.drop_columns(OF_THE_PLACE) for table in rows(folder / "out")]


def recorded(out):
    if read_metadata(store_at(out)) is None:
        return set()
    return set(rows(out)[0]["track_id"].to_pylist())


def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(cloud, undisturbed):
    source, expected = undisturbed
    bucket = cloud.new_bucket()
    inputs, out = f"{bucket}/in", f"{bucket}/out"
    for path in source.iterdir():
        cloud.put(f"{inputs}/{path.name}", path.read_bytes())
    before = set()
    for moment in moments():
        cloud.gate.fault = moment
        moment.process = start("run", inputs, "-o", out, *BUCKETS, brief_slices=True)
        code, output = finish(moment.process)
        assert code == -signal.SIGKILL, (moment, output)
        wait_for(lambda killed=moment.killed: not any(map(is_running, killed)))
        cloud.gate.reset()
        now = recorded(out)
        print(f"killed at {moment.method} {moment.number} of {moment.parts}: {len(now)} recorded")
        assert before <= now
        before = now
    code, output = finish(start("run", inputs, "-o", out, *BUCKETS))
    assert code == 0, output
    assert [table.drop_columns(OF_THE_PLACE) for table in rows(out)] == expected
    store = store_at(out)
    tables = re.compile(r"_beamprint\.json|_runs/.*\.json|(fingerprints|quarantine)/bucket-\d+\.parquet")
    assert not [entry.name for entry in store.list("") if not tables.fullmatch(entry.name)]
