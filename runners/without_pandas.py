"""Keep pandas out of processes that do not need it.

Beam and pyarrow load it wherever it is installed, which takes longer than to measure a minute of audio, and do
without it where it is not. Nothing of Beamprint uses it.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec


class _Missing(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed in this process", name="pandas")
        return None


def leave_out_pandas() -> None:
    """Have imports of pandas fail from here on; only for a process that is Beamprint's own."""
    sys.meta_path.insert(0, _Missing())
