"""`beamprint --version`: this program and the libraries that can change a number or break a run.

Loads neither Beam nor NumPy, so that it answers at once, and also where one of them is broken.
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
    """One line a program or library: its name and its version."""
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
    """Version of the C library, asked of itself; importing soundfile would load NumPy."""
    path = _libsndfile_path()
    if path is None:
        return "not found"
    tell = ctypes.CDLL(path).sf_version_string
    tell.restype = ctypes.c_char_p
    text: bytes = tell()
    return text.decode().removeprefix("libsndfile-")


def _libsndfile_path() -> str | None:
    """Where soundfile finds it: a wheel for this system brings its own, otherwise it is the system's."""
    bundled = find_spec("_soundfile_data")
    if bundled is not None and bundled.origin is not None:
        for path in Path(bundled.origin).parent.glob("libsndfile*"):
            return str(path)
    return ctypes.util.find_library("sndfile")
