"""Keep libraries out of processes that do not need them: loading them takes longer than measuring two minutes of audio.

Beam and pyarrow load pandas, and Beam the clients of clouds and IPython, wherever they are installed. Where they are not
installed, both do without them. Other libraries have to be there, for functions that no worker calls.
"""

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PANDAS = "pandas"
"""Beamprint itself does not use it."""
IN_WORKERS = (
    PANDAS,
    "IPython",
    "apache_beam.io.gcp",
    "boto3",
    "bson",
    "dill",
    "google.cloud",
    "hdfs",
    "pymongo",
)
"""Workers reach stores through other clients."""
ON_CALL = (
    "apache_beam.internal.http_client",
    "beartype",
    "cryptography.fernet",
    "fastavro",
    "numpy.f2py",
    "scipy.special",
    "yaml",
)
"""Beam uses five of them for other sources, for files to stage, for keys to encrypt and for type hints to check. SciPy's FFT
loads ``scipy.special`` for transforms of another kind, and everything that NumPy names."""


def leave_out(*names: str) -> None:
    """Let imports of these modules fail from now on; only for processes of Beamprint itself."""
    sys.meta_path.insert(0, _Missing(names))


def load_on_call(*names: str) -> None:
    """Load these modules, and those in them, not before one of their functions is called."""
    sys.meta_path[:0] = [_OnCall(name) for name in names]


class _Missing(MetaPathFinder):
    """Pretends that modules are not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not needed in this process", name=fullname)
        return None


class _OnCall(MetaPathFinder, Loader):
    """Finds a module, and those in it, as modules in which every name is a function that loads the real one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        is_ours = fullname == self._name or fullname.startswith(f"{self._name}.")
        return ModuleSpec(fullname, self, is_package=True) if is_ours else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name, self._call)

    def exec_module(self, module: ModuleType) -> None:
        """It has no code."""

    def _call(self, module: str, function: str, *args: Any, **named: Any) -> Any:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            for name in [name for name in sys.modules if self.find_spec(name)]:
                del sys.modules[name]
        return getattr(import_module(module), function)(*args, **named)


class _StandIn(ModuleType):
    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        super().__init__(name)
        self._call = call

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(self._call, self.__name__, name)
