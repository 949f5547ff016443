"""Kill -9 anywhere, at any moment: the next run completes, and the result is that of an undisturbed run."""

import os
import random
import threading
import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runners.local.runs import finish, is_running, kill, litter, music, rows, start, uncommitted

KILLS = int(os.environ.get("BEAMPRINT_TEST_KILLS", "40"))
TRACKS = 210


class Reader(threading.Thread):
    """Reads the dataset all the time, as others would; keeps what it should not have seen."""

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

    def close(self):
        self.over.set()
        self.join()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    music(folder / "music", TRACKS)
    began = time.monotonic()
    code, output = finish(start("run", folder / "music", "-o", folder / "out"))
    assert code == 0, output
    return folder / "music", rows(folder / "out"), time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_after_a_kill_the_next_run_completes(undisturbed, tmp_path, seed):
    source, expected, duration = undisturbed
    chance = random.Random(seed)
    out = tmp_path / "out"
    reader = Reader(out)
    reader.start()
    victim = chance.choice(["parent", "worker", "group"])
    moment = chance.uniform(0, 1.0 if seed % 8 == 0 else duration)

    process = start("run", source, "-o", out, brief_slices=seed % 2 == 0, log=tmp_path / "slices")
    time.sleep(moment)
    redone = uncommitted(tmp_path / "slices")
    workers = kill(process, victim, chance)
    code, output = finish(process)
    if victim == "worker" and code not in (-9,):
        assert code == 0, output
    until = time.monotonic() + 5
    while time.monotonic() < until and any(map(is_running, workers)):
        time.sleep(0.05)
    assert not [pid for pid in workers if is_running(pid)], "workers outlived their parent"

    done = len(rows(out)[0]) if (out / "_beamprint.json").exists() else 0
    code, output = finish(start("run", source, "-o", out))
    reader.close()
    print(
        f"{victim} killed after {moment:.1f} of {duration:.1f} s with {done} of {TRACKS} recorded, "
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
