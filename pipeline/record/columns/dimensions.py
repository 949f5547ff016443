"""The 25 dimensions: the comparable core of a fingerprint."""

from functools import partial

from beamprint.dsp.frequency_bands import BAND_NAMES, EDGES_HZ
from beamprint.pipeline.record.columns.column import Column, Gain, Group, Kind

_ON_Y = ("silent", "mono_mix_cancelled")
_dimension = partial(Column, kind=Kind.FLOAT, group=Group.DIMENSION, gain=Gain.UNCHANGED)
_share = partial(_dimension, unit="0-1", low=0, high=1)

_BANDS = tuple(
    _dimension(
        name=f"{band}_pct",
        family="spectral",
        unit="%",
        low=0,
        high=100,
        null_codes=(*_ON_Y, "outside_bands"),
        tolerance=0.1,
        definition=f"Energy of the mono mix from {low} up to {high} Hz, "
        "as a percentage of the energy in all seven bands; the seven sum to 100.",
        source="Discrete Fourier transform of the whole track; resolution 5 Hz or better below 500 Hz",
        blind_spot="When in the track the energy occurs. A strong tone within 2 Hz of an edge may be divided "
        "between the two bands (0.3 points).",
    )
    for band, low, high in zip(BAND_NAMES, EDGES_HZ, EDGES_HZ[1:])
)

_LEVEL_AND_BALANCE = (
    _dimension(
        name="lufs",
        family="loudness",
        unit="LUFS",
        low=-70,
        high=60,
        null_codes=("silent", "too_short", "gated"),
        gain=Gain.PLUS,
        tolerance=0.02,
        definition="Integrated loudness of all channels: K-weighted, 400 ms blocks every 100 ms, "
        "gated at -70 LUFS and 10 LU below the ungated loudness.",
        source="ITU-R BS.1770-5, EBU R 128",
        blind_spot="The full effect of a gain if passages lie near the -70 LUFS gate: the value then changes by less.",
    ),
    _dimension(
        name="crest_db",
        family="variation",
        unit="dB",
        low=0,
        null_codes=_ON_Y,
        tolerance=0.01,
        definition="Peak over RMS of the mono mix: 20 log10(max |y| / RMS y).",
        source="Definition of the crest factor",
        blind_spot="Whether a single click made the peak; see crest_std_db and dr for the dynamics of the music.",
    ),
    _dimension(
        name="bass_mid_ratio",
        family="spectral",
        unit="dB",
        low=-60,
        high=60,
        null_codes=(*_ON_Y, "outside_bands"),
        tolerance=0.05,
        definition="Energy in 60-250 Hz over the energy in 250-2000 Hz: 10 log10 of the ratio, with both floored at one "
        "millionth of the seven bands' energy.",
        source="Discrete Fourier transform of the whole track",
        blind_spot="How it sounds: frequencies are not weighted by loudness.",
    ),
)

_RHYTHM = (
    _dimension(
        name="tempo_bpm",
        family="temporal",
        unit="BPM",
        low=40,
        high=200,
        null_codes=(*_ON_Y, "too_short", "no_periodicity"),
        tolerance=0.5,
        definition="Tempo of the beat that a listener taps, from the periodicity of onset strength; not rounded.",
        source="Autocorrelation and beat tracking of onset strength; Ellis 2007",
        blind_spot="Changes of tempo, which show in tempo_confidence and rhythm_stability. The usual error is half or "
        "double the tapped tempo.",
    ),
    _share(
        name="rhythm_stability",
        family="temporal",
        null_codes=(*_ON_Y, "too_short", "no_periodicity", "too_few_beats"),
        tolerance=0.005,
        definition="Evenness of the beat: 1 / (1 + CV) of the intervals between tracked beats.",
        source="Ellis 2007 (beat tracking by dynamic programming)",
        blind_spot="How free a rhythm is: the beat tracker prefers even beats, so a free rhythm looks steadier.",
    ),
    _share(
        name="transient_density",
        family="temporal",
        null_codes=(*_ON_Y, "too_short"),
        tolerance=0.01,
        definition="Onsets per second, divided by 10 and clipped at 1.",
        source="Spectral flux of 128 mel bands in dB, weighted by itself; Boeck et al. 2012 for the peak picking",
        blind_spot="Soft attacks, such as a bowed crescendo. Rates above ten a second; see onset_rate_hz.",
    ),
    _share(
        name="silence_ratio",
        family="temporal",
        null_codes=("mono_mix_cancelled",),
        tolerance=0.005,
        definition="Share of 2048-sample frames whose RMS is more than 40 dB below the loudest frame's; 1 for silence.",
        source="RMS of frames every 512 samples at 44.1 kHz",
        blind_spot="Whether quiet passages hold music: only their level below the loudest frame counts.",
    ),
)

_TIMBRE = (
    _share(
        name="spectral_centroid",
        family="spectral",
        null_codes=_ON_Y,
        tolerance=0.002,
        definition="Median over frames of the magnitude-weighted mean frequency, divided by 8000 Hz and clipped at 1.",
        source="First moment of the STFT magnitude (Hann, 2048)",
        blind_spot="The reason for a value: hiss and a codec's low-pass filter move it as much as the instruments do.",
    ),
    _share(
        name="spectral_rolloff",
        family="spectral",
        null_codes=_ON_Y,
        tolerance=0.003,
        definition="Median over frames of the frequency below which 85 % of the magnitude lies, "
        "interpolated within the bin, divided by 10 000 Hz and clipped at 1.",
        source="85th percentile of the cumulative STFT magnitude (Hann, 2048)",
        blind_spot="Values above 10 kHz; see spectral_rolloff_hz.",
    ),
    _share(
        name="spectral_flatness",
        family="spectral",
        null_codes=_ON_Y,
        tolerance=0.003,
        definition="Median over frames of the geometric mean of the magnitude over its arithmetic mean, 20 Hz to "
        "10 kHz: near 0 for tones, towards 1 for noise.",
        source="Wiener entropy of the STFT magnitude (Hann, 2048), floor 1e-7 of the frame's maximum",
        blind_spot="The difference between noise and dense harmony, which look alike at this resolution.",
    ),
    _share(
        name="harmonic_ratio",
        family="harmonic",
        null_codes=_ON_Y,
        tolerance=0.01,
        definition="RMS of the harmonic part over the sum of the RMS of the harmonic and the percussive part.",
        source="Fitzgerald 2010: median filters of 31 frames and 31 bins, soft masks of power 2; "
        "every second frame of tracks over half a minute, every fourth of tracks over two minutes",
        blind_spot="The difference between vibrato or slides and percussion, or between sustained noise and tones.",
    ),
    _share(
        name="pitch_stability",
        family="harmonic",
        null_codes=(*_ON_Y, "unvoiced"),
        tolerance=0.03,
        definition="Steadiness of the fundamental: 1 / (1 + 10 CV) of its frequency over voiced frames.",
        source="YIN (de Cheveigne and Kawahara 2002), 65.4-2093 Hz, threshold 0.1",
        blind_spot="Single voices of polyphonic music: it follows the dominant one. Unreliable if voiced_ratio is below 0.05.",
    ),
    _share(
        name="chroma_energy",
        family="harmonic",
        null_codes=_ON_Y,
        tolerance=0.01,
        definition="Mean of the constant-Q chroma, with each frame divided by its maximum, then divided by 0.4 and clipped "
        "at 1: low for few pitch classes at a time, high for many.",
        source="Constant-Q transform (Brown 1991), 7 octaves from C1, 36 bins an octave, A4 = 440 Hz; "
        "only some frames, evenly spaced, of tracks over 15 s",
        blind_spot="The tuning, which is not estimated: music that is not tuned to 440 Hz spreads over two classes.",
    ),
)

_VARIATION = (
    _share(
        name="dynamic_range_variation",
        family="variation",
        null_codes=(*_ON_Y, "too_short"),
        tolerance=0.01,
        definition="Standard deviation of the crest factor of 500 ms frames every 250 ms, divided by 6 dB and clipped at 1.",
        source="Population standard deviation of 20 log10(peak / RMS)",
        blind_spot="Values above 6 dB; see crest_std_db.",
    ),
    _dimension(
        name="loudness_variation_std",
        family="variation",
        unit="dB",
        low=0,
        high=10,
        null_codes=_ON_Y,
        tolerance=0.05,
        definition="Standard deviation of the RMS level of 2048-sample frames every 250 ms, "
        "relative to the loudest, floored at -80 dB, clipped at 10 dB.",
        source="Population standard deviation of 20 log10 RMS",
        blind_spot="Perceived loudness: frequencies are not weighted. Values above 10 dB; see loudness_std_db.",
    ),
    _share(
        name="peak_consistency",
        family="variation",
        null_codes=(*_ON_Y, "too_short"),
        tolerance=0.005,
        definition="Evenness of the peaks: 1 / (1 + CV) of the peaks of 500 ms frames every 250 ms.",
        source="Coefficient of variation",
        blind_spot="Whether a limiter or a steady performance made the peaks even.",
    ),
)

_STEREO = (
    _share(
        name="stereo_width",
        family="stereo",
        null_codes=("silent", "no_stereo_pair"),
        tolerance=0.001,
        definition="Share of the side signal in the energy of mid and side, made from left and right; 0 for mono.",
        source="Mid/side decomposition",
        blind_spot="Which frequencies are wide. Surround channels are left out.",
    ),
    _dimension(
        name="phase_correlation",
        family="stereo",
        unit="-1-1",
        low=-1,
        high=1,
        null_codes=("silent", "no_variance", "no_stereo_pair"),
        tolerance=0.001,
        definition="Pearson correlation of left and right over the whole track; 1 for mono.",
        source="Pearson correlation, means removed",
        blind_spot="Short passages out of phase in an otherwise correlated track.",
    ),
)

DIMENSIONS = (*_BANDS, *_LEVEL_AND_BALANCE, *_RHYTHM, *_TIMBRE, *_VARIATION, *_STEREO)
