"""A stretch of decoded audio with its halo: the input of every family."""

from dataclasses import dataclass, field

import numpy as np

from beamprint.dsp import memory, resample
from beamprint.dsp.arrays import Float32
from beamprint.dsp.channels import ChannelLayout, front_channels, mono_mix_channels, stereo_pair
from beamprint.dsp.coding import Coding
from beamprint.dsp.decimate import Pyramid
from beamprint.dsp.frames import Frames, measure_frames
from beamprint.dsp.grid import ANALYSIS_RATE, BLOCK_LENGTH, Bounds, Span, analysis_length, segment_bounds
from beamprint.dsp.jumps import block_peaks
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.moments import Moments, cell_moments
from beamprint.dsp.shared import shared_product
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.third_difference import block_length, blocks_of

JUMPS_AROUND_S = 1.5
_MIXED = 1 << 15
"""Samples mixed at once, so that they are still in the cache when they are scaled."""


@dataclass
class Segment:
    """Decoded samples of one segment and its halo, with the products that families share, computed on first use.

    Parameters
    ----------
    pcm : float32, shape (channels, samples), C-contiguous
        Full scale 1, native rate; covers the segment's own samples and a halo of at least
        ``HALO_SECONDS`` on both sides, as far as the track reaches.
    start : int
        Sample number of ``pcm[:, 0]`` in the track.
    rate : int
        Native sample rate in Hz.
    total : int
        Samples a channel of the whole track.
    layout : ChannelLayout
    bounds : Bounds
        The segment's own samples.
    coding : Coding
    block : int
        Block length of both grids in samples.

    Attributes
    ----------
    shared_ns : int
        CPU nanoseconds spent on the shared products so far.
    """

    pcm: Float32
    start: int
    rate: int
    total: int
    layout: ChannelLayout
    bounds: Bounds
    coding: Coding = field(default_factory=Coding)
    block: int = BLOCK_LENGTH
    shared_ns: int = field(default=0, init=False)

    @classmethod
    def whole(
        cls,
        pcm: Float32,
        rate: int,
        layout: ChannelLayout,
        *,
        coding: Coding = Coding(),
        block: int = BLOCK_LENGTH,
    ) -> "Segment":
        """A whole track as one segment; ``pcm`` is float32, shape (channels, samples)."""
        total = pcm.shape[1]
        (bounds,) = segment_bounds(total, rate, block=block)
        return cls(np.ascontiguousarray(pcm, np.float32), 0, rate, total, layout, bounds, coding, block)

    def release(self) -> None:
        """Free the memory: nothing can be measured afterwards."""
        vars(self).clear()

    @property
    def own(self) -> Span:
        """Own samples at the native rate."""
        return self.bounds.own

    @property
    def own_y(self) -> Span:
        """Own samples of the analysis signal."""
        return self.bounds.own_y

    @property
    def total_y(self) -> int:
        """Samples of the whole track's analysis signal."""
        return analysis_length(self.total, self.rate)

    @property
    def own_pcm(self) -> Float32:
        """View of the own samples, shape (channels, own.length)."""
        return self.pcm[:, self.own.start - self.start : self.own.stop - self.start]

    @property
    def native(self) -> Stretch:
        """All channels at the native rate, shape (channels, n)."""
        return Stretch(self.pcm, self.start, self.total)

    def mix(self, start: int, stop: int) -> Float32:
        """Mono mix at the native rate, samples [start, stop) of the track, which ``pcm`` must hold."""
        channels = mono_mix_channels(self.layout)
        pcm = self.pcm[:, start - self.start : stop - self.start]
        if len(channels) == 1:
            return pcm[channels[0]]
        mix = memory.empty(stop - start)
        for a in range(0, len(mix), _MIXED):
            out, block = mix[a : a + _MIXED], pcm[:, a : a + _MIXED]
            np.add(block[channels[0]], block[channels[1]], out=out)
            for channel in channels[2:]:
                out += block[channel]
            out *= np.float32(1 / len(channels))
        return mix

    @shared_product
    def y(self) -> Stretch:
        """The analysis signal with its halo: the mono mix at 44.1 kHz, shape (n,)."""
        stop = self.start + self.pcm.shape[1]
        if self.rate == ANALYSIS_RATE:
            return Stretch(self.mix(self.start, stop), self.start, self.total_y)
        samples, first = resample.resample(
            self.mix, self.start, stop, rate=self.rate, total=self.total, new_rate=ANALYSIS_RATE
        )
        return Stretch(samples, first, self.total_y)

    @shared_product
    def moments(self) -> Moments:
        """Sums, products and extremes of 10 ms cells of the native channels."""
        return cell_moments(self.native, self.own, self.rate, stereo_pair(self.layout))

    @shared_product
    def jumps(self) -> Stretch:
        """Largest eighth differences of 0.7 ms blocks of left and right, up to 1.5 s beyond the own samples."""
        blocks = blocks_of(self.own, self.rate)
        around = -(-round(JUMPS_AROUND_S * self.rate) // block_length(self.rate))
        last = -(-self.total // block_length(self.rate))
        held = Span(max(0, blocks.start - around), min(last, blocks.stop + around))
        return block_peaks(self.native, front_channels(self.layout), held, self.rate)

    @shared_product
    def native_peak(self) -> float:
        """Largest magnitude of any channel in the cells that hold own samples."""
        return float(self.moments.peaks.max())

    @shared_product
    def mix_level(self) -> MixLevel:
        """Energy of the mono mix and of its channels, over the cells that begin in the segment's own part."""
        channels, own = mono_mix_channels(self.layout), self.moments.own
        if len(channels) == 1:
            return NO_MIX
        power = float(self.moments.power[channels, own].sum())
        if len(channels) == 2:
            return MixLevel((power + 2 * float(self.moments.cross[own].sum())) / 4, power / 2)
        mixed = 0.0
        for start in range(self.own.start, self.own.stop, _MIXED):
            mix = self.mix(start, min(start + _MIXED, self.own.stop))
            mixed += float(np.vdot(mix, mix))
        return MixLevel(mixed, power / len(channels))

    @shared_product
    def frames(self) -> Frames:
        """Results of one pass over the STFT of the analysis signal."""
        return measure_frames(self.y, self.own_y, block=self.block)

    @shared_product
    def pyramid(self) -> Pyramid:
        """The analysis signal at a quarter, an eighth ... of its rate."""
        return Pyramid(self.y, self.own_y)
