"""A process that ends with its parent. The module imports little: a new process calls it before anything else."""

import ctypes
import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_MORE_LIKELY_VICTIM = "300"


def end_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies for any reason; leave other signals to the parent.

    Args:
        parent: Process id of the parent; if it has died already, this process ends.
    """
    # A terminal or systemd signals all processes; the parent decides.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            # A worker can be replaced, the parent cannot.
            score.write(_MORE_LIKELY_VICTIM)
    if os.getppid() != parent:
        os._exit(1)
