"""BLAS has one thread while something is measured, and afterwards as many as before."""

import os
import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from beamprint.transforms import blas
from beamprint.transforms.families import FAMILIES, combine, measure_segment
from tests.segmenting import segments
from tests.sounds import RATE, song


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _three_threads():
    with threadpool_limits(3, user_api="blas"):
        yield


class Spy:
    """A family that notes how many threads BLAS has."""

    COLUMNS = ()

    def analyse(self, segment):
        return threads()

    def merge(self, partials):
        return [*partials, threads()]

    def finish(self, partial):
        return [*partial, threads()]


def test_every_step_of_a_family_has_one_thread():
    (whole,) = segments(song(1.0), RATE)
    first, second = segments(song(7.0), RATE, [3 * RATE])
    assert measure_segment(Spy(), whole) == [{1}, {1}, {1}]
    assert combine(Spy(), [measure_segment(Spy(), part) for part in (first, second)]) == [{1}] * 4
    assert threads() == {3}


def test_an_exception_gives_the_threads_back():
    with pytest.raises(ZeroDivisionError), blas.one_thread():
        raise ZeroDivisionError
    assert threads() == {3}


MEASURES = """
from beamprint.transforms.families import FAMILIES, measure_segment
from tests.segmenting import segments
from tests.sounds import RATE, song
(whole,) = segments(song(2.0), RATE)
print({name: measure_segment(family, whole) for name, family in FAMILIES.items()})
"""


def test_a_process_that_allows_blas_more_threads_measures_the_same():
    environment = {**os.environ, "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
    told = subprocess.run(
        [sys.executable, "-c", MEASURES], env=environment, check=True, capture_output=True, text=True
    )
    (whole,) = segments(song(2.0), RATE)
    expected = {name: measure_segment(family, whole) for name, family in FAMILIES.items()}
    assert told.stdout.strip() == str(expected)
