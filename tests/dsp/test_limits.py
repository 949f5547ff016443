import math

import pytest

from beamprint.dsp import stereo
from beamprint.dsp.limits import within
from beamprint.dsp.pair_sums import PairSums


@pytest.mark.parametrize(
    ("value", "limited"), [(-0.1, 0.0), (0.0, 0.0), (0.3, 0.3), (1.0, 1.0), (7.0, 1.0), (math.inf, 1.0)]
)
def test_a_value_beyond_a_limit_becomes_the_limit(value, limited):
    assert within(value, 0.0, 1.0) == limited


def test_nan_stays_nan_within_any_limits():
    assert math.isnan(within(math.nan, 0.0, 1.0))


def test_a_bug_in_a_sum_is_not_clipped_into_a_measurement():
    """``min(1.0, nan)`` is 1.0, which would pass the record's validation."""
    broken = PairSums(100, 0.0, 0.0, left_power=1.0, right_power=1.0, cross=math.nan)
    assert all(math.isnan(value) for value in stereo.finish(broken).values())
