"""Damage real files at random places, and count how often Beamprint finds the damage, by container.

    python -m benchmarks.damage FILE... [--times N]

Places are random in the bytes after the first 4 KiB, so that audio is damaged and not the header. Damage counts as found if
the file is refused, or its record has a new note.
"""

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.track import open_segment

HEADER = 4096


def _flip(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, at: int) -> None:
    data[at : at + 64] = rng.randbytes(64)


def _lose(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at : at + 512]


def _cut(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at:]


DAMAGE: dict[str, Callable[[random.Random, bytearray, int], None]] = {
    "one bit": _flip,
    "64 bytes": _overwrite,
    "512 bytes lost": _lose,
    "cut": _cut,
}


def told(paths: Iterable[Path], times: int) -> Iterator[tuple[str, str, bool]]:
    """Container and codec, kind of damage, and whether it was found, for each damaged copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for path in paths:
            data = path.read_bytes()
            intact = open_segment(str(path)).identity
            rng = random.Random(0)
            for name, damage in DAMAGE.items():
                for _ in range(times):
                    damaged = bytearray(data)
                    damage(rng, damaged, rng.randrange(HEADER, len(data) - 512))
                    copy.write_bytes(damaged)
                    kind = f"{intact.container}, {intact.codec}"
                    try:
                        yield kind, name, open_segment(str(copy)).identity.notes != intact.notes
                    except BadAudio:
                        yield kind, name, True


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for kind, name, is_told in told(options.files, options.times):
        found[kind][name].append(is_told)
    print("| container, codec |", " | ".join(DAMAGE), "|")
    print("|---|" + "---|" * len(DAMAGE))
    for kind, rates in sorted(found.items()):
        print(f"| {kind} |", " | ".join(f"{sum(rates[n])} of {len(rates[n])}" for n in DAMAGE), "|")


if __name__ == "__main__":
    main()
