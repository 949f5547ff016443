import numpy as np
import pytest

from beamprint.dsp import temporal
from beamprint.dsp.grid import ANALYSIS_RATE as RATE
from beamprint.dsp.rhythm import events
from beamprint.dsp.rhythm.chroma_flux import HarmonyChange
from tests.dsp.rhythms import click_track, notes
from tests.segmenting import segments

T = np.arange(10 * RATE) / RATE


def has_events(y):
    (segment,) = segments(y, RATE)
    partial = temporal.analyse(segment)
    return events.has_events(partial.strength, partial.rms, HarmonyChange(partial.chroma))


def gate(period, rise=0.01):
    """On for half of each period, with straight edges of ``rise`` seconds that are the same backwards."""
    place = T % period
    return np.clip(np.minimum(place, period / 2 - place) / rise, 0, 1)


def test_struck_notes_and_clicks_are_events():
    assert has_events(notes(seconds=10, gaps=(0.3, 0.5))[0])
    assert has_events(click_track(120, 10)[0])


def test_beeps_that_end_as_they_begin_are_events():
    assert has_events(0.3 * gate(0.5) * np.sin(2 * np.pi * 1000 * T))


def test_chords_that_follow_each_other_without_attacks_are_events():
    change = np.clip(np.abs((T / 2) % 2 - 1) * 6 - 2.5, 0, 1)
    one, other = (
        sum(np.sin(2 * np.pi * f * T) for f in chord) for chord in ((220, 277, 330), (247, 294, 370))
    )
    assert has_events(0.1 * (change * one + (1 - change) * other))


@pytest.mark.parametrize("depth_db", [3, 20])
def test_a_tone_that_only_grows_and_fades_has_no_events(depth_db):
    level = 10 ** (depth_db / 40 * (np.sin(2 * np.pi * 2 * T) - 1))
    assert not has_events(0.3 * level * np.sin(2 * np.pi * 330 * T))


def test_noise_has_no_events():
    assert not has_events(0.1 * np.random.default_rng(0).normal(size=len(T)))


def test_a_very_short_sound_can_be_asked_about():
    assert has_events(np.full(100, 0.5)) in (True, False)
