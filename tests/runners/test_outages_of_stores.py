"""A store that falls silent, or resets all connections, in the middle of a run: for some seconds, or for good."""

import threading
import time

import pytest

from tests.emulators import Reset
from tests.runners.local.runs import finish, music, rows, start
from tests.runners.test_kills_in_stores import OF_THE_PLACE, recorded

pytestmark = pytest.mark.slow  # runs that wait for a store

MOMENTS = {
    "it reads audio": ("GET", "/in/", 8),
    "it commits": ("PUT", "/fingerprints/bucket-00001", 1),
}
SECONDS = 5


class Outage:
    """Begins with a request, and ends after some seconds or when it is told to.

    Args:
        emulator: Of the store.
        fault: ``frozen`` or ``reset``.
        moment: Method, part of the path, and number of the request.
    """

    def __init__(self, emulator, fault, moment):
        self.emulator, self.fault = emulator, fault
        self.method, self.part, self.left = moment
        self.down = threading.Event()
        self.seconds = None
        self.lock = threading.Lock()

    def __call__(self, method, path):
        with self.lock:
            if method == self.method and self.part in path:
                self.left -= 1
                if self.left == 0:
                    self.begin()
        if self.down.is_set() and self.fault == "reset":
            raise Reset

    def begin(self):
        self.down.set()
        if self.fault == "frozen":
            self.emulator.freeze()
        if self.seconds:
            threading.Timer(self.seconds, self.end).start()

    def end(self):
        self.down.clear()
        self.emulator.thaw()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    music(folder / "music", 15, 1.0)
    code, output = finish(start("run", folder / "music", "-o", folder / "out"))
    assert code == 0, output
    return folder / "music", [table.drop_columns(OF_THE_PLACE) for table in rows(folder / "out")]


@pytest.fixture
def place(cloud, undisturbed):
    bucket = cloud.new_bucket()
    for path in undisturbed[0].iterdir():
        cloud.put(f"{bucket}/in/{path.name}", path.read_bytes())
    return bucket


def run(bucket):
    began = time.monotonic()
    code, output = finish(
        start("run", f"{bucket}/in", "-o", f"{bucket}/out", "--bucket-tracks", 4, brief_slices=True)
    )
    print(f"exit code {code} after {time.monotonic() - began:.0f} s")
    return code, output


@pytest.mark.parametrize(("fault", "moment"), [("frozen", "it commits"), ("reset", "it reads audio")])
def test_a_run_goes_on_when_the_store_comes_back(cloud, place, undisturbed, moment, fault):
    outage = cloud.gate.fault = Outage(cloud, fault, MOMENTS[moment])
    outage.seconds = SECONDS
    code, output = run(place)
    assert code == 0, output
    assert outage.left <= 0
    assert [table.drop_columns(OF_THE_PLACE) for table in rows(f"{place}/out")] == undisturbed[1]


def test_a_run_ends_when_the_store_stays_away_and_the_next_one_completes(cloud, place, undisturbed):
    outage = cloud.gate.fault = Outage(cloud, "frozen", MOMENTS["it commits"])
    try:
        code, output = run(place)
    finally:
        outage.end()
    assert code == 4, output
    assert "no answer from the store" in output
    assert "Traceback" not in output
    cloud.gate.reset()
    before = recorded(f"{place}/out")
    code, output = run(place)
    assert code == 0, output
    assert before <= recorded(f"{place}/out")
    assert [table.drop_columns(OF_THE_PLACE) for table in rows(f"{place}/out")] == undisturbed[1]
