"""Metres: how many beats make a bar, and into how many parts a beat is divided."""

from fractions import Fraction
from typing import NamedTuple

MULTIPLES = {4: (1, 2, 3, 4, 8, 16), 3: (1, 2, 3, 6, 12, 24)}
"""Beats after which music recurs, by the beats in a bar: beats, bars, and phrases of two, four and eight bars."""

PARTS = {2: (1 / 2,), 3: (1 / 3, 2 / 3)}
"""Parts of a beat after which music recurs, by the number of parts."""


class Metre(NamedTuple):
    """A metre, counted in the beats that are tapped: 12/8 has bars of four beats of three parts.

    Attributes
    ----------
    bar : beats of a bar, 4 (which stands for 2 as well) or 3
    division : parts of a beat, 2 or 3
    """

    bar: int
    division: int

    @property
    def levels(self) -> frozenset[Fraction]:
        """Ratios to the beat of all pulses of the metre: the beat, the bar and its half, the parts and their halves."""
        slower = (2, 4) if self.bar == 4 else (3,)
        faster = (self.division, 2 * self.division)
        return frozenset({Fraction(1), *(Fraction(1, beats) for beats in slower), *map(Fraction, faster)})

    @property
    def rates(self) -> tuple[Fraction, ...]:
        """Rates of its motion in cycles a beat: two bars, the bar, its half, the beat, its half and its quarter.

        A bar of three has no half: four, two and one bars stand for two, one and a half, so that both metres share
        one set of weights.
        """
        bars = (8, 4, 2) if self.bar == 4 else (12, 6, 3)
        return (*(Fraction(1, beats) for beats in bars), Fraction(1), Fraction(2), Fraction(4))
