"""Mutated files against decoding and analysis in a worker: it never dies, hangs, eats memory or meets a bug.

Five minutes by default; ``BEAMPRINT_MUTATION_SECONDS`` makes it an hour. ``BEAMPRINT_FINDINGS`` names a folder where
the files that broke something are kept, ``BEAMPRINT_MUTATED`` one of real files that are mutated with those made here.
"""

import faulthandler
import multiprocessing
import os
import random
import resource
import shutil
import time
import traceback
from pathlib import Path

import pytest

from beamprint.pipeline.one_file import fingerprint
from beamprint.transforms.audio.errors import BadAudio
from tests.transforms.audio import packets, sounds

SECONDS = float(os.environ.get("BEAMPRINT_MUTATION_SECONDS", "300"))
CPU_LIMIT_S = 60
MEMORY_LIMIT = 4 << 30
SUSPECT = "current"


def mutated(rng, data):
    """A few changes, most of them near the start, where headers are."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        reach = rng.choice((64, 512, len(content)))
        at = rng.randrange(max(1, min(reach, len(content))))
        length = rng.choice((1, 1, 4, 100, 5000))
        change = rng.randrange(5)
        if change == 0:
            content[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 1:
            content[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x80"))
        elif change == 2:
            del content[at : at + length]
        elif change == 3:
            content[at:at] = content[at : at + length]
        else:
            content[at : at + length] = rng.randbytes(length)
    return bytes(content)


def work(folder, made, seconds, seed):
    """Until the time is over; leaves the file it died on, and those that raised anything but ``BadAudio``."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    rng, until = random.Random(seed), time.monotonic() + seconds
    path = folder / SUSPECT
    while time.monotonic() < until:
        kind = rng.choice(sorted(made))
        path.write_bytes(mutated(rng, made[kind]))
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + CPU_LIMIT_S, -1))
        try:
            fingerprint(path)
        except BadAudio:
            pass
        except Exception:  # noqa: BLE001  a bug, or a MemoryError: both are findings
            name = f"{kind}-{seed}-{time.monotonic_ns()}"
            shutil.copy(path, folder / name)
            (folder / f"{name}.txt").write_text(traceback.format_exc())
    path.unlink()


@pytest.mark.slow
def test_mutated_files_break_nothing(tmp_path):
    findings = Path(os.environ.get("BEAMPRINT_FINDINGS", tmp_path / "findings"))
    findings.mkdir(parents=True, exist_ok=True)
    made = sounds.one_of_each(tmp_path)
    made |= {kind: packets.made(tmp_path, kind, sounds.music(1.0, 48_000), 48_000) for kind in packets.ALL}
    if folder := os.environ.get("BEAMPRINT_MUTATED"):
        made |= {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    until, seed = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        left = until - time.monotonic()
        worker = multiprocessing.get_context("spawn").Process(target=work, args=(findings, made, left, seed))
        worker.start()
        worker.join()
        if worker.exitcode:
            shutil.move(findings / SUSPECT, findings / f"died-{worker.exitcode}-{seed}")
        seed += 1
    assert sorted(path.name for path in findings.iterdir()) == []
