"""The surroundings of every test process, set before NumPy and Numba are loaded.

One BLAS thread, as in a worker: two on small products cost more than they win. A cache of its own for what librosa
compiles: two processes that fill one cache at once have ended in a segmentation fault.
"""

import atexit
import os
import shutil
import tempfile

import pytest

from tests.emulators import emulator

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="numba-")
atexit.register(shutil.rmtree, os.environ["NUMBA_CACHE_DIR"], ignore_errors=True)


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
