"""Simulation of how well the queue of the local engine keeps many workers busy: `python -m benchmarks.queue`.

The queue is real. Tracks, their costs and the cost of a slice are simulated from measurements, so a run of hours on 64 cores
takes a second. Memory bandwidth and disks, which real cores share, are not simulated.
"""

import argparse
import heapq

import numpy as np

from beamprint.runners.local.slices import Backlog, cost
from beamprint.transforms.model import Track

START_S = 1.1
"""Seconds before the first slice, on one core."""
SLICE_S = 0.062
"""Seconds of a slice in addition to its tracks."""
SECONDS_PER_AUDIO_MINUTE = 0.17
SPREAD = 0.25
"""Standard deviation of the logarithm of the cost of tracks with equal length, which the queue cannot predict."""
MINUTES = (90, 300, 1500, 15_000)
WORKERS = (1, 2, 8, 16, 64)


def tracks(minutes: float, rng: np.random.Generator) -> list[Track]:
    """WAV files of about four minutes each, with about this total length."""
    lengths = rng.lognormal(np.log(3.6), 0.45, size=max(1, round(minutes / 4)))
    return [Track(str(i), f"{i}.wav", size=int(60 * 176_400 * m)) for i, m in enumerate(lengths)]


def elapsed(minutes: float, workers: int, seed: int) -> float:
    """Duration of a run in seconds."""
    rng = np.random.default_rng(seed)
    chosen = tracks(minutes, rng)
    per_second = SECONDS_PER_AUDIO_MINUTE / 60 / 176_400
    true_cost = {t.track_id: (t.size or 0) * per_second * rng.lognormal(0, SPREAD) for t in chosen}
    backlog = Backlog({0: chosen}, workers)
    free = [(START_S, number) for number in range(workers)]
    end = START_S
    done: list[tuple[float, float, float]] = []  # end, estimated and measured seconds of the running slices
    while backlog:
        now, worker = heapq.heappop(free)
        while done and done[0][0] <= now:
            _, guessed, took = heapq.heappop(done)
            backlog.rate.observe(guessed, took)
        task = backlog.take()
        items = [item for item in task.items if isinstance(item, Track)]
        if task.verb == "plan_ranges":  # each turns out to be a single segment
            backlog.put_tracks(items)
            took = SLICE_S
        else:
            took = SLICE_S + sum(true_cost[item.track_id] for item in items)
            heapq.heappush(done, (now + took, sum(map(cost, items)), took))
        end = max(end, now + took)
        heapq.heappush(free, (now + took, worker))
    return end


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="number of simulated catalogues for the mean")
    seeds = range(parser.parse_args().seeds)
    print("minutes of music", *(f"{workers:>4} workers" for workers in WORKERS[1:]), sep="  ")
    for minutes in MINUTES:
        one = np.mean([elapsed(minutes, 1, seed) for seed in seeds])
        gains = [
            one / np.mean([elapsed(minutes, workers, seed) for seed in seeds]) for workers in WORKERS[1:]
        ]
        print(f"{minutes:16}", *(f"{gain:11.2f}x" for gain in gains), sep="  ")


if __name__ == "__main__":
    main()
