"""Records of many files without a dataset: one process per core, without Beam."""

import os
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import pyarrow as pa

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.one_file import record_of
from beamprint.pipeline.record.assembly import Record
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import to_table
from beamprint.runners.local.cores import worker_count
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.model import Track

_BOOT = """\
import sys
sys.path[:] = {path!r}
from beamprint.runners.lifeline import end_with
end_with({parent})
from beamprint.runners.scan import serve
serve({fd})
"""


class ScanError(Exception):
    """A bug of Beamprint in a worker; the message is the worker's traceback."""


def scan(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, workers: int | None = None
) -> pa.Table:
    """Records of files, measured on all cores and held in memory.

    For a catalogue use ``beamprint run``, which survives kills and measures only new and changed files.

    Args:
        paths: Files, folders, globs or manifests, as for ``beamprint run``; one or several.
        workers: Number of processes; by default one per core.

    Returns:
        One row per track, in the order of the paths, with the columns of a dataset. A file that cannot be measured has no
        row: a ``RuntimeWarning`` names it with the reason.

    Raises:
        UsageError: A path does not exist, or holds no audio.

    Example:
        >>> import beamprint
        >>> table = beamprint.scan(["examples/melody-120bpm.ogg", "examples/bass-90bpm-mono.flac"])
        >>> [round(tempo) for tempo in table["tempo_bpm"].to_pylist()]
        [120, 90]
    """
    inputs = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    listing = list_tracks([os.fspath(given) for given in inputs])
    tracks = listing.tracks
    with ThreadPoolExecutor(min(worker_count(workers), len(tracks))) as threads:
        team = _Team(datetime.now(timezone.utc))
        try:
            answers = list(threads.map(team.measure, tracks))
        finally:
            threads.shutdown(cancel_futures=True)
            team.close()
    failed = [f"{track.uri}: {bad}" for track, bad in zip(tracks, answers) if isinstance(bad, BadAudio)]
    for message in (*listing.unlisted, *failed):
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return to_table([answer for answer in answers if not isinstance(answer, BadAudio)], FINGERPRINTS)


class _Team:
    """Worker processes, one for each thread that needs one.

    Args:
        started: Time for the records.
    """

    def __init__(self, started: datetime) -> None:
        self._started = started
        self._mine = threading.local()
        self._all: list[_Worker] = []

    def measure(self, track: Track) -> Record | BadAudio:
        """The record of a track, or the reason why there is none."""
        worker = getattr(self._mine, "worker", None)
        if worker is None or worker.is_dead:
            worker = self._mine.worker = _Worker()
            self._all.append(worker)
        answer = worker.measure(track, self._started)
        if isinstance(answer, str):
            raise ScanError(answer)
        return answer

    def close(self) -> None:
        """End all processes."""
        for worker in self._all:
            worker.close()


class _Worker:
    """A process that measures one track after the other."""

    def __init__(self) -> None:
        ours, theirs = Pipe()
        self._connection: Connection[Any, Any] = ours
        path = [os.path.abspath(entry) for entry in sys.path]
        boot = _BOOT.format(path=path, parent=os.getpid(), fd=theirs.fileno())
        with theirs:
            self._process = subprocess.Popen([sys.executable, "-c", boot], pass_fds=[theirs.fileno()])
        self.is_dead = False

    def measure(self, track: Track, started: datetime) -> Record | BadAudio | str:
        """A record, bad audio, or the traceback of a bug."""
        try:
            self._connection.send((track, started))
            answer: Record | BadAudio | str = self._connection.recv()
        except (EOFError, OSError):
            self.is_dead = True
            code = self._process.wait()
            return BadAudio(Reason.DECODER_CRASH, f"the process that measured it ended with exit code {code}")
        return answer

    def close(self) -> None:
        """Let the process end."""
        self._connection.close()
        self._process.wait()


def serve(descriptor: int) -> NoReturn:
    """Measure the parent's tracks, until the parent is gone."""
    connection: Connection[Any, Any] = Connection(descriptor)
    with suppress(EOFError, OSError):
        while True:
            connection.send(_answer(*connection.recv()))
    sys.exit()


def _answer(track: Track, started: datetime) -> Record | BadAudio | str:
    try:
        return record_of(track, analyzed_at=started)
    except BadAudio as bad:
        return BadAudio(bad.reason, bad.message)
    except Exception:  # noqa: BLE001  the boundary of the process: the parent raises it
        return traceback.format_exc()
