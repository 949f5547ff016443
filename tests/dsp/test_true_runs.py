"""Runs of True."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp.true_runs import true_runs


@given(st.lists(st.booleans(), max_size=40))
def test_every_run_is_found_with_its_ends(flags):
    expected, at = [], 0
    for value, run in groupby(flags):
        length = len(list(run))
        if value:
            expected.append([at, at + length])
        at += length
    assert true_runs(np.array(flags, np.bool_)).tolist() == expected


@pytest.mark.parametrize("flags", [[], [False, False]])
def test_nothing_set_is_no_run(flags):
    assert true_runs(np.array(flags, np.bool_)).shape == (0, 2)
