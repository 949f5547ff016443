"""A stand-in for the graph whose tracks do what their uri says, real faults included.

``fine``, ``fine:0.2`` (seconds), ``long:4`` (segments), ``bad`` (quarantined by the graph itself), ``segfault``,
``mp3fault`` (while stream 2 is diverted), ``exit``, ``hang``, ``spin`` (in C, holding the GIL), ``eat``, ``raise``, ``no_memory``, ``disk_full``, ``suicide_once``,
``late`` (dies when all tracks of its slice are measured), ``noise`` (writes to stdout and stderr from C), ``block`` (reads
from a pipe into which nobody writes), ``wait`` (until there is a file ``go``). Each track leaves a file ``begun/ID``, a worker that
is told to wind up ``winding_up/PID``.
"""

import ctypes
import errno
import os
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.runner import SliceReport
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.store import ANY
from beamprint.transforms import listener
from beamprint.transforms.audio.decoders.quiet import captured_stderr
from beamprint.transforms.model import Range, Track


@dataclass(frozen=True)
class Folder:
    store: FolderStore


@dataclass(frozen=True)
class Sink:
    dataset: Folder
    buckets: int = 3

    def bucket_of(self, track_id):
        return len(track_id) % self.buckets


@dataclass(frozen=True)
class FakeJob:
    sink: Sink

    @property
    def out(self):
        return Path(self.sink.dataset.store.uri())

    def plan(self, track):
        verb, number = _parse(track.uri)
        segments = int(number) if verb in ("long", "longfault") else 1
        return [Range(track, index, tuple(range(1, segments))) for index in range(segments)]


def job(out: Path) -> FakeJob:
    for folder in ("begun", "done", "winding_up"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    return FakeJob(Sink(Folder(FolderStore(str(out)))))


def outcomes(out: Path) -> dict[str, str]:
    """Outcomes on disk, by track id."""
    return {path.name: path.read_text() for path in (out / "done").iterdir()}


_winding_up = threading.Event()
_jobs: list[FakeJob] = []


def prepare(job):
    _jobs.append(job)


def wind_up():
    _winding_up.set()
    for job in _jobs:
        (job.out / "winding_up" / str(os.getpid())).touch()


def run_tracks(tracks, job):
    found = {}
    for track in tracks:
        if _winding_up.is_set():
            break
        for piece in job.plan(track):
            _measure(piece, job)
        found[track.track_id] = "bad" if track.uri == "bad" else "recorded"
    if any(track.uri == "late" for track in tracks):
        os.kill(os.getpid(), signal.SIGSEGV)
    if any(track.uri == "disk_full" for track in tracks):
        raise NotFinished("the disk is full") from OSError(errno.ENOSPC, "No space left on device")
    for track_id, outcome in found.items():
        _commit(job, track_id, outcome)
    failures = Counter({"decode_error": sum(o == "bad" for o in found.values())})
    return SliceReport(len(found) - failures.total(), +failures, 60.0 * len(found), Counter(decode=0.001))


def run_ranges(ranges, job, scratch):
    for piece in ranges:
        _measure(piece, job)
        scratch.write(f"{piece.track.track_id}-{piece.index}", b"", ANY)
    return SliceReport(audio_seconds=60.0 * len(ranges))


def finish_ranges(tracks, job, scratch):
    for piece in tracks:
        found = [entry for entry in scratch.list("") if entry.name.startswith(f"{piece.track.track_id}-")]
        assert len(found) == piece.count
        _commit(job, piece.track.track_id, f"finished {len(found)}")
    return SliceReport(recorded=len(tracks))


def record_failures(failures, job):
    for failure in failures:
        (job.out / "begun" / f"{failure.track.track_id}.traceback").write_text(failure.traceback or "")
        _commit(job, failure.track.track_id, str(failure.reason))
    return SliceReport(failures=Counter(str(failure.reason) for failure in failures))


def _commit(job, track_id, outcome):
    unfinished = job.out / f"{track_id}.{os.getpid()}"
    unfinished.write_text(outcome)
    unfinished.rename(job.out / "done" / track_id)


def _parse(uri):
    return re.fullmatch(r"(\w+)(?::([\d.]+))?", uri).groups()


def _measure(piece, job):
    listener.started(piece)
    (job.out / "begun" / piece.track.track_id).touch()
    verb, number = _parse(piece.track.uri)
    if verb == "suicide_once":
        marker = job.out / f"suicide-{piece.track.track_id}"
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "wait":
        while not (job.out / "go").exists():
            time.sleep(0.01)
    elif verb != "longfault" or piece.index == 1:
        _FAULTS.get(verb, lambda: None)()
    listener.decoded(piece, 60.0)
    if verb == "fine" and number:
        _burn(float(number))


def _burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _segfault():
    ctypes.string_at(0)


def _segfault_unheard():
    with captured_stderr():  # as while libmpg123 decodes
        ctypes.string_at(0)


def _hang():
    while True:
        time.sleep(60)


def _block():
    readable, _writable = os.pipe()
    os.read(readable, 1)


def _spin():
    ctypes.PyDLL(None).sleep(3600)  # a PyDLL call keeps the interpreter's lock


def _eat():
    hoard = []
    while True:
        hoard.append(b"x" * (16 << 20))
        time.sleep(0.005)


def _raise():
    raise RuntimeError("a bug outside the guarded steps")


def _no_memory():
    raise MemoryError


def _noise():
    libc = ctypes.CDLL(None)
    for _ in range(3000):
        libc.write(2, b"libmpg123 tears the line\n", 25)
        libc.write(1, b"and so does stdout\n", 19)


_FAULTS = {
    "segfault": _segfault,
    "mp3fault": _segfault_unheard,
    "longfault": _segfault,
    "exit": lambda: os._exit(7),
    "hang": _hang,
    "block": _block,
    "spin": _spin,
    "eat": _eat,
    "raise": _raise,
    "no_memory": _no_memory,
    "noise": _noise,
}


def track(name: str, uri: str = "fine", size: int | None = 1000) -> Track:
    return Track(name, uri, size=size)
