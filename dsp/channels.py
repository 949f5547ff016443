"""Channel layouts: which speaker each channel feeds, its BS.1770 weight, and which channels are in the mono mix."""

from enum import Enum


class Speaker(Enum):
    """A speaker position; ``HEIGHT`` is any overhead speaker, ``FRONT`` one beside the centre."""

    M = "M"
    L = "L"
    R = "R"
    C = "C"
    LFE = "LFE"
    LS = "Ls"
    RS = "Rs"
    LB = "Lb"
    RB = "Rb"
    CS = "Cs"
    HEIGHT = "height"
    FRONT = "front"


ChannelLayout = tuple[Speaker, ...]

_S = Speaker
_WITHOUT_MASK: dict[int, ChannelLayout] = {
    1: (_S.M,),
    2: (_S.L, _S.R),
    3: (_S.L, _S.R, _S.C),
    4: (_S.L, _S.R, _S.LS, _S.RS),
    5: (_S.L, _S.R, _S.C, _S.LS, _S.RS),
    6: (_S.L, _S.R, _S.C, _S.LFE, _S.LS, _S.RS),
    7: (_S.L, _S.R, _S.C, _S.LFE, _S.CS, _S.LS, _S.RS),
    8: (_S.L, _S.R, _S.C, _S.LFE, _S.LB, _S.RB, _S.LS, _S.RS),
}
_VORBIS_ORDER: dict[int, ChannelLayout] = {
    3: (_S.L, _S.C, _S.R),
    5: (_S.L, _S.C, _S.R, _S.LS, _S.RS),
    6: (_S.L, _S.C, _S.R, _S.LS, _S.RS, _S.LFE),
    7: (_S.L, _S.C, _S.R, _S.LS, _S.RS, _S.CS, _S.LFE),
    8: (_S.L, _S.C, _S.R, _S.LS, _S.RS, _S.LB, _S.RB, _S.LFE),
}

_MASK_ORDER: tuple[Speaker, ...] = (
    _S.L,
    _S.R,
    _S.C,
    _S.LFE,
    _S.LB,
    _S.RB,
    _S.FRONT,
    _S.FRONT,
    _S.CS,
    _S.LS,
    _S.RS,
) + (_S.HEIGHT,) * 7
MAX_CHANNELS = 8


class UnsupportedLayout(ValueError):  # noqa: N818
    """More than eight channels, or a channel mask that does not say what the channels are."""


def layout_of(channels: int, *, mask: int = 0, vorbis_order: bool = False) -> ChannelLayout:
    """Speaker of each channel.

    Parameters
    ----------
    channels : int
    mask : int
        ``dwChannelMask`` of a WAVE_FORMAT_EXTENSIBLE header, 0 where there is none.
    vorbis_order : bool
        The stream is Vorbis or Opus in Ogg, whose channels come in the order of the Vorbis specification.

    Raises
    ------
    UnsupportedLayout
    """
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnsupportedLayout(f"{channels} channels; 1 to {MAX_CHANNELS} can be measured")
    if mask:
        return _layout_of_mask(channels, mask)
    if vorbis_order and channels in _VORBIS_ORDER:
        return _VORBIS_ORDER[channels]
    return _WITHOUT_MASK[channels]


def _layout_of_mask(channels: int, mask: int) -> ChannelLayout:
    bits = [i for i in range(mask.bit_length()) if mask >> i & 1]
    if len(bits) != channels or bits[-1] >= len(_MASK_ORDER):
        raise UnsupportedLayout(f"channel mask {mask:#x} does not fit {channels} channels")
    layout = tuple(_MASK_ORDER[i] for i in bits)
    if not mono_mix_channels(layout):
        raise UnsupportedLayout(f"channel mask {mask:#x} has no left, right or centre channel")
    return layout


def mono_mix_channels(layout: ChannelLayout) -> list[int]:
    """Channels whose mean is the mono mix: left, right and centre."""
    return [i for i, s in enumerate(layout) if s in (_S.M, _S.L, _S.R, _S.C)]


def full_range_channels(layout: ChannelLayout) -> list[int]:
    """All channels but the low-frequency effects."""
    return [i for i, s in enumerate(layout) if s is not _S.LFE]


def stereo_pair(layout: ChannelLayout) -> tuple[int, int] | None:
    """Indices of left and right; a single channel is both; None where either is absent."""
    if len(layout) == 1:
        return 0, 0
    if _S.L in layout and _S.R in layout:
        return layout.index(_S.L), layout.index(_S.R)
    return None


def front_channels(layout: ChannelLayout) -> list[int]:
    """Left and right, or the single channel; where either is absent, all channels but the low-frequency effects."""
    return sorted(set(stereo_pair(layout) or full_range_channels(layout)))


def loudness_weights(layout: ChannelLayout) -> list[float]:
    """BS.1770-5 channel weights. Back speakers are the surrounds where there is no side pair."""
    surround = 1.41
    back = 1.0 if _S.LS in layout else surround
    weight = {_S.LFE: 0.0, _S.LS: surround, _S.RS: surround, _S.LB: back, _S.RB: back}
    return [weight.get(speaker, 1.0) for speaker in layout]
