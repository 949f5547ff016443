"""One BLAS thread while something is measured.

The matrix products of the measurements are small: a second thread doubles or triples the CPU they cost and
saves no time. Many tracks are measured side by side instead.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Limit BLAS to one thread; on leaving, BLAS has as many threads as before.

    Threads that measure side by side may each enter and leave: the first to enter sets and lifts the
    limit, and the others may meanwhile have more than one BLAS thread.
    """
    controller = _controller()
    if all(library.num_threads == 1 for library in controller.lib_controllers):
        return nullcontext()  # as in workers of a run; to set and lift a limit takes twenty times as long
    return controller.limit(limits=1)


@cache
def _controller() -> ThreadpoolController:
    """Made once a process, when NumPy is loaded: it looks for the libraries in 9 ms."""
    return ThreadpoolController().select(user_api="blas")
