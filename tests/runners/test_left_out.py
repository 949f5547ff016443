import subprocess
import sys

SCRIPT = """
import sys
from beamprint.runners.left_out import IN_WORKERS, leave_out
leave_out(*IN_WORKERS)
import pyarrow
import beamprint.runners.in_process
assert pyarrow.array([1, 2]).to_pylist() == [1, 2]
print(sorted({*IN_WORKERS} & {*sys.modules}))
"""


def test_pyarrow_and_the_graph_load_without_the_libraries_that_are_left_out():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "[]\n", done.stderr
