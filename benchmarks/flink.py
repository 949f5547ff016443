"""Cost of a short track on a Flink of two slots: `BEAMPRINT_TEST_FLINK=build/flink python -m benchmarks.flink`.

It prints the time from the first decoding to the last commit, from the job manager's stages, and the CPU time of all
processes of the two task managers, JVMs included. Start and end of a job are separate, because they do not grow with it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.runners.flink.cluster import Cluster, group_of, processes, running
from tests.runners.local.runs import ROOT
from tests.sounds import song, write

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(cluster: Cluster) -> float:
    """CPU seconds of the task managers and of all their living workers, with the children of these that have ended."""
    groups = {cluster.processes[name].pid for name in ("tm1", "tm2")}
    ticks = 0
    for pid in processes():
        if group_of(pid) in groups:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def seconds_of_stages(cluster: Cluster) -> dict[str, float]:
    """Duration of each stage of the last job."""
    jobs = cluster.ask("/jobs/overview")["jobs"]
    job = cluster.ask(f"/jobs/{max(jobs, key=lambda job: job['start-time'])['jid']}")
    found = {"job": job["duration"] / 1000}
    return found | {vertex["name"]: vertex["duration"] / 1000 for vertex in job["vertices"]}


def run(folder: Path, out: Path, cluster: Cluster) -> None:
    command = [sys.executable, "-m", "beamprint", "run", folder, "-o", out, "--quiet", *cluster.options()]
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=5000)
    tracks = parser.parse_args().tracks
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        for i in range(tracks):
            write(top / "music" / f"{i:05}.wav", song(1.0, seed=i))
        write(top / "one" / "one.wav", song(1.0))
        with running(top / "cluster") as cluster:
            run(top / "one", top / "warm", cluster)
            before = cpu_seconds(cluster)
            run(top / "music", top / "out", cluster)
            spent = cpu_seconds(cluster) - before
            stages = seconds_of_stages(cluster)
    for name, seconds in sorted(stages.items(), key=lambda pair: -pair[1])[:8]:
        print(f"{seconds:8.1f} s  {1000 * seconds / tracks:6.2f} ms a track  {name[:90]}")
    print(f"{spent:8.1f} s  {1000 * spent / tracks:6.2f} ms a track  CPU of both slots together")


if __name__ == "__main__":
    main()
