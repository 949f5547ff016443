"""Frames of samples that FFmpeg decodes from a file, and their conversion to our types."""

from collections.abc import Iterator
from typing import Any, cast

import av
import numpy as np
from av import AudioCodecContext, AudioFrame
from av.container import InputContainer
from av.error import InvalidDataError
from numpy.typing import NDArray

from beamprint.dsp.coding import Coding
from beamprint.transforms.audio.containers.contents import TRUNCATED, Contents, Packets, truncated
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Buffer, SampleType
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import View

_DEMUXERS = {
    "adts": "aac",
    "ape": "ape",
    "asf": "asf",
    "caf": "caf",
    "dff": "iff",
    "dsf": "dsf",
    "flac": "flac",
    "matroska": "matroska",
    "mp4": "mov",
    "ogg": "flac",
    "tta": "tta",
    "wavpack": "wv",
}
"""By ``Contents.container``; of Ogg, FLAC is read here, without the pages."""
_LOSSY = "aac ac3 dca eac3 mp1float mp1 mp2float mp2 mp3float mp3 opus vorbis wmapro wmav1 wmav2 wmavoice"
_DSD = "dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar dst"
_LOSSLESS = "alac ape flac tta wavpack wmalossless truehd"
_PCM = {
    f"pcm_{kind}": bits
    for bits in (8, 16, 24, 32)
    for kind in ([f"s{bits}le", f"s{bits}be"] if bits > 8 else ["s8", "u8"])
}
_FLOAT = {"pcm_f32le": 32, "pcm_f32be": 32, "pcm_f64le": 64, "pcm_f64be": 64}
_CODECS = frozenset(
    [*_LOSSY.split(), *_DSD.split(), *_LOSSLESS.split(), *_PCM, *_FLOAT, "pcm_alaw", "pcm_mulaw"]
)
"""FFmpeg has 150 more, of games and old phones, which are little tested against hostile files."""
OPTIONS = {"codec_whitelist": ",".join(sorted(_CODECS)), "protocol_whitelist": "none"}
_UNTRIMMED = {"ignore_editlist": "1", "advanced_editlist": "0"}
STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}
SKIP_MANUALLY = 1 << 29
"""AV_CODEC_FLAG2_SKIP_MANUAL: samples that the container says to leave out are returned as well."""
_SAMPLES: dict[str, tuple["np.dtype[Any]", SampleType]] = {
    "u8": (np.dtype(np.uint8), np.int16),
    "s16": (np.dtype(np.int16), np.int16),
    "s32": (np.dtype(np.int32), np.int32),
    "flt": (np.dtype(np.float32), np.float32),
    "dbl": (np.dtype(np.float64), np.float32),
}
"""The types of FFmpeg's samples and of ours, by FFmpeg's name of the format."""
_SPEAKERS = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"),
    *("TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)
"""Names of channels, in the order of the bits of a channel mask."""


class OpenFile:
    """A file that FFmpeg has open, and the decoder of its first sound track.

    Args:
        view: the file, or its rest from a place where decoding can start.
        contents: facts from its container.

    Raises:
        BadAudio: ``unsupported_format``.
        av.error.FFmpegError: whatever FFmpeg finds wrong.
    """

    def __init__(self, view: View, contents: Contents) -> None:
        assert contents.packets is not None
        view.seek(0)
        self._view = view
        self._accepts_cut = TRUNCATED in contents.notes
        untrimmed = contents.packets.skip is not None
        self._container: InputContainer = av.open(
            view,
            mode="r",
            format=_DEMUXERS[contents.container],
            container_options=OPTIONS | (_UNTRIMMED if untrimmed and contents.container == "mp4" else {}),
            metadata_errors="replace",
        )
        streams = self._container.streams.audio
        if not streams or streams[0].codec_context is None:
            self.close()
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, "there is no sound track that can be decoded here")
        self._stream = streams[0]
        self.has_other_tracks = len(streams) > 1
        self._decoder: AudioCodecContext = self._stream.codec_context
        if self._decoder.codec.name not in _CODECS:
            self.close()
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"{self._decoder.name} cannot be decoded here")
        self._decoder.options = STRICT
        self._decoder.thread_count = 1
        if untrimmed:
            self._decoder.flags2 |= SKIP_MANUALLY

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def frames(self, seconds: float = 0) -> Iterator[AudioFrame]:
        """Frames in order, from one at or before a time on.

        Packets that cannot be decoded right after a seek are skipped.

        Raises:
            BadAudio: ``truncated``.
            av.error.FFmpegError: whatever FFmpeg finds wrong.
        """
        if seconds:
            assert self._stream.time_base is not None
            self._container.seek(int(seconds / self._stream.time_base), stream=self._stream)
        try:
            yield from self._decoded(settled=not seconds)
        except InvalidDataError:
            if not (self._accepts_cut and self._view.is_read_up):
                raise

    def _decoded(self, *, settled: bool) -> Iterator[AudioFrame]:
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt and self._accepts_cut:
                return
            if packet.is_corrupt:
                raise truncated(f"the packet at byte {packet.pos} is incomplete")
            try:
                frames = self._decoder.decode(packet)
            except InvalidDataError:
                if settled:
                    raise
                continue
            settled = settled or bool(frames)
            yield from frames

    def format_of(self, frame: AudioFrame, packets: Packets) -> AudioFormat:
        """How the track's samples are stored, as its first frame shows.

        Args:
            frame: the first.
            packets: what the container declares.

        Raises:
            BadAudio: ``unsupported_format``.
        """
        name, kind = self._decoder.codec.canonical_name, frame.format.name.removesuffix("p")
        if kind not in _SAMPLES:
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"samples of type {kind} cannot be decoded here")
        is_float = packets.is_float or name in _FLOAT
        bits = packets.bits or _PCM.get(name) or _declared_bits(name, self._decoder.extradata or b"", kind)
        return AudioFormat(
            rate=frame.sample_rate,
            channels=frame.layout.nb_channels,
            codec=_codec(name),
            coding=Coding(bits=bits, is_float=is_float),
            bit_depth=1 if name in _DSD.split() else _FLOAT.get(name, 32) if is_float else bits,
            sample_type=_SAMPLES[kind][1],
            bounded=kind not in ("flt", "dbl"),
            mask=_mask(frame),
            planar=frame.format.is_planar and bits is None and not is_float,
        )


def copy_samples(frame: AudioFrame, start: int, out: Buffer) -> None:
    """Copy samples of a frame from ``start`` on to ``out``, shape (frames, channels), of our type for its format."""
    kind, channels = frame.format.name, out.shape[1]
    stored, planes = _SAMPLES[kind.removesuffix("p")][0], cast(Any, frame.planes)
    if kind.endswith("p"):
        for channel, plane in zip(range(channels), planes):  # PyAV finds nine planes of eight channels
            samples = np.frombuffer(plane, stored, len(out), start * stored.itemsize)
            out[:, channel] = samples if stored != np.uint8 else _centred(samples)
    else:
        samples = np.frombuffer(planes[0], stored, len(out) * channels, start * channels * stored.itemsize)
        out[:] = (samples if stored != np.uint8 else _centred(samples)).reshape(-1, channels)


def _centred(samples: NDArray[Any]) -> NDArray[Any]:
    """Unsigned samples as 16 bits around zero."""
    return (samples.astype(np.int16) - 128) << 8


def _codec(name: str) -> str:
    if name in _DSD.split():
        return "dsd"
    return name.removesuffix("le").removesuffix("be") if name.startswith("pcm_") else name


def _declared_bits(codec: str, header: bytes, kind: str) -> int | None:
    """Word length from the codec's own header, or else that of the decoded samples."""
    if codec == "alac" and len(header) >= 18:
        return header[17]
    if codec == "flac" and len(header) >= 14:
        return ((header[12] & 1) << 4 | header[13] >> 4) + 1
    if codec == "tta" and len(header) >= 10:
        return int.from_bytes(header[8:10], "little")
    if codec in ("wmalossless", "truehd"):
        return 16 if kind == "s16" else 24
    return None


def _mask(frame: AudioFrame) -> int:
    """Channel mask of a frame; 0 where its channels are unnamed, or come in another order."""
    places = [_SPEAKERS.index(c.name) if c.name in _SPEAKERS else -1 for c in frame.layout.channels]
    if len(places) < 3 or -1 in places or places != sorted(places):
        return 0
    return sum(1 << place for place in places)
