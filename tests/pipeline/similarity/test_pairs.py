import itertools

import numpy as np
import pytest

from beamprint.pipeline.similarity import pairs
from beamprint.pipeline.similarity.pairs import near_pairs


def spread(rng):
    return rng.normal(0, 1, (400, 6)) * [30, 4, 1, 1, 0.2, 0]


def clustered(rng):
    centres = rng.normal(0, 8, (12, 5))
    return centres[rng.integers(0, 12, 400)] + rng.normal(0, 0.4, (400, 5))


def on_a_grid(rng):
    """Many differences are exactly 1, and many values equal."""
    return rng.integers(-3, 4, (400, 5)) / 2


def mostly_zero(rng):
    """As pitch classes are in a catalogue of speech; the few others are all on one side."""
    return np.where(rng.random((400, 4)) < 0.7, 0.0, rng.uniform(-40, -2, (400, 4)))


def alike(rng):
    return np.full((400, 3), rng.normal())


def far_off(rng):
    """Codes of one byte repeat every 16; a track of a day lies thousands away."""
    return rng.integers(0, 4, (400, 4)) * [16.0, 16.0, 16.0, 4000.0] + rng.uniform(-0.7, 0.7, (400, 4))


def all_compared(points):
    return {
        (one, other)
        for one, other in itertools.combinations(range(len(points)), 2)
        if np.abs(points[one] - points[other]).max() <= 1
    }


@pytest.mark.parametrize("at_once", [1, 50, 5000, pairs._COMPARED_AT_ONCE])
@pytest.mark.parametrize("made", [spread, clustered, on_a_grid, mostly_zero, alike, far_off])
def test_the_pairs_are_those_of_a_full_comparison_each_once(made, at_once, monkeypatch):
    monkeypatch.setattr(pairs, "_COMPARED_AT_ONCE", at_once)
    points = made(np.random.default_rng(8))
    if made is alike:
        points = points[:60]
    found = near_pairs(points)
    assert len(found) == len(set(map(tuple, found.tolist())))
    assert set(map(tuple, found.tolist())) == all_compared(points)


def test_every_point_counts_once_towards_the_end(monkeypatch):
    monkeypatch.setattr(pairs, "_COMPARED_AT_ONCE", 500)
    told = []
    near_pairs(clustered(np.random.default_rng(9)), told.append)
    assert sum(told) == 400
    assert len(told) > 10


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_point_has_no_pair(count):
    assert near_pairs(np.zeros((count, 3))).shape == (0, 2)
