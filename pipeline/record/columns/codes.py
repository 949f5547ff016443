"""What the codes in ``notes`` mean."""

CODES = {
    "silent": "There is no signal to measure.",
    "mono_mix_cancelled": "There is sound, but the channels cancel in the mono mix, which is what is measured: it lies "
    "more than 50 dB below them.",
    "outside_bands": "The seven bands hold nothing; there may be a constant offset, for example.",
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
    "cut": "There are more tags than are kept; the longest are left out.",
    "length_unknown": "The file does not say how long it is, so a missing end cannot be noticed.",
    "other_tracks": "The file holds several sound tracks, of which the first was measured.",
    "length_corrected": "The file declares a wrong length; all of the audio that is there was read.",
    "truncated": "The file ends before its audio does; what is there was measured, as --accept-truncated asks.",
    "frames_missing": "The file declares a little more audio than could be decoded, less than a block of its codec.",
    "mono_in_both": "Some of the streams that were joined are mono; they stand in both channels.",
}
"""Code to explanation. Those of a null or a value are written ``column:code``, others are about the track."""

FAMILY_OF_CODE = {"band_limited": "spectral"}
"""Family that a code about the track comes from. Those that are not here come from the decoder."""
