import subprocess
import sys

import pytest

START = """
import sys
from beamprint.runners.left_out import IN_WORKERS, ON_CALL, leave_out, load_on_call
leave_out(*IN_WORKERS)
load_on_call(*ON_CALL)
"""
GRAPH = """
import pyarrow
import beamprint.runners.in_process
from beamprint.pipeline.commands.command_line import main

def run(request):
    beamprint.runners.in_process.prepare(request.job)
    return beamprint.runners.in_process.run(request)

assert main(["run", "examples/melody-120bpm.ogg", "-o", sys.argv[1], "-q"], {"local": run}) == 0
assert pyarrow.array([1, 2]).to_pylist() == [1, 2]
print(sorted({*IN_WORKERS} & {*sys.modules}))
loaded = {name for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(sorted({*ON_CALL} & loaded))
"""
CALLS = """
from apache_beam.typehints import typehints
from beartype.roar import BeartypeDoorException
from scipy.special import gamma
import scipy.fft
import yaml

assert gamma(5) == 24 and scipy.special.gamma(5) == 24
assert typehints.is_consistent_with(bool, int) and not typehints.is_consistent_with(str, int)
assert yaml.safe_load("a: [1]") == {"a": [1]} and yaml.safe_dump(1)
assert not scipy.fft.fht([0.0, 0.0], 0.1, 0.0).any()
"""


def run(code, *arguments):
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", START + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pyarrow_and_the_graph_work_without_the_libraries_that_are_left_out(tmp_path):
    assert run(GRAPH, tmp_path / "out").endswith("[]\n[]\n")


def test_a_library_that_is_called_is_loaded():
    run(CALLS)


def test_a_name_that_a_library_does_not_have_is_an_error_when_it_is_called():
    with pytest.raises(AssertionError, match="has no attribute 'no_such_function'"):
        run("from scipy.special import no_such_function\nno_such_function()\n")
