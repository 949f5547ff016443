"""Loudness and dynamics columns beside the dimensions."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Gain, Group, Kind

_loudness = partial(
    Column, kind=Kind.FLOAT, group=Group.LOUDNESS, family="loudness", gain=Gain.PLUS, null_codes=("silent",)
)
_dynamics = partial(
    Column,
    kind=Kind.FLOAT,
    group=Group.DYNAMICS,
    family="variation",
    unit="dBFS",
    gain=Gain.PLUS,
    null_codes=("silent",),
)

LOUDNESS = (
    _loudness(
        name="momentary_max_lufs",
        unit="LUFS",
        high=60,
        null_codes=("silent", "too_short"),
        tolerance=0.05,
        definition="Largest loudness of any 400 ms, measured every 10 ms, without gate.",
        source="EBU Tech 3341",
        blind_spot="Where in the track it occurs.",
    ),
    _loudness(
        name="short_term_max_lufs",
        unit="LUFS",
        high=60,
        null_codes=("silent", "too_short"),
        tolerance=0.05,
        definition="Largest loudness of any 3 s, measured every 10 ms, without gate.",
        source="EBU Tech 3341",
        blind_spot="Where in the track it occurs.",
    ),
    _loudness(
        name="loudness_range_lu",
        unit="LU",
        low=0,
        high=130,
        gain=Gain.UNCHANGED,
        null_codes=("silent", "too_short", "gated"),
        remarks=("short",),
        tolerance=0.1,
        definition="Spread between the 10th and the 95th percentile of short-term loudness, gated at -70 LUFS "
        "and 20 LU below the mean.",
        source="EBU Tech 3342",
        blind_spot="The range of tracks under 60 s (note short) reliably: it rests on few values.",
    ),
    _loudness(
        name="true_peak_dbtp",
        unit="dBTP",
        high=60,
        tolerance=0.15,
        definition="Largest peak of the oversampled signal over all channels: "
        "4 times below 88.2 kHz, 2 times from 88.2 kHz, not at all from 176.4 kHz.",
        source="ITU-R BS.1770-5 annex 2, EBU Tech 3341",
        blind_spot="Peaks between the oversampled points, which are up to 0.4 dB higher.",
    ),
    _loudness(
        name="sample_peak_dbfs",
        unit="dBFS",
        high=36.2,
        tolerance=0.001,
        definition="Largest absolute sample over all channels, full scale = 0 dB.",
        source="20 log10 max |x|",
        blind_spot="Peaks between the samples; see true_peak_dbtp.",
    ),
    _loudness(
        name="plr_db",
        unit="dB",
        low=-40,
        high=150,
        gain=Gain.UNCHANGED,
        null_codes=("silent", "too_short", "gated"),
        tolerance=0.15,
        definition="Peak to loudness ratio: true_peak_dbtp - lufs.",
        source="AES TD1008",
        blind_spot="Whether a single click made the peak.",
    ),
    _loudness(
        name="replaygain_track_gain_db",
        unit="dB",
        low=-78,
        high=52,
        gain=Gain.MINUS,
        null_codes=("silent", "too_short", "gated"),
        tolerance=0.02,
        definition="Gain that brings the track to -18 LUFS: -18 - lufs.",
        source="ReplayGain 2.0",
        blind_spot="Whether the gain clips the peaks; compare true_peak_dbtp.",
    ),
    _loudness(
        name="loudness_cells",
        kind=Kind.UINT16S,
        unit="0.01 LU",
        low=0,
        null_codes=("silent", "too_short"),
        tolerance=2,
        definition="Loudness of each 100 ms without gate: 100 times the LUFS above -120, rounded; 0 is -120 LUFS or less. "
        "Integrated loudness and range of any part or group of tracks follow from it.",
        source="ITU-R BS.1770-5: K-weighted mean square, summed over channels with their weights",
        blind_spot="An incomplete last 0.1 s. Maxima in steps of 10 ms; see momentary_max_lufs.",
    ),
)

DYNAMICS = (
    _dynamics(
        name="rms_dbfs",
        high=36.2,
        tolerance=0.001,
        definition="Mean level: 10 log10 of the mean square of all channels but the LFE; "
        "a full-scale square wave is 0, a sine -3.01.",
        source="AES17 without its +3.01 dB convention",
        blind_spot="Loudness: there is no weighting and no gate, so silence lowers it.",
    ),
    *(
        _dynamics(
            name=f"rms_db_p{percentile}",
            high=36.2,
            null_codes=("silent", "too_short"),
            tolerance=0.01,
            definition=f"{percentile}th percentile of the levels of consecutive 50 ms windows; digital silence is left out.",
            source="Linearly interpolated percentile of 10 log10 of the mean square",
            blind_spot="How much digital silence there is.",
        )
        for percentile in (5, 50, 95)
    ),
    _dynamics(
        name="dr",
        unit="dB",
        high=100,
        gain=Gain.UNCHANGED,
        null_codes=("silent", "too_short"),
        tolerance=0.1,
        definition="Second-largest peak of 3 s blocks over the RMS of the loudest fifth of these blocks, with 3.01 dB added to "
        "the RMS; mean over channels, not rounded.",
        source="DR14 (TT Dynamic Range) with blocks of exactly 3 s",
        blind_spot="The difference between loud mastering and sparse music, which can have equal values. Tools with blocks of "
        "3.004 s differ by up to 0.1.",
    ),
)
