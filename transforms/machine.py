"""How many processors and how much memory this process may use, by affinity and by the limits of its cgroups."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60


def usable_cpus(cgroups: Path = CGROUPS) -> int:
    """Processors this process may run on, not those the machine has."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for quota in _cpu_quotas(cgroups)]
    return max(1, min([allowed, *quotas]))


def usable_memory(cgroups: Path = CGROUPS) -> int:
    """Bytes of memory this process may use, as far as cgroups and the machine say."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([physical, *_memory_limits(cgroups)])


def _cpu_quotas(cgroups: Path) -> Iterator[float]:
    """Processors' worth of every quota on the way from this process's group to the root."""
    for folder in _folders(cgroups, ""):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            yield int(quota) / int(period)
    for folder in _folders(cgroups, "cpu"):
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal():
            yield int(quota) / int(period)


def _memory_limits(cgroups: Path) -> Iterator[int]:
    files = [folder / "memory.max" for folder in _folders(cgroups, "")]
    files += [folder / "memory.limit_in_bytes" for folder in _folders(cgroups, "memory")]
    for limit in map(_read, files):
        if limit.isdecimal() and int(limit) < _UNLIMITED:
            yield int(limit)


def _folders(cgroups: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's group and of its parents; ``controller`` is empty for cgroup v2."""
    root = cgroups / controller
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and ".." not in Path(path).parts:
            group = root / path.lstrip("/")
            yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(root))
            return
    yield root


def _read(path: Path) -> str:
    """Content of a kernel file, empty where this kernel has none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
