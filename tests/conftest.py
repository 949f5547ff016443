"""The surroundings of every test process, set before NumPy and Numba are loaded.

One BLAS thread, as in a worker: two on small products cost more than they win. librosa compiles for 20 seconds; the
result is kept between runs, separately for each process: two that filled one cache at once have crashed.

Bytecode is kept, whatever the environment says: a process that compiles our modules takes a second longer, and the
tests start hundreds.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.emulators import emulator

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

os.environ["NUMBA_CACHE_DIR"] = str(
    Path(__file__).parent.parent / ".pytest_cache/numba" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """An emulator of S3, whose address and keys are in the environment."""
    with emulator("s3", tmp_path_factory.mktemp("s3") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def gs(tmp_path_factory):
    """An emulator of Cloud Storage, whose address is in the environment."""
    with emulator("gs", tmp_path_factory.mktemp("gs") / "data") as running:
        yield running


@pytest.fixture(params=["s3", "gs"])
def cloud(request):
    """Either emulator, its gate as new."""
    running = request.getfixturevalue(request.param)
    running.gate.reset()
    yield running
    running.gate.reset()
