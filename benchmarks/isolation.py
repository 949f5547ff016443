"""Cost of decoding in a separate process, as on a cluster: `python -m benchmarks.isolation FILE...`.

Each file is decoded in both ways by turns, and the CPU time of both processes counts.
"""

import argparse
import time

from beamprint.transforms.isolation import Isolated, children
from beamprint.transforms.model import Range, Track
from beamprint.transforms.ranges import plan_ranges, read_range

ROUNDS = 9


def child_seconds() -> float:
    """CPU seconds of the decoder's process, from its clock: see clock_getcpuclockid(3)."""
    with children.borrowed() as child:
        return time.clock_gettime((~child._process.pid << 3) | 2)


def here(work: Range) -> float:
    began = time.process_time()
    read_range(work)
    return time.process_time() - began


def there(work: Range) -> float:
    began, of_child = time.process_time(), child_seconds()
    Isolated(read_range)(work)
    return time.process_time() - began + child_seconds() - of_child


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    print("minutes  direct ms  isolated ms  more  file")
    for path in parser.parse_args().files:
        work = plan_ranges(Track(path, path))[0]
        here(work), there(work)
        pairs = [(here(work), there(work)) for _ in range(ROUNDS)]
        own = read_range(work).segment.own
        minutes = own.length / read_range(work).segment.rate / 60
        direct, isolated = (1000 * min(column) for column in zip(*pairs))
        more = isolated / direct - 1
        print(f"{minutes:7.1f} {direct:10.1f} {isolated:12.1f} {more:5.1%}  {path}")


if __name__ == "__main__":
    main()
