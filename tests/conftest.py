"""The surroundings of every test process, set before NumPy and Numba are loaded.

One BLAS thread, as in a worker: two on small products cost more than they win. A cache of its own for what librosa
compiles: two processes that fill one cache at once have ended in a segmentation fault.
"""

import atexit
import os
import shutil
import tempfile

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="numba-")
atexit.register(shutil.rmtree, os.environ["NUMBA_CACHE_DIR"], ignore_errors=True)
