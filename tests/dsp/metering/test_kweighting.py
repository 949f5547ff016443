import math

import numpy as np
import pytest
import scipy.signal

from beamprint.dsp.channels import layout_of
from beamprint.dsp.grid import Span
from beamprint.dsp.metering.k_filter import k_filter
from beamprint.dsp.metering.kweighting import cell_energies
from tests.segmenting import segments

WITHIN_0005_DB = 10 ** (0.005 / 10) - 1


def sections(rate):
    return np.array([np.concatenate(biquad) for biquad in k_filter(rate)])


def energies_by_hand(pcm, rate, weights):
    """K-weighted energy of each complete cell, straight from the definition, in float64."""
    total = pcm.shape[1]
    edges = [math.floor(k * rate / 100 + 0.5) for k in range(total * 100 // rate + 2)]
    weighted = scipy.signal.sosfilt(sections(rate), pcm.astype(np.float64))
    power = (np.array(weights)[:, None] * weighted**2).sum(axis=0)
    return np.array([power[a:b].sum() for a, b in zip(edges, edges[1:]) if b <= total])


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 32_000, 37_003, 44_056, 44_100, 48_000, 96_000])
def test_cells_hold_the_energy_of_the_definition(rate):
    rng = np.random.default_rng(rate)
    pcm = (rng.standard_normal((2, int(4.7 * rate))) * [[0.3], [0.1]]).astype(np.float32)
    (segment,) = segments(pcm, rate)
    expected = energies_by_hand(pcm, rate, [1, 1])
    np.testing.assert_allclose(cell_energies(segment, Span(0, len(expected))), expected, rtol=WITHIN_0005_DB)


@pytest.mark.parametrize("offset", [0.0, 0.5, -1.0])
@pytest.mark.parametrize("level", [1e-4, 1e-2])
def test_a_faint_signal_beside_an_offset_or_infrasound_is_weighted_too(offset, level):
    rng = np.random.default_rng(3)
    t = np.arange(3 * 48_000) / 48_000
    pcm = (level * rng.standard_normal((1, t.size)) + offset + 0.3 * np.sin(2 * np.pi * 3 * t)).astype(
        np.float32
    )
    (segment,) = segments(pcm, 48_000)
    expected = energies_by_hand(pcm, 48_000, [1])[50:]
    np.testing.assert_allclose(cell_energies(segment, Span(50, 300)), expected, rtol=3e-3)


def test_channels_count_by_their_weights():
    rng = np.random.default_rng(6)
    pcm = (rng.standard_normal((6, 48_000)) * 0.1).astype(np.float32)
    (segment,) = segments(pcm, 48_000, layout=layout_of(6, mask=0x3F))
    expected = energies_by_hand(pcm, 48_000, [1, 1, 1, 0, 1.41, 1.41])
    np.testing.assert_allclose(cell_energies(segment, Span(0, 100)), expected, rtol=WITHIN_0005_DB)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000])
def test_low_rates_are_weighted_like_48_khz(rate):
    """A tone in the pass band has the energy that it has when recorded at 48 kHz."""
    f = 1_237.0

    def tone(at):
        return (0.5 * np.sin(2 * np.pi * f * np.arange(2 * at) / at)).astype(np.float32)

    (low,), (high,) = segments(tone(rate), rate), segments(tone(48_000), 48_000)
    cells = Span(20, 180)
    found, expected = (cell_energies(s, cells).sum() / s.rate for s in (low, high))
    assert 10 * np.log10(found / expected) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_056, 44_100, 48_000])
def test_a_cell_has_the_same_energy_in_whichever_segment_it_is_asked_for(rate):
    rng = np.random.default_rng(1)
    pcm = (rng.standard_normal((1, 20 * rate)) * 0.2).astype(np.float32)
    (whole,) = segments(pcm, rate)
    expected = cell_energies(whole, Span(0, 2000))
    for segment in segments(pcm, rate, [8192 * 17, 8192 * 40], block=8192):
        first = -(-segment.own.start * 100 // rate) + 1
        cells = Span(first, min(first + 150, 2000))
        np.testing.assert_allclose(
            cell_energies(segment, cells), expected[cells.start : cells.stop], rtol=1e-6
        )
