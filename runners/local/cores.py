"""Number of workers for a machine, and the memory limit of each."""

from beamprint.transforms.machine import usable_cpus, usable_memory

WORKER_BYTES = 768 << 20
"""Memory that a worker is expected to need at its peak."""
LEAST_BYTES = 256 << 20
"""Memory that a worker needs for its code and a track of a few seconds."""
_LARGEST_LIMIT = 2 << 30
_SHARE = 0.9


def worker_count(wanted: int | None = None, *, memory_per_worker: int | None = None) -> int:
    """Number of workers: the wanted number, or as many as processors and memory allow, at least one."""
    if wanted is not None:
        return wanted
    fitting = int(usable_memory() * _SHARE) // (memory_per_worker or WORKER_BYTES)
    return max(1, min(usable_cpus(), fitting))


def memory_limit(workers: int) -> int:
    """Default limit of a worker's resident memory in bytes."""
    return max(WORKER_BYTES, min(_LARGEST_LIMIT, int(usable_memory() * _SHARE) // workers))
