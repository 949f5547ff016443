"""Meaning of the codes in ``notes``."""

CODES = {
    "silent": "There is no signal to measure.",
    "mono_mix_cancelled": "The channels cancel each other: the mono mix, which is measured, lies more than 50 dB below "
    "them.",
    "outside_bands": "The seven bands hold no energy; the signal may be a constant offset, for example.",
    "too_short": "The track is shorter than the measurement needs.",
    "gated": "No part of the track is loud enough to pass the loudness gate at -70 LUFS.",
    "short": "The track is shorter than 60 s, so the value rests on few numbers.",
    "no_periodicity": "Nothing recurs regularly enough to be a tempo.",
    "too_few_beats": "There are fewer than three beats.",
    "unvoiced": "Too few frames have a clear fundamental.",
    "no_harmony": "There is nothing in the seven octaves from C1.",
    "no_key": "No key stands out.",
    "no_stereo_pair": "There is no left and right channel.",
    "no_variance": "A channel is constant, so it has no correlation.",
    "not_stereo": "The track does not have exactly two channels.",
    "not_dual_mono": "The two channels do not carry the same signal.",
    "one_channel_silent": "One of the two channels is silent.",
    "no_edge": "The spectrum has no steep upper edge.",
    "below_15_db": "Nothing stands out by 15 dB at multiples of 50 or 60 Hz: a weaker line may be music.",
    "lossy": "The codec is lossy, so there are no bits to count.",
    "not_integer": "The samples are not integers of 24 bits or fewer.",
    "digital_silence": "In every block all samples are equal.",
    "band_limited": "Bands above half the sample rate are 0, because the file cannot hold anything there.",
    "unreadable": "The tags are damaged, so they are left out.",
    "cut": "The tags exceed 64 KiB, so the longest are left out.",
    "length_unknown": "The file does not say how long it is, so a missing end cannot be noticed.",
    "other_tracks": "The file holds several sound tracks, of which the first was measured.",
    "length_corrected": "The file declares a wrong length; all of its audio was read.",
    "stray_bytes": "Bytes after the end of the audio are no chunk, tag or padding; they were not read.",
    "truncated": "The file ends too early; its existing part was measured because of --accept-truncated.",
    "frames_missing": "The decoded audio is shorter than the file declares, by less than one block of its codec.",
    "mono_in_both": "Some of the joined streams are mono; their signal is in both channels.",
}
"""Explanation of each code. A code about one column is written ``column:code``; others are about the track."""

FAMILY_OF_CODE = {"band_limited": "spectral"}
"""Family that gives a code about the track. Codes that are not listed here come from the decoder."""
