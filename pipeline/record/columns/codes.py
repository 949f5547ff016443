"""What the codes in ``notes`` mean."""

CODES = {
    "silent": "There is no signal to measure.",
    "mono_mix_cancelled": "The channels cancel in the mono mix: there is sound, but none in the signal measured.",
    "outside_bands": "All there is lies outside the seven bands, such as a constant offset.",
    "too_short": "The track is shorter than the measurement needs.",
    "gated": "No part of the track is loud enough to pass the loudness gate at -70 LUFS.",
    "short": "The track is under 60 s, so that the value rests on few numbers.",
    "no_periodicity": "No beat recurs often enough to be called a tempo.",
    "too_few_beats": "Fewer than three beats.",
    "unvoiced": "Too few frames have a clear fundamental.",
    "no_stereo_pair": "There is no left and right channel.",
    "no_variance": "A channel is constant, so that it correlates with nothing.",
    "not_stereo": "The track has not got exactly two channels.",
    "one_channel_silent": "One of the two channels is silent.",
    "no_edge": "The spectrum does not end in an edge.",
    "no_hum": "Nothing at multiples of 50 or 60 Hz.",
    "lossy": "The codec is lossy, so that there are no bits to count.",
    "not_integer": "The samples lie on no grid of 24 bits or less.",
    "digital_silence": "Every block holds constant samples.",
    "band_limited": "Bands above half the sample rate are 0 because nothing can be there.",
    "length_unknown": "The file does not say how long it is, so that a cut end cannot be told.",
}
"""Code to explanation. Those of a null or a value are written ``column:code``, others are about the track."""

FAMILY_OF_CODE = {"band_limited": "spectral"}
"""Family that a code about the track comes from. Those that are not here come from the decoder."""
