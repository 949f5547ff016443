"""Many tiny files in one run: check that memory and open files stay constant, and find the overhead of a track.

    python -m benchmarks.soak --tracks 50000

Prints a line every few seconds: resident size and open handles of the parent, of the fork server, and of the largest
worker. Then prints the slopes after a fifth of the run, when everything is warm, and the CPU time outside the stages.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 0.05
INTERVAL_S = 5.0
PROCESSES = ("parent", "server", "worker")
PAGE = os.sysconf("SC_PAGE_SIZE")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=50_000)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beamprint-soak-") as folder:
        soak(Path(folder), options.tracks, options.workers)


def soak(folder, tracks, workers):
    make(folder / "music", tracks)
    command = [
        sys.executable,
        "-m",
        "beamprint",
        "run",
        folder / "music",
        "-o",
        folder / "out",
    ]
    command += ["--workers", workers] if workers else []
    samples = watch(subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(samples, usage.ru_utime + usage.ru_stime, tracks, folder / "out")


def make(folder, tracks):
    """Short bursts of noise, all different, a thousand per folder."""
    rng = np.random.default_rng(0)
    for i in range(tracks):
        path = folder / f"{i // 1000:03}" / f"{i:06}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        pcm = 0.1 * rng.standard_normal(round(SECONDS * 44_100))
        soundfile.write(path, pcm.astype(np.float32), 44_100, subtype="PCM_16")


def watch(process):
    """Rows of seconds, then MiB and handles of the parent, the fork server and the largest worker."""
    began, samples = time.monotonic(), []
    while process.poll() is None:
        time.sleep(INTERVAL_S)
        servers = children(process.pid)
        workers = [footprint(worker) for server in servers for worker in children(server)]
        if workers:
            largest = map(max, zip(*workers))
            samples.append(
                (time.monotonic() - began, *footprint(process.pid), *footprint(servers[0]), *largest)
            )
            form = "{:6.0f} s  " + "  ".join(f"{who} {{:.1f}} MiB {{}} handles" for who in PROCESSES)
            print(form.format(*samples[-1]), flush=True)
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return np.array(samples)


def footprint(pid):
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * PAGE / 2**20, len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0.0, 0


def children(pid):
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def slopes(samples, tracks):
    """Growth of each process in 10 000 tracks, in MiB and handles, after the first fifth of the run."""
    seconds = samples[:, 0] - samples[0, 0]
    warm = seconds > seconds[-1] / 5
    done = seconds[warm] / seconds[-1] * tracks / 10_000
    gained = [np.polyfit(done, column[warm], 1)[0] for column in samples.T[1:]]
    return {who: (gained[2 * n], gained[2 * n + 1]) for n, who in enumerate(PROCESSES)}


def report(samples, cpu, tracks, out):
    for who, (mib, handles) in slopes(samples, tracks).items():
        print(f"{who}: {mib:+.2f} MiB and {handles:+.2f} handles in 10 000 tracks")
    (summary,) = (out / "_runs").glob("*.json")
    stages = sum(json.loads(summary.read_text())["details"]["cpu_seconds"].values())
    print(
        f"CPU {cpu:.1f} s, of it stages {stages:.1f} s: {1000 * (cpu - stages) / tracks:.2f} ms a track besides"
    )


if __name__ == "__main__":
    main()
