"""One BLAS thread, as in a worker: two on small products cost more than they win. Set before NumPy is loaded."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
