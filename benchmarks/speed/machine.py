"""The machine and the versions that were measured."""

import json
import os
import platform
import re
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.speed import children, peers

_PACKAGES = ("numpy", "scipy", "soundfile", "apache-beam", "pyarrow", "librosa", "pyloudnorm", "essentia")
_NUMPY_DISPATCH = """
import json
from numpy._core._multiarray_umath import __cpu_dispatch__ as names, __cpu_features__ as present
print(json.dumps([name for name in names if present[name]]))
"""


def cpu_name() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def avx2_only() -> dict[str, str] | None:
    """Environment in which NumPy and OpenBLAS do not use AVX-512; None if the processor has none."""
    used = json.loads(children.run([sys.executable, "-c", _NUMPY_DISPATCH]).output)
    wide = [name for name in used if name.startswith(("AVX512", "X86_V4"))]
    if not wide:
        return None
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(wide), "OPENBLAS_CORETYPE": "Haswell"}


def versions() -> dict[str, str]:
    """Versions of the programs and libraries that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    text = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
    found["ffmpeg"] = text.split()[2]
    found["libebur128"] = peers.libebur128_version()
    if peers.bliss_program() is not None:
        found["bliss-audio"] = peers.bliss_version()
    return found


def header() -> list[str]:
    """Date, processor and versions, for the head of the page."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return [
        f"{date.today():%Y-%m-%d} · {cpu_name()}, {os.cpu_count()} cores, AVX-512: {'yes' if avx2_only() else 'no'}",
        ", ".join(f"{name} {found}" for name, found in versions().items()),
        f"Load average when it began: {load:.1f}",
    ]
