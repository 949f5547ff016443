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
        definition="Samples in runs of three or more of one sign within 0.05 % of the channel's own peak, "
        "where that peak is at least 0.25; summed over channels.",
        source="Runs of abs >= p (1 - 2^-11)",
        blind_spot="Clipping that was filtered or lossily coded afterwards; a square wave counts as clipped.",
    ),
    _count(
        name="samples_over_fs",
        unit="samples",
        gain=Gain.ABSOLUTE,
        definition="Samples beyond full scale (abs > 1), which only float and lossy files can hold.",
        source="Count over channels",
    ),
    _value(
        name="dc_offset",
        unit="full scale = 1",
        low=-64,
        high=64,
        gain=Gain.SCALES,
        tolerance=1e-6,
        definition="Mean of the channel whose mean is largest in magnitude, signed.",
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
            definition=f"Time {side} 10 ms in which any channel's RMS exceeds -60 dBFS.",
            source="RMS of 10 ms cells",
            blind_spot="Noise above -60 dBFS is not silence.",
        )
        for where, side in (("leading", "before the first"), ("trailing", "after the last"))
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
        "half the sample rate where there is none.",
        source="Mean power spectrum in 100 Hz bands, of every fourth frame",
        blind_spot="Music that fades out below the edge has none; a sound shorter than 0.4 s may fall between the frames.",
    ),
    _value(
        name="bandwidth_drop_db",
        unit="dB",
        null_codes=("silent", "mono_mix_cancelled", "too_short", "no_edge"),
        tolerance=1,
        definition="Height of that edge: median level of the kilohertz below it over that of the kilohertz above.",
        source="As bandwidth_hz",
    ),
    _count(
        name="effective_bits",
        unit="bits",
        high=32,
        gain=Gain.ABSOLUTE,
        null_codes=("silent", "lossy", "not_integer"),
        definition="Bits that are in use: the word length without the trailing bits that are zero in every sample; "
        "for float PCM the shortest integer word that holds every sample.",
        source="Bitwise OR of all codes",
        blind_spot="Padding with dither or noise looks like signal.",
    ),
)

_STEREO = (
    _flag(
        name="dual_mono",
        null_codes=("silent", "not_stereo"),
        definition="Two channels that carry the same signal: side energy more than 60 dB below mid energy.",
        source="Energies of left - right and left + right",
    ),
    _flag(
        name="polarity_inverted",
        null_codes=("silent", "not_stereo", "one_channel_silent"),
        definition="One of two channels is probably inverted: their correlation in 20-200 Hz or in 40-60 Hz is -0.3 or "
        "less and no more than 0.05 above that overall, or the overall one is -0.9 or less (without bass, -0.3); and "
        "that in 40-60 Hz is under 0.3.",
        source="Pearson correlation",
        blind_spot="Mixes whose channels do not correlate even in the bass; an inversion of both channels. "
        "Synthesiser sounds whose channels are opposed down to the bass read as inverted.",
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
        definition="Level of the quietest hundredth of 400 ms blocks between leading and trailing silence, "
        "without those that hold constant samples.",
        source="1st percentile of the variance of 400 ms blocks every 100 ms",
        blind_spot="An upper bound: music that never pauses hides its noise.",
    ),
    _value(
        name="hum_db",
        unit="dB",
        null_codes=("silent", "mono_mix_cancelled", "too_short"),
        tolerance=1,
        definition="How far mains hum stands out: second largest prominence among the first six harmonics "
        "of 50 or 60 Hz; hum from 15 dB.",
        source="10th percentile over 4 s windows of the power spectrum",
        blind_spot="A drone on such a frequency.",
    ),
    _quality(
        name="hum_hz",
        kind=Kind.INT,
        unit="Hz",
        low=50,
        high=60,
        null_codes=("silent", "mono_mix_cancelled", "too_short", "no_hum"),
        tolerance=0,
        definition="The mains frequency hum_db speaks of, 50 or 60 Hz.",
        source="As hum_db",
        blind_spot="Below 15 dB it means nothing.",
    ),
    _count(
        name="clicks",
        gain=Gain.ABSOLUTE,
        definition="Impulses in left or right: the third difference stands out of its surroundings, five times where "
        "it is large to 15 times where it is small, and the signal goes on after it as it came.",
        source="Block maxima of the third difference, extrapolation from both sides",
        blind_spot="Clicks 12 dB or more below the peak are often masked.",
    ),
    _count(
        name="dropouts",
        gain=Gain.ABSOLUTE,
        definition="Gaps of 2 ms to 5 s in which every channel stands still between loud surroundings.",
        source="Runs of constant samples with -50 dBFS in the 20 ms before and after",
        blind_spot="Gaps that were faded or concealed.",
    ),
)

QUALITY = (*_LEVELS, *_BANDWIDTH, *_STEREO, *_NOISE)
