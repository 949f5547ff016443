from fractions import Fraction

import numpy as np
import pytest

from beamprint.dsp.rhythm import confidence
from beamprint.dsp.rhythm.metre import Metre
from beamprint.dsp.rhythm.tempo import Level

PERIOD = 40.0
BEATS = np.arange(0, 8001, PERIOD)
FOUR, THREE = Metre(4, 2), Metre(3, 2)
LEVEL = Level(120.0, FOUR, fit=2.0, recurs=1.0, seven=0.2, parts=0.5)


def hits(every):
    """Attack strength of even hits, so many beats apart."""
    strength = np.zeros(8001, np.float32)
    strength[np.arange(0, 8000, round(every * PERIOD))] = 3
    return strength


def signs(chances=(0.2, 0.8), chosen=1, onset_rate=5.0, groups=0.2):
    return confidence.signs(np.array(chances), chosen, LEVEL, onset_rate, groups)


@pytest.mark.parametrize(
    ("every", "ratio", "metre", "expected"),
    [
        (1, "1", FOUR, 0),
        (2, "1", FOUR, 1),
        (4, "1", FOUR, 1),
        (2, "1", THREE, 0),
        (3, "1", THREE, 1),
        (1, "2", FOUR, 1),
        (2, "1/2", FOUR, 0),
        (4, "1/2", FOUR, 1),
    ],
)
def test_hits_on_the_first_of_two_or_three_beats_come_in_groups(every, ratio, metre, expected):
    found = confidence.grouping(hits(every), BEATS, Fraction(ratio), metre)
    assert found == pytest.approx(expected, abs=0.15)


def test_silence_and_too_few_beats_have_no_groups():
    assert confidence.grouping(np.zeros(8001, np.float32), BEATS, Fraction(1), FOUR) == 0
    assert confidence.grouping(hits(2), BEATS[:2], Fraction(1, 3), THREE) == 0


def test_the_margin_is_the_log_of_the_odds_against_the_next_best_up_to_a_limit():
    assert signs(chances=(0.1, 0.3, 0.6), chosen=2).margin == pytest.approx(np.log(2))
    assert signs(chances=(0.6, 0.3), chosen=1).margin == pytest.approx(-np.log(2))
    assert signs(chances=(1.0,), chosen=0).margin == signs(chances=(1.0, 0.0), chosen=0).margin == 6


@pytest.mark.parametrize(("onset_rate", "octaves"), [(2.0 * 2**1.3, 0), (2.0 * 2**2.3, 1), (2.0 * 2**0.3, 1)])
def test_notes_count_in_octaves_from_the_usual_number_a_beat(onset_rate, octaves):
    assert signs(onset_rate=onset_rate).notes == pytest.approx(octaves)


@pytest.mark.parametrize(
    "doubtful",
    [
        signs(chances=(0.4, 0.6)),
        signs(onset_rate=1.0),
        signs(onset_rate=12.0),
        signs(groups=0.6),
        signs()._replace(parts=1.2),
    ],
    ids=["a close second", "few notes", "many notes", "beats in pairs", "parts that recur like beats"],
)
def test_each_doubt_lowers_the_confidence(doubtful):
    assert 0 < confidence.confidence(doubtful) < confidence.confidence(signs()) < 1
