"""Kill -9 anywhere, at any point of the work: the next run completes, and the result is that of an undisturbed run."""

import os
import random
import signal
import threading

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runners.local.runs import (
    children,
    finish,
    is_running,
    kill,
    litter,
    music,
    rows,
    start,
    tracks_begun,
    uncommitted,
    wait_for,
    workers_of,
)

KILLS = int(os.environ.get("BEAMPRINT_TEST_KILLS", "40"))
TRACKS = 210


class Reader(threading.Thread):
    """Reads the dataset all the time, as others would; keeps what it should not have seen.

    It must end before the interpreter does, even if the test fails: a thread that is in DuckDB then aborts the process.
    """

    def __init__(self, out):
        super().__init__(daemon=True)
        self.out, self.faults, self.reads = out, [], 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            for path in sorted(self.out.glob("fingerprints/*.parquet")):
                self._read(path)

    def _read(self, path):
        try:
            table = pq.read_table(path)
            ids = table["track_id"].to_pylist()
            query = f"select count(*), count(distinct track_id), count(duration_s) from '{path}'"
            counts = duckdb.connect().execute(query).fetchone()
        except (OSError, pa.ArrowException, duckdb.Error):
            return  # a clean error: the file was replaced between the reader's own two looks at it
        self.reads += 1
        if len(ids) != len(set(ids)) or len(set(counts)) != 1:
            self.faults.append(f"{len(ids)} rows of {len(set(ids))} tracks; {counts}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.join()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    music(folder / "music", TRACKS)
    code, output = finish(start("run", folder / "music", "-o", folder / "out"))
    assert code == 0, output
    return folder / "music", rows(folder / "out")


def some_point(chance, early, process, out, log):
    """A state of a run: one on the way to its first slice, or the beginning of a track; and what to call it."""
    states = {
        "the lock": (out / "_lock").exists,
        "the fork server": lambda: children(process.pid),
        "the first worker": lambda: workers_of(process.pid)[1:],
    }
    if early:
        name = chance.choice(sorted(states))
        return name, states[name]
    tracks = chance.randint(1, TRACKS)
    return f"track {tracks}", lambda: tracks_begun(log) >= tracks


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_after_a_kill_the_next_run_completes(undisturbed, tmp_path, seed):
    source, expected = undisturbed
    chance = random.Random(seed)
    out, log = tmp_path / "out", tmp_path / "log"
    with Reader(out) as reader:
        victim = chance.choice(["parent", "worker", "group"])
        process = start("run", source, "-o", out, brief_slices=seed % 2 == 0, log=log)
        point, reached = some_point(chance, seed % 8 == 0, process, out, log)
        wait_for(lambda: reached() or process.poll() is not None)
        redone = uncommitted(log)
        workers = kill(process, victim, chance)
        code, output = finish(process)
        assert code in (0, -signal.SIGKILL), output
        wait_for(lambda: not any(map(is_running, workers)))

        done = len(rows(out)[0]) if (out / "_beamprint.json").exists() else 0
        code, output = finish(start("run", source, "-o", out))
    print(
        f"{victim} killed at {point} with {done} of {TRACKS} recorded, "
        f"to redo {', '.join(f'{seconds:.1f} s' for seconds in redone.values()) or 'nothing'}; {reader.reads} reads"
    )
    assert max(redone.values(), default=0) <= 60
    assert code == 0, output
    records, failures = rows(out)
    assert records.equals(expected[0])
    assert failures.equals(expected[1])
    assert reader.reads, "nobody has looked"
    assert reader.faults == []
    assert litter(out) == []
