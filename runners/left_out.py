"""Keep optional libraries out of processes that do not need them.

Beam and pyarrow load pandas, and Beam the clients of clouds and IPython, wherever they are installed. Loading them
takes longer than measuring a minute of audio. Where they are not installed, both do without them.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

PANDAS = "pandas"
"""Beamprint itself does not use it."""
IN_WORKERS = (PANDAS, "IPython", "apache_beam.io.gcp", "boto3", "bson", "google.cloud", "hdfs", "pymongo")
"""Workers reach stores through other clients."""


class _Missing(MetaPathFinder):
    """Pretends that modules are not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not needed in this process", name=fullname)
        return None


def leave_out(*names: str) -> None:
    """Let imports of these modules fail from now on; only for processes of Beamprint itself."""
    sys.meta_path.insert(0, _Missing(names))
