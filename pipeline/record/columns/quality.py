"""Quality control columns: what is wrong, or may be, with a file."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Gain, Group, Kind

_quality = partial(Column, group=Group.QUALITY, family="quality", gain=Gain.UNCHANGED)
_count = partial(_quality, kind=Kind.INT, low=0, tolerance=0)
_value = partial(_quality, kind=Kind.FLOAT)
_flag = partial(_quality, kind=Kind.BOOL)

_LEVELS = (
    _count(
        name="clipped_samples",
        unit="samples",
        definition="Samples in flat tops within 0.05 % of their channel's peak, if that peak is 0.25 or more; summed over "
        "channels. A top lasts at least three samples at 44.1 kHz and changes by at most 0.05 % from sample to sample. It "
        "exceeds both neighbours by five times its own spread and 2.5 steps of the word length. At least 10 % of the sound "
        "around it lies off the peak, and at most a quarter of that is constant.",
        source="Runs of samples at 1 - 2^-11 of the peak or above; a parabola spreads by 0.25 of its height",
        blind_spot="Clipping that was filtered, resampled or lossily coded afterwards; clipping of square waves.",
    ),
    _count(
        name="samples_over_fs",
        unit="samples",
        gain=Gain.ABSOLUTE,
        definition="Number of samples beyond full scale (magnitude above 1); only float and lossy files can hold them.",
        source="Count over channels",
    ),
    _value(
        name="dc_offset",
        unit="full scale = 1",
        low=-64,
        high=64,
        gain=Gain.SCALES,
        tolerance=1e-6,
        definition="Mean of the samples, with its sign, of the channel whose mean is farthest from 0.",
        source="Arithmetic mean",
    ),
    *(
        _value(
            name=f"{where}_silence_s",
            unit="s",
            low=0,
            gain=Gain.ABSOLUTE,
            null_codes=("silent",),
            tolerance=0.01,
            definition=f"Time {side} 10 ms in which any channel, less its mean, exceeds -60 dBFS.",
            source="Standard deviation in 10 ms cells",
            blind_spot="Silence with noise above -60 dBFS.",
        )
        for where, side in (("leading", "before the first"), ("trailing", "after the last"))
    ),
)

_CHANNELS = tuple(
    _quality(
        name=f"channel_{name}_dbfs",
        kind=Kind.LEVELS,
        unit="dBFS",
        high=36.2,
        gain=Gain.PLUS,
        tolerance=0.001,
        definition=f"{what} of each channel, in the file's order; a silent channel has null in the list.",
        source=source,
    )
    for name, what, source in (
        ("rms", "Mean level", "10 log10 of the mean square"),
        ("peak", "Largest absolute sample", "20 log10 max |x|"),
    )
)

_FAULTS = (
    _quality(
        name="faults",
        kind=Kind.FAULTS,
        gain=Gain.ABSOLUTE,
        tolerance=0.005,
        definition="Where the faults are: kind (clipping, click, dropout, repeat, skip or silence), start_s, end_s, channel "
        "(from 0; null for all or several), level_db. In time order, the first 200 of each kind. The level is the peak of "
        "clipping, the height of a click, the RMS of silence; for other kinds, the RMS of the surroundings. Silence is a second "
        "or more below -60 dBFS within the sound.",
        source="The detectors of the columns of the same names",
        blind_spot="More than 200 faults of a kind; columns such as clicks count all of them.",
    ),
)

_BANDWIDTH = (
    _value(
        name="bandwidth_hz",
        unit="Hz",
        low=0,
        null_codes=("silent", "mono_mix_cancelled", "too_short"),
        tolerance=200,
        definition="Frequency at which the spectrum of the mono mix ends in an edge of 15 dB or more; "
        "half the sample rate if there is none.",
        source="Mean power spectrum in 100 Hz bands, of every fourth frame",
        blind_spot="An edge above music that fades out below it. A sound shorter than 0.4 s may fall between the frames.",
    ),
    _value(
        name="bandwidth_drop_db",
        unit="dB",
        null_codes=("silent", "mono_mix_cancelled", "too_short", "no_edge"),
        tolerance=1,
        definition="Height of the edge at bandwidth_hz: median level of the 1 kHz below minus median level of the 1 kHz above.",
        source="As bandwidth_hz",
    ),
    _count(
        name="effective_bits",
        unit="bits",
        high=32,
        gain=Gain.ABSOLUTE,
        null_codes=("silent", "lossy", "not_integer"),
        definition="Number of bits in use: the word length without the lowest bits that are zero in every sample. For "
        "float PCM, the shortest integer word that holds every sample.",
        source="Bitwise OR of all codes",
        blind_spot="Whether bits hold only dither or noise, which look like signal.",
    ),
)

_STEREO = (
    _flag(
        name="dual_mono",
        null_codes=("silent", "not_stereo"),
        definition="Whether two channels carry the same signal, even at different levels: what they do not share is more than "
        "30 dB below it. That is 1 - r^2 < 0.001, where r is their correlation, means not removed.",
        source="Energies and cross energy of left and right",
        blind_spot="Mono with a stereo effect above -30 dB.",
    ),
    _value(
        name="dual_mono_gain_db",
        unit="dB",
        null_codes=("silent", "not_stereo", "not_dual_mono"),
        tolerance=0.01,
        definition="Level of left minus level of right, if both carry the same signal.",
        source="10 log10 of the ratio of energies",
    ),
    _flag(
        name="polarity_inverted",
        null_codes=("silent", "not_stereo", "one_channel_silent"),
        definition="Whether one of two channels is probably inverted. Either their correlation in 20-200 Hz or in 40-60 Hz is "
        "-0.3 or less, and not more than 0.05 above the overall correlation; or the overall correlation is -0.9 or less "
        "(-0.3 without bass). In both cases the correlation in 40-60 Hz is below 0.3.",
        source="Pearson correlation",
        blind_spot="An inversion in mixes whose channels do not correlate even in the bass; an inversion of both channels. "
        "Synthesiser sounds whose channels are opposed down to the bass count as inverted.",
    ),
)

_NOISE = (
    _value(
        name="noise_floor_dbfs",
        unit="dBFS",
        high=36.2,
        gain=Gain.PLUS,
        null_codes=("silent", "too_short", "digital_silence"),
        tolerance=1,
        definition="Level below which 1 % of the 400 ms blocks lie, between leading and trailing silence; blocks of constant "
        "samples are left out.",
        source="1st percentile of the variance of 400 ms blocks every 100 ms",
        blind_spot="The noise of music that never pauses: it is hidden, so the value is an upper bound.",
    ),
    _value(
        name="hum_db",
        unit="dB",
        null_codes=("silent", "mono_mix_cancelled", "too_short"),
        tolerance=1,
        definition="How far mains hum stands out: the second largest prominence among the first six harmonics "
        "of 50 or 60 Hz. 15 dB or more is hum.",
        source="10th percentile over 4 s windows of the power spectrum",
        blind_spot="The difference between hum and a musical drone of the same frequency.",
    ),
    _quality(
        name="hum_hz",
        kind=Kind.INT,
        unit="Hz",
        low=50,
        high=60,
        null_codes=("silent", "mono_mix_cancelled", "too_short", "below_15_db"),
        tolerance=0,
        definition="Mains frequency at which hum_db was measured: 50 or 60 Hz.",
        source="As hum_db",
        blind_spot="Anything if hum_db is below 15 dB.",
    ),
    _count(
        name="clicks",
        gain=Gain.ABSOLUTE,
        definition="Impulses in the left or right channel. The eighth difference of the signal exceeds its surroundings by "
        "a factor of 3 (where they are large) to 15 (where they are small), and the signal goes on as before.",
        source="Block maxima of the eighth difference, extrapolation from both sides",
        blind_spot="Many of the clicks that lie 12 dB or more below the peak: the music masks them.",
    ),
    _count(
        name="dropouts",
        gain=Gain.ABSOLUTE,
        definition="Gaps of 2 ms to 5 s in which the samples of one channel, or of all, are constant, between loud surroundings "
        "that do not fade. Gaps at the peak, or with a quarter of the second around filled by others, are left out. In a sound with "
        "many pauses, a gap must also be sharp, loud and between equal levels; evenly spaced gaps are a rhythm.",
        source="Runs of equal samples, with -50 dBFS or more in the 20 ms before and after",
        blind_spot="Gaps that were faded, concealed or lossily coded; gaps in synthetic speech and in gated sounds.",
    ),
)

_SPLICES = (
    _count(
        name="repeats",
        gain=Gain.ABSOLUTE,
        definition="Buffers of 256 to 9000 samples that are played twice or more: after a junction that stands out in the eighth "
        "difference, the same samples follow that lie before it.",
        source="Comparison of samples",
        blind_spot="Repeats whose junction the music hides: one in seven. Repeats in audio that was lossily coded, resampled or "
        "dithered afterwards, because the samples then differ.",
    ),
    _count(
        name="skips",
        gain=Gain.ABSOLUTE,
        definition="Junctions at which samples are missing. The prediction error from either side is 10 times the largest within "
        "10 ms and 20 times its RMS. The level stays within 12 dB, the signal does not return to its course, and no junction "
        "within a second is similar. If there are five or more, and most of them, after which the sound is 2.3 dB louder, "
        "these are left out: they are notes.",
        source="16th-order linear prediction from either side",
        blind_spot="Skips that the music hides: three in ten. Skips in audio that was lossily coded or resampled afterwards. The "
        "difference between a skip and a hard cut in the music.",
    ),
)

QUALITY = (*_FAULTS, *_LEVELS, *_CHANNELS, *_BANDWIDTH, *_STEREO, *_NOISE, *_SPLICES)
