"""Raw companions of the dimensions: the value before it is scaled or clipped."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Gain, Group, Kind

_ON_Y = ("silent", "mono_mix_cancelled")
_NO_TEMPO = (*_ON_Y, "too_short", "no_periodicity")
_companion = partial(
    Column, kind=Kind.FLOAT, group=Group.COMPANION, gain=Gain.UNCHANGED, low=0, null_codes=_ON_Y
)

COMPANIONS = (
    _companion(
        name="spectral_centroid_hz",
        family="spectral",
        unit="Hz",
        high=22050,
        tolerance=16,
        definition="Median over frames of the magnitude-weighted mean frequency.",
        source="First moment of the STFT magnitude (Hann, 2048)",
    ),
    _companion(
        name="spectral_rolloff_hz",
        family="spectral",
        unit="Hz",
        high=22061,
        tolerance=30,
        definition="Median over frames of the frequency below which 85 % of the magnitude lies.",
        source="85th percentile of the cumulative STFT magnitude (Hann, 2048), interpolated within the bin",
    ),
    *(
        _companion(
            name=f"mfcc_{statistic}",
            family="spectral",
            kind=Kind.FLOATS,
            unit="dB",
            low=low,
            tolerance=0.5,
            gain=Gain.ABSOLUTE if statistic == "mean" else Gain.UNCHANGED,
            definition=f"{name} of 13 mel-frequency cepstral coefficients, the 0th first, over the frames that are not "
            "silent. Levels of 128 mel bands are floored at 80 dB below the track's largest. The 0th follows the level: "
            "g dB of gain move its mean by 11.3 g. In tracks over five minutes, only some frames are measured.",
            source="DCT-II (orthonormal) of 10 log10 of Slaney's mel bands (STFT, Hann, 2048)",
            blind_spot="The order of the sounds.",
        )
        for statistic, name, low in (("mean", "Mean", None), ("std", "Standard deviation", 0))
    ),
    _companion(
        name="onset_rate_hz",
        family="temporal",
        unit="1/s",
        high=100,
        null_codes=(*_ON_Y, "too_short"),
        tolerance=0.1,
        definition="Onsets per second over the whole track.",
        source="As transient_density",
    ),
    _companion(
        name="chroma_mean",
        family="harmonic",
        unit="0-1",
        high=1,
        tolerance=0.004,
        definition="Mean of the constant-Q chroma over classes and frames, with each frame divided by its maximum.",
        source="As chroma_energy",
    ),
    _companion(
        name="chroma",
        family="harmonic",
        kind=Kind.FLOATS,
        unit="share",
        high=1,
        null_codes=(*_ON_Y, "no_harmony"),
        tolerance=0.002,
        definition="Share of each of the 12 pitch classes, C first, in the constant-Q magnitudes of seven octaves from C1. "
        "It is the mean over the frames that are not silent, with each divided by its largest class. The sum is 1.",
        source="As chroma_energy",
        blind_spot="Instruments that are not tuned to A = 440 Hz: their notes fall between the classes. Overtones count as "
        "notes.",
    ),
    _companion(
        name="key",
        family="harmonic",
        kind=Kind.STRING,
        low=None,
        null_codes=(*_ON_Y, "no_harmony", "no_key"),
        tolerance=0,
        definition="Musical key of the whole track: C, C#, D, Eb, E, F, F#, G, Ab, A, Bb or B, and major or minor.",
        source="Correlation of chroma with Temperley's profiles (Kostka-Payne corpus)",
        blind_spot="Changes of key. The dominant, the subdominant and the relative key are the usual errors.",
    ),
    _companion(
        name="key_strength",
        family="harmonic",
        unit="0-1",
        high=1,
        null_codes=(*_ON_Y, "no_harmony", "no_key"),
        tolerance=0.01,
        definition="How much chroma resembles the pitch classes of the key. Below 0.55, or if all classes are about equally "
        "strong, there is no key.",
        source="Pearson correlation of chroma and profile",
    ),
    _companion(
        name="crest_std_db",
        family="variation",
        unit="dB",
        null_codes=(*_ON_Y, "too_short"),
        tolerance=0.06,
        definition="Standard deviation of the crest factor of 500 ms frames every 250 ms.",
        source="As dynamic_range_variation",
    ),
    _companion(
        name="loudness_std_db",
        family="variation",
        unit="dB",
        null_codes=_ON_Y,
        tolerance=0.05,
        definition="Standard deviation of the level of 2048-sample frames every 250 ms, floored at -80 dB.",
        source="As loudness_variation_std",
    ),
    _companion(
        name="voiced_ratio",
        family="harmonic",
        unit="0-1",
        high=1,
        tolerance=0.01,
        definition="Share of frames with a clear fundamental among those that are not silent. If many frames may be voiced, "
        "only some, evenly spaced, are measured.",
        source="YIN: cumulative-mean-normalised difference below 0.15",
        blind_spot="Chords: even a clear chord can lack a clear fundamental.",
    ),
    _companion(
        name="beat_count",
        family="temporal",
        kind=Kind.INT,
        null_codes=_NO_TEMPO,
        tolerance=0,
        definition="Number of tracked beats.",
        source="As rhythm_stability",
    ),
    _companion(
        name="beats_s",
        family="temporal",
        kind=Kind.FLOATS,
        unit="s",
        null_codes=_NO_TEMPO,
        tolerance=0.005,
        definition="Times of the tracked beats from the start of the track.",
        source="As rhythm_stability",
        blind_spot="Which beat is the first of a bar.",
    ),
    _companion(
        name="tempo_confidence",
        family="temporal",
        unit="0-1",
        high=1,
        null_codes=_NO_TEMPO,
        tolerance=0.05,
        definition="How reliable the tempo is: probability that it is the beat, and not its half, its double or another "
        "multiple.",
        source="Logistic model of the odds against the next best tempo, the onsets per beat, and how beats, their parts and "
        "groups of them recur; fitted to choices on music of known tempo that the choice was not fitted to",
        blind_spot="Errors by another factor, such as 3:2.",
    ),
)
