"""Cut a signal into segments as the decoder would, and run a family over them."""

import numpy as np

from beamprint.dsp.channels import ChannelLayout, layout_of
from beamprint.dsp.coding import Coding
from beamprint.dsp.grid import BLOCK_LENGTH, decoded_span, segment_bounds
from beamprint.dsp.segment import Segment


def segments(
    pcm, rate, borders=(), *, layout: ChannelLayout | None = None, block=BLOCK_LENGTH, coding=Coding()
):
    """Segments of a float32 signal of shape (channels, samples), or (samples,) for mono."""
    pcm = np.atleast_2d(np.asarray(pcm, np.float32))
    layout = layout or layout_of(len(pcm))
    total = pcm.shape[1]
    for bounds in segment_bounds(total, rate, borders, block=block):
        span = decoded_span(bounds, total, rate)
        held = np.ascontiguousarray(pcm[:, span.start : span.stop])
        yield Segment(held, span.start, rate, total, layout, bounds, coding, block)


def columns(family, pcm, rate=44_100, borders=(), **how):
    """The columns a family gives for a signal cut at ``borders``."""
    return family.finish(family.merge([family.analyse(s) for s in segments(pcm, rate, borders, **how)]))
