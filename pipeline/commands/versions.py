"""`beamprint --version`: versions of this program and of the libraries that can change a number or break a run.

Imports neither Beam nor NumPy, so that it answers at once, even if one of them is broken.
"""

import ctypes
import ctypes.util
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import beamprint

_LIBRARIES = ("apache-beam", "numpy", "scipy", "soundfile", "av", "pyarrow")


def versions() -> str:
    """One line per program or library: name and version."""
    lines = [("beamprint", beamprint.__version__), ("Python", platform.python_version())]
    lines += [(name, _installed(name)) for name in _LIBRARIES]
    lines += [("libsndfile", _libsndfile())]
    return "\n".join(f"{name} {number}" for name, number in lines)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _libsndfile() -> str:
    """Version of the C library, from the library itself; importing soundfile would load NumPy."""
    path = _libsndfile_path()
    if path is None:
        return "not found"
    tell = ctypes.CDLL(path).sf_version_string
    tell.restype = ctypes.c_char_p
    text: bytes = tell()
    return text.decode().removeprefix("libsndfile-")


def _libsndfile_path() -> str | None:
    """Path of the library that soundfile uses: from its wheel, if that has one, else from the system."""
    bundled = find_spec("_soundfile_data")
    if bundled is not None and bundled.origin is not None:
        for path in Path(bundled.origin).parent.glob("libsndfile*"):
            return str(path)
    return ctypes.util.find_library("sndfile")
