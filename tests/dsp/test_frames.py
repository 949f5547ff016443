import numpy as np
import pytest

from beamprint.dsp import frames
from beamprint.dsp.segment import Segment
from tests.segmenting import segments
from tests.sounds import RATE, song

librosa = pytest.importorskip("librosa")


@pytest.fixture(scope="module")
def y():
    return song(7.0, channels=1)[0]


@pytest.fixture(scope="module")
def magnitude(y):
    return np.abs(librosa.stft(y, n_fft=2048, hop_length=512)).T


def measured(y, **how):
    (segment,) = segments(y, RATE, **how)
    return segment.frames


def coded(magnitude):
    codes = np.empty(magnitude.shape, np.uint8)
    frames.log_codes(magnitude[None], np.empty(magnitude.shape, np.int16)[None], out=codes[None])
    return codes


def test_there_is_a_frame_every_512_samples_up_to_the_end(y):
    assert len(measured(y).rms) == len(y) // 512 + 1
    assert len(measured(y[:1024]).rms) == 3
    assert len(measured(y[:1]).rms) == 1


def test_rms_and_mel_agree_with_librosa(y, magnitude):
    found = measured(y)
    np.testing.assert_allclose(found.rms, librosa.feature.rms(y=y)[0], atol=1e-6)
    power = librosa.feature.melspectrogram(S=magnitude.T**2, sr=RATE)
    np.testing.assert_allclose(found.mel_db, 10 * np.log10(power.T), atol=0.01)


def test_centroid_agrees_with_librosa(y, magnitude):
    expected = librosa.feature.spectral_centroid(S=magnitude.T, sr=RATE)[0]
    np.testing.assert_allclose(measured(y).centroid_hz, expected, rtol=1e-4)


def test_rolloff_lies_within_the_bin_where_85_percent_are_reached(y, magnitude):
    cumulative = np.cumsum(magnitude.astype(np.float64), axis=1)
    total = 0.85 * cumulative[:, -1]
    k = (cumulative < total[:, None]).sum(axis=1)
    rows = np.arange(len(k))
    below = np.where(k > 0, cumulative[rows, k - 1], 0)
    expected = (k - 0.5 + (total - below) / magnitude[rows, k]) * RATE / 2048
    np.testing.assert_allclose(measured(y).rolloff_hz, expected, atol=1.0)


@pytest.mark.parametrize("hz", [5, 150, 688, 690, 10_000, 22_000])
def test_rolloff_of_a_tone_is_near_the_tone_wherever_it_lies(hz):
    found = measured(np.sin(2 * np.pi * hz * np.arange(RATE) / RATE))
    assert np.median(found.rolloff_hz) == pytest.approx(hz, abs=60)


def test_flatness_agrees_with_the_definition(y, magnitude):
    f = np.arange(1025) * RATE / 2048
    q = magnitude[:, (f >= 20) & (f < 10_000)].astype(np.float64)
    floor = 1e-7 * magnitude.max(axis=1, keepdims=True)
    expected = np.exp(np.log(np.maximum(q, floor)).mean(axis=1)) / q.mean(axis=1)
    np.testing.assert_allclose(measured(y).flatness, expected, atol=1e-4)


def test_codes_are_monotone_and_within_a_sixteenth_of_an_octave(magnitude):
    x = np.sort(
        np.concatenate([magnitude.ravel(), np.geomspace(2.0**-15, 2.0**16, 10_000)]).astype(np.float32)
    )
    codes = coded(x)
    assert (np.diff(codes.astype(int)) >= 0).all()
    audible = x >= 2.0**-15
    ratio = frames.magnitude_of_code()[codes[audible]] / x[audible]
    assert np.abs(np.log2(ratio)).max() < 1 / 8
    assert coded(np.array([0.0, 1e-9], np.float32)).max() == 0


def test_power_of_codes_is_the_squared_magnitude_of_their_cells():
    codes = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_allclose(frames.power_of_codes(codes)[0], frames.magnitude_of_code() ** 2, rtol=1e-6)


def test_power_is_summed_over_the_own_frames(y, magnitude):
    np.testing.assert_allclose(measured(y).power, (magnitude.astype(np.float64) ** 2).sum(axis=0), rtol=1e-4)


def test_rows_of_a_segment_are_those_of_the_whole_track(y):
    whole = measured(y, block=8192)
    for segment in segments(y, RATE, [100_000, 200_000], block=8192):
        part = segment.frames
        rows = slice(part.first, part.first + len(part.rms))
        np.testing.assert_allclose(part.mel_db, whole.mel_db[rows], atol=1e-4)
        np.testing.assert_array_equal(part.log_spectrum, whole.log_spectrum[rows])
        own = frames.own_frames(segment.own_y, segment.total_y)
        assert (part.first + part.own.start, part.first + part.own.stop) == own
        assert own.start == 0 or own.start - part.first >= min(own.start, frames.CONTEXT_FRAMES)


def test_silent_frames_have_no_shape():
    found = measured(np.zeros(5000))
    assert np.isnan(found.centroid_hz).all()
    assert (found.rms == 0).all()


def test_a_segment_is_not_asked_beyond_its_halo(y):
    (_, last) = segments(np.tile(y, 5), RATE, [20 * RATE])
    assert isinstance(last, Segment)
    with pytest.raises(IndexError, match="held"):
        last.y.span(0, 100)
