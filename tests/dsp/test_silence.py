"""One rule in three units: amplitude, energy and level."""

import numpy as np

from beamprint.dsp.silence import sounding, sounding_by_energy, sounding_by_level

LEVELS_DB = np.array([-10.0, -79.9, -80.1, -30.0])
EXPECTED = [True, True, False, True]


def test_frames_more_than_70_db_below_the_loudest_are_silent():
    assert sounding((10 ** (LEVELS_DB / 20)).astype(np.float32)).tolist() == EXPECTED
    assert sounding_by_energy(10 ** (LEVELS_DB / 10)).tolist() == EXPECTED
    assert sounding_by_level(LEVELS_DB.astype(np.float32)).tolist() == EXPECTED


def test_nothing_sounds_in_silence():
    assert not sounding(np.zeros(3, np.float32)).any()
    assert not sounding(np.zeros(0, np.float32)).any()
    assert not sounding_by_energy(np.zeros(3)).any()
