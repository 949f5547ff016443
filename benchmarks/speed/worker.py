"""The child process that measures one program on files, and prints CPU seconds as JSON, one dict per file."""

import json
import sys
import time
from collections.abc import Callable

from benchmarks.speed import peers

Measure = Callable[[list[str]], list[dict[str, float]]]


def ours(files: list[str]) -> list[dict[str, float]]:
    """Every stage of Beamprint, and soundfile alone; the write is divided among the files."""
    from benchmarks.speed import stages

    records, measured = [], []
    for path in files:
        record, spent = _of_file(path)
        records.append(record)
        measured.append({**stages.reference(path), **spent})
    each = stages.write(records) / len(records)
    return [{**spent, stages.WRITE: each} for spent in measured]


def shapes(files: list[str]) -> list[dict[str, float]]:
    """Stages of Beamprint only."""
    return [_of_file(path)[1] for path in files]


def _of_file(path: str) -> tuple[dict[str, object], dict[str, float]]:
    from beamprint.transforms.audio.errors import BadAudio
    from benchmarks.speed import stages

    try:
        return stages.measure(path)
    except BadAudio as bad:
        raise SystemExit(f"{path} cannot be measured: {bad}") from bad


def bare(files: list[str]) -> list[dict[str, float]]:
    """Records of files, without Beam and without a dataset."""
    from beamprint import fingerprint

    return [_timed(fingerprint, path) for path in files]


def _peer(analyse: Callable[[str], object]) -> Measure:
    return lambda files: [_timed(analyse, path) for path in files]


def _timed(analyse: Callable[[str], object], path: str) -> dict[str, float]:
    began = time.process_time()
    analyse(path)
    return {"total": time.process_time() - began}


SUBJECTS: dict[str, Measure] = {
    "ours": ours,
    "shapes": shapes,
    "bare": bare,
    **{name: _peer(analyse) for name, analyse in peers.IN_PROCESS.items()},
}


def main(subject: str, warm_up: str, files: list[str]) -> None:
    """Measure; the first file only fills caches, and is not counted."""
    measure = SUBJECTS[subject]
    measure([warm_up])
    print("\n" + json.dumps(measure(files)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
