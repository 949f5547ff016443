"""What a track is, from its header: before it is decoded, and for the identity columns."""

from dataclasses import dataclass

from beamprint.dsp.channels import ChannelLayout, UnsupportedLayout, layout_of
from beamprint.dsp.segment import Coding
from beamprint.transforms.audio.container import inspect
from beamprint.transforms.audio.contents import Contents
from beamprint.transforms.audio.decoder import Decoder, open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.source import OpenSource, Stat, open_source

LENGTH_UNKNOWN = "length_unknown"
"""Note: the file does not declare its length, so that a cut would not show."""

_RATES = range(1_000, 768_001)
"""Rates that can be measured, in Hz; a header that says another is broken or not of audio."""
_INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32} | {
    f"ALAC_{bits}": bits for bits in (16, 20, 24, 32)
}
_FLOAT_BITS = {"FLOAT": 32, "DOUBLE": 64}
_CODECS = {
    "PCM_S8": "pcm_s8",
    "PCM_U8": "pcm_u8",
    "PCM_16": "pcm_s16",
    "PCM_24": "pcm_s24",
    "PCM_32": "pcm_s32",
    "FLOAT": "pcm_f32",
    "DOUBLE": "pcm_f64",
    "MPEG_LAYER_I": "mp1",
    "MPEG_LAYER_II": "mp2",
    "MPEG_LAYER_III": "mp3",
} | {f"ALAC_{bits}": "alac" for bits in (16, 20, 24, 32)}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A track's header.

    Args:
        stat: size and version of the file.
        container: ``wav``, ``rf64``, ``w64``, ``aiff``, ``caf``, ``au``, ``flac``, ``ogg`` or ``mp3``.
        codec: ``pcm_s16``, ``flac``, ``vorbis``, ``opus``, ``mp3`` ...
        rate: samples a second.
        frames: samples a channel, as declared or guessed; None where not even a guess is at hand.
        frames_exact: the file itself declares ``frames``.
        layout: speaker of each channel.
        coding: how the samples are stored, for the measurements.
        bit_depth: bits a sample, None for lossy codecs.
        notes: codes for the record.
    """

    stat: Stat
    container: str
    codec: str
    rate: int
    frames: int | None
    frames_exact: bool
    layout: ChannelLayout
    coding: Coding
    bit_depth: int | None
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        return len(self.layout)


def probe(uri: str) -> AudioInfo:
    """Read a track's header; of a remote object only its start and its end.

    Raises:
        BadAudio: the file is missing, no audio, or cut.
    """
    with open_source(uri, header_only=True) as source:
        contents = inspect(source.data, whole=source.fd >= 0)
        with open_decoder(source, contents) as decoder:
            return describe(source, contents, decoder)


def describe(source: OpenSource, contents: Contents, decoder: Decoder) -> AudioInfo:
    """What an open track is.

    Raises:
        BadAudio: ``unsupported_layout``, or ``unsupported_format`` for a rate that cannot be measured.
    """
    if decoder.rate not in _RATES:
        message = f"a sample rate of {decoder.rate} Hz; from {_RATES[0]} to {_RATES[-1]} Hz can be measured"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    try:
        layout = layout_of(decoder.channels, mask=contents.mask, vorbis_order=contents.vorbis_order)
    except UnsupportedLayout as error:
        raise BadAudio(Reason.UNSUPPORTED_LAYOUT, str(error)) from error
    subtype = decoder.subtype
    bits = _INTEGER_BITS.get(subtype)
    return AudioInfo(
        stat=source.stat,
        container=contents.container,
        codec="flac" if contents.container == "flac" else _CODECS.get(subtype, subtype.lower()),
        rate=decoder.rate,
        frames=decoder.frames if decoder.has_length else None,
        frames_exact=decoder.has_length and not contents.guessed,
        layout=layout,
        coding=Coding(bits=bits, is_float=subtype in _FLOAT_BITS),
        bit_depth=bits or _FLOAT_BITS.get(subtype),
        notes=() if contents.length_known else (LENGTH_UNKNOWN,),
    )
