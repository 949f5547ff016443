"""Format and length of a track from its header: before it is decoded, and for the identity columns."""

from dataclasses import dataclass

from beamprint.dsp.channels import ChannelLayout, UnsupportedLayout, layout_of
from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN, Contents
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Decoder
from beamprint.transforms.audio.decoders.decoders import decoder_version, open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.inspection import inspected
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.sources.source import OpenSource, Stat, open_source

_RATES = range(1_000, 768_001)
"""Rates that can be measured, in Hz; a header that says another is broken or not of audio."""

_UNMISTAKABLE = (1, 2)
"""Numbers of channels that need no mask; one that does not fit is common and tells nothing new."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A track's header.

    Args:
        stat: size and version of the file.
        container: as in ``Contents``.
        format: how the samples are stored.
        frames: samples a channel, as declared or guessed; None if there is not even a guess.
        frames_exact: ``frames`` is no guess.
        layout: speaker of each channel.
        decoder_version: name and version of its decoder.
        notes: codes for the record.
    """

    stat: Stat
    container: str
    format: AudioFormat
    frames: int | None
    frames_exact: bool
    layout: ChannelLayout
    decoder_version: str
    notes: tuple[str, ...] = ()


def probe(uri: str, limits: Limits = DEFAULT_LIMITS, *, version: str | None = None) -> AudioInfo:
    """Read a track's header; of an object in a store, which must have the version, only its start and its end.

    Raises:
        BadAudio: the file is missing, no audio, or truncated.
    """
    with open_source(uri, header_only=True, limits=limits, version=version) as source:
        contents = inspected(source, limits)
        with open_decoder(source, contents) as decoder:
            return describe(source, contents, decoder, limits)


def describe(source: OpenSource, contents: Contents, decoder: Decoder, limits: Limits) -> AudioInfo:
    """``AudioInfo`` of an open track.

    Raises:
        BadAudio: ``unsupported_layout``; ``unsupported_format`` for a rate that cannot be measured; what the
            limits refuse.
    """
    if decoder.format.rate not in _RATES:
        message = (
            f"a sample rate of {decoder.format.rate} Hz; from {_RATES[0]} to {_RATES[-1]} Hz can be measured"
        )
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    channels = decoder.format.channels
    mask = decoder.format.mask or contents.mask
    try:
        layout = layout_of(channels, mask=mask, vorbis_order=contents.vorbis_order)
    except UnsupportedLayout as error:
        if channels not in _UNMISTAKABLE:
            raise BadAudio(Reason.UNSUPPORTED_LAYOUT, str(error)) from error
        layout = layout_of(channels)
    limits.check_format(decoder.format.rate, channels)
    limits.check_duration(decoder.frames, decoder.format.rate)
    return AudioInfo(
        stat=source.stat,
        container=contents.container,
        format=decoder.format,
        frames=decoder.frames,
        frames_exact=decoder.frames_exact,
        layout=layout,
        decoder_version=decoder_version(contents),
        notes=(*contents.notes, *decoder.notes, *(() if contents.length_known else (LENGTH_UNKNOWN,))),
    )
