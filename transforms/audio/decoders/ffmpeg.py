"""FFmpeg, through PyAV: the extra ``formats``, loaded when a track needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from beamprint.transforms.audio.containers.contents import Contents
from beamprint.transforms.audio.decoders.decoder import Decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.source import OpenSource

INSTALL = "pip install 'beamprint[formats]'"


def release() -> str:
    """Version of PyAV, which is built for one version of FFmpeg, without loading it."""
    try:
        return f"PyAV {version_of('av')}"
    except PackageNotFoundError:
        return "no PyAV"


def version() -> str:
    """Names and versions of FFmpeg's libraries and of PyAV."""
    try:
        import av  # noqa: PLC0415
    except ImportError:
        return release()
    codecs, formats = (
        ".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libavformat")
    )
    return f"libavcodec {codecs}, libavformat {formats} (PyAV {av.__version__})"


@contextmanager
def open_decoder(source: OpenSource, contents: Contents) -> Iterator[Decoder]:
    """Open a track.

    Raises:
        BadAudio: ``unsupported_format``, the extra is missing; and as ``open_track`` and ``open_vorbis``.
    """
    try:
        from beamprint.transforms.audio.decoders.ffmpeg_track import open_track  # noqa: PLC0415
        from beamprint.transforms.audio.decoders.ffmpeg_vorbis import open_vorbis  # noqa: PLC0415
    except ImportError as error:
        message = f"{contents.container} needs FFmpeg, which comes with an extra: {INSTALL}"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message) from error
    is_vorbis = contents.container == "ogg" and not contents.streams
    opened = open_vorbis if is_vorbis else open_track
    with opened(source, contents) as track:
        yield track
