from fractions import Fraction

import pytest

from beamprint.dsp.rhythm.metre import MULTIPLES, PARTS, Metre

ALL = [Metre(bar, division) for bar in (4, 3) for division in (2, 3)]


@pytest.mark.parametrize("metre", ALL, ids=lambda metre: f"{metre.bar} by {metre.division}")
def test_the_beat_its_bar_and_its_parts_are_levels(metre):
    assert {Fraction(1), Fraction(1, metre.bar), Fraction(metre.division)} <= metre.levels


@pytest.mark.parametrize("metre", ALL, ids=lambda metre: f"{metre.bar} by {metre.division}")
def test_music_recurs_after_the_bar_and_moves_at_it(metre):
    assert metre.bar in MULTIPLES[metre.bar]
    assert Fraction(1, metre.bar) in metre.rates
    assert list(metre.rates) == sorted(metre.rates)


def test_bars_of_three_have_no_half_and_bars_of_four_no_third():
    assert Fraction(1, 2) not in Metre(3, 2).levels
    assert Fraction(1, 3) not in Metre(4, 2).levels


@pytest.mark.parametrize("division", [2, 3])
def test_parts_divide_the_beat_evenly(division):
    assert PARTS[division] == tuple(part / division for part in range(1, division))
