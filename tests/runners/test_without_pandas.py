import subprocess
import sys

SCRIPT = """
import sys
from beamprint.runners.without_pandas import leave_out_pandas
leave_out_pandas()
import pyarrow
import apache_beam
assert pyarrow.array([1, 2]).to_pylist() == [1, 2]
print("pandas" in sys.modules)
"""


def test_neither_pyarrow_nor_beam_loads_pandas_and_both_work():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "False\n", done.stderr
