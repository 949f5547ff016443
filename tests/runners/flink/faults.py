"""Decoders and sinks that tell where they run, and that kill once; the workers of a job load them by name."""

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beamprint.pipeline import runner
from beamprint.pipeline.runner import Job
from beamprint.transforms.ranges import read_range


@dataclass(frozen=True)
class Faulty:
    """The fault that a job suffers.

    Args:
        folder: Where workers leave notes: a file for each process that decoded, for each decoding of a segment, and
            one for the fault.
        fault: ``worker`` kills the worker while it decodes the tenth segment of a long track, ``manager`` the task
            manager while it decodes, ``between`` the same after the first commit; each once. ``slow`` decodes take a
            second.
    """

    folder: str
    fault: str = ""

    def decode(self, work):
        """In the decoder's process, whose parent is the worker, in the process group of its task manager."""
        Path(self.folder, f"decoded-{os.getppid()}-{os.getpgid(0)}").touch()
        if work.count > 1:
            Path(self.folder, f"segment-{work.index}-{time.time_ns()}").touch()
        name = work.track.track_id
        if name.startswith("exit"):
            os._exit(9)
        while name.startswith("hang"):
            time.sleep(1)
        if self.fault == "slow":
            time.sleep(1)
        if self.fault == "worker" and len(list(Path(self.folder).glob("segment-*"))) >= 10 and self._first():
            os.kill(os.getppid(), signal.SIGKILL)
        if self.fault == "manager" and self._first():
            os.killpg(0, signal.SIGKILL)
        return read_range(work)

    def committed(self):
        if self.fault == "between" and self._first():
            os.killpg(0, signal.SIGKILL)

    def _first(self):
        """Whether no process has come here before; it has decoded or committed something then."""
        try:
            Path(self.folder, "fault").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@dataclass(frozen=True)
class Sink:
    """A sink that tells when it has committed."""

    sink: Any
    faulty: Faulty

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "sink"), name)

    def commit(self, bucket, records, failures):
        self.sink.commit(bucket, records, failures)
        self.faulty.committed()


def install(folder, fault):
    """Have every job of this process decode and commit with a fault."""
    faulty = Faulty(folder, fault)
    within = Job.within.__func__

    def with_fault(cls, limits, sink):
        job = within(cls, limits, sink)
        return replace(job, decode=faulty.decode, sink=Sink(sink, faulty))

    runner.Job.within = classmethod(with_fault)
