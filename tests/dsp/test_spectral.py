import numpy as np
import pytest

from beamprint.dsp import spectral
from beamprint.dsp.missing import Missing
from tests.segmenting import columns

RATE = 44_100


def tone(hz, seconds=10.0, rate=RATE, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


def noise(seconds=8.0, channels=1, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal((channels, int(seconds * RATE)))


def whole_track_bands(y):
    """The definition itself: energies of the exact transform of the whole track."""
    power = np.abs(np.fft.rfft(y)) ** 2
    f = np.arange(len(power)) * RATE / len(y)
    edges = [20, 60, 250, 500, 2000, 4000, 6000, 20_000]
    energy = np.array([power[(f >= a) & (f < b)].sum() for a, b in zip(edges, edges[1:])])
    return 100 * energy / energy.sum()


def bands(result):
    return np.array([result[name] for name in spectral.BAND_COLUMNS])


@pytest.mark.parametrize("hz", [30, 100, 300, 1000, 3000, 5000, 12_000])
def test_a_tone_lies_in_its_band_alone(hz):
    share = bands(columns(spectral, tone(hz)))
    assert share.max() > 99.9
    assert share.argmax() == np.searchsorted([60, 250, 500, 2000, 4000, 6000], hz, side="right")


@pytest.mark.parametrize("seconds", [0.01, 0.7, 3.9, 4.1, 30.0])
def test_bands_agree_with_the_transform_of_the_whole_track(seconds):
    rng = np.random.default_rng(3)
    y = np.cumsum(rng.standard_normal(int(seconds * RATE))) * 1e-3 + sum(
        tone(f, seconds, amplitude=a)[: int(seconds * RATE)]
        for f, a in [(45, 0.1), (230, 0.2), (1500, 0.1), (7000, 0.1)]
    )
    y = y.astype(np.float32)
    np.testing.assert_allclose(bands(columns(spectral, y)), whole_track_bands(y), atol=0.1)


def test_bass_mid_ratio_of_two_equal_tones_is_zero():
    y = tone(150) + tone(800)
    assert columns(spectral, y)["bass_mid_ratio"] == pytest.approx(0.0, abs=0.01)


def test_bass_mid_ratio_is_bounded_by_its_floor():
    faded = tone(150) * np.hanning(10 * RATE)  # a tone cut off would spread over all frequencies
    assert columns(spectral, faded)["bass_mid_ratio"] == pytest.approx(60.0, abs=0.01)


def test_frame_shapes_agree_with_librosa():
    librosa = pytest.importorskip("librosa")
    y = noise()[0].astype(np.float32) + tone(440, 8).astype(np.float32)
    result = columns(spectral, y)
    centroid = np.median(librosa.feature.spectral_centroid(y=y, sr=RATE))
    assert result["spectral_centroid_hz"] == pytest.approx(centroid, rel=1e-4)


def test_shapes_agree_with_a_float64_reference():
    y = (noise()[0] + tone(440, 8)).astype(np.float32)
    padded = np.pad(y.astype(float), 1024)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    rolloff, flatness = [], []
    for i in range(len(y) // 512 + 1):
        s = np.abs(np.fft.rfft(padded[512 * i : 512 * i + 2048] * window))
        c = np.cumsum(s)
        k = int(np.argmax(c >= 0.85 * c[-1]))
        rolloff.append((k - 0.5 + (0.85 * c[-1] - (c[k - 1] if k else 0)) / s[k]) * RATE / 2048)
        f = np.arange(1025) * RATE / 2048
        q = s[(f >= 20) & (f < 10_000)]
        flatness.append(np.exp(np.log(np.maximum(q, 1e-7 * s.max())).mean()) / q.mean())
    result = columns(spectral, y)
    assert result["spectral_rolloff_hz"] == pytest.approx(np.median(rolloff), abs=0.5)
    assert result["spectral_flatness"] == pytest.approx(np.median(flatness), abs=1e-4)


@pytest.mark.parametrize("silent", [np.zeros((1, 5000)), np.zeros((2, RATE * 6))])
def test_silence_has_no_spectrum(silent):
    result = columns(spectral, silent)
    assert all(result[name] == Missing("silent") for name in spectral.COLUMNS)


def test_channels_that_cancel_are_not_called_silent():
    x = noise()[0]
    result = columns(spectral, np.stack([x, -x]))
    assert all(result[name] == Missing("mono_mix_cancelled") for name in spectral.COLUMNS)


def test_an_offset_alone_lies_in_no_band():
    found = columns(spectral, np.full((2, 3 * RATE), 0.5, np.float32))
    assert {found[name] for name in (*spectral.BAND_COLUMNS, "bass_mid_ratio")} == {spectral.OUTSIDE_BANDS}


def test_a_single_channel_cancels_with_nothing():
    denormal = 1e-40 * np.sin(np.arange(RATE, dtype=np.float32))
    assert columns(spectral, denormal)["spectral_centroid"] == Missing("silent")


@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_the_sample_rate_does_not_matter(rate):
    parts = [(55, 0.2), (230, 0.1), (1800, 0.1), (5200, 0.05), (9000, 0.02)]
    here = columns(spectral, sum(tone(f, 6, amplitude=a) for f, a in parts))
    there = columns(spectral, sum(tone(f, 6, rate, a) for f, a in parts), rate)
    np.testing.assert_allclose(bands(there), bands(here), atol=0.1)
    assert there["spectral_centroid"] == pytest.approx(here["spectral_centroid"], abs=0.002)
    assert there["spectral_rolloff"] == pytest.approx(here["spectral_rolloff"], abs=0.003)
    assert there["notes"] == []


def test_bands_above_half_the_rate_are_zero_and_noted():
    result = columns(spectral, tone(300, 6, 8000), 8000)
    assert result["presence_pct"] == 0
    assert result["air_pct"] == 0
    assert result["notes"] == ["band_limited"]


@pytest.mark.parametrize(
    "borders", [[150_000], [50_000, 120_001, 260_000], list(range(40_000, 400_000, 57_331))]
)
def test_segmentation_changes_nothing(borders):
    x = noise(9.5, channels=2)
    whole = columns(spectral, x, block=8192)
    cut = columns(spectral, x, borders=borders, block=8192)
    for name in spectral.COLUMNS:
        assert cut[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("gain_db", [-40, 12])
def test_gain_changes_nothing(gain_db):
    x = noise(6.0)
    here, there = columns(spectral, x), columns(spectral, x * 10 ** (gain_db / 20))
    for name in set(spectral.COLUMNS) - set(spectral.CEPSTRUM_COLUMNS):
        assert there[name] == pytest.approx(here[name], abs=1e-4, rel=1e-5), name
