"""CPU time of every stage of a track, in this process."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile

from beamprint.dsp.segment import Segment
from beamprint.pipeline.record.assembly import Assembler, Record
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.families import FAMILIES
from beamprint.transforms.model import Track
from beamprint.transforms.ranges import plan_ranges, read_range

REFERENCE = "soundfile.read"
REFERENCE_BLOCKS = "soundfile in blocks"
PLAN, DECODE = "plan", "decode"
SIGNAL, FRAMES, PYRAMID = "mix and resample", "shared pass", "pyramid"
MERGE, WRITE = "merge and validate", "write"
SHARED = (SIGNAL, FRAMES, PYRAMID)
ANALYSIS = (*SHARED, *FAMILIES, MERGE)
_BLOCK = 1 << 17


class Stopwatch:
    """Adds up the CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[stage] = self.spent.get(stage, 0.0) + time.process_time() - began


def reference(path: str) -> dict[str, float]:
    """Time of soundfile alone to decode a file: into one float32 array, and through one small buffer."""
    clock = Stopwatch()
    with clock(REFERENCE):
        pcm, _ = soundfile.read(path, dtype="float32", always_2d=True)
    buffer = pcm[:_BLOCK].copy()
    del pcm
    with clock(REFERENCE_BLOCKS), soundfile.SoundFile(path) as file:
        while len(file.read(out=buffer)):
            pass
    return clock.spent


def measure(path: str) -> tuple[Record, dict[str, float]]:
    """Analyse a file as a run does; its record, and CPU seconds by stage."""
    clock = Stopwatch()
    track = Track(path, path)
    with clock(PLAN):
        ranges = plan_ranges(track)
    partials: dict[str, list[object]] = {name: [] for name in FAMILIES}
    identities = []
    for work in ranges:
        with clock(DECODE):
            decoded = read_range(work)
        identities.append((decoded.identity, decoded.notes))
        _share(decoded.segment, clock)
        for name, family in FAMILIES.items():
            with clock(name):
                partials[name].append(family.analyse(decoded.segment))
        del decoded
    columns = {}
    for name, family in FAMILIES.items():
        with clock(name):
            columns[name] = family.finish(family.merge(partials[name]))
    with clock(MERGE):
        identity, notes = identities[0]
        record = Assembler(datetime.now(timezone.utc))(track, identity, notes, columns)
    return record, clock.spent


def _share(segment: Segment, clock: Stopwatch) -> None:
    """Compute the shared parts first, which are made on first use, so that no family is charged for them."""
    with clock(SIGNAL):
        _ = segment.y
    with clock(FRAMES):
        _ = segment.frames
    with clock(PYRAMID):
        _ = segment.pyramid


def write(records: Sequence[Record]) -> float:
    """CPU seconds to commit records to a new dataset, all at once, as a slice of a run does."""
    clock = Stopwatch()
    with TemporaryDirectory() as folder:
        output = str(Path(folder) / "out")
        with writing(store_at(output), "speed", listed=1) as dataset, clock(WRITE):
            dataset.replace(0, records, [])
    return clock.spent[WRITE]
