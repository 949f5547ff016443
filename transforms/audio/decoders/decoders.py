"""Which decoder reads which container: a new one is a module and a line in the table."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from beamprint.transforms.audio.containers.contents import Contents
from beamprint.transforms.audio.decoders import ffmpeg, libsndfile
from beamprint.transforms.audio.decoders.decoder import Decoder
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.source import OpenSource


@dataclass(frozen=True, slots=True)
class Library:
    """A library that decodes.

    Args:
        version: its name and version.
        release: the same, as far as it is known without loading the library.
        open: opens a track; errors while it is open are ``BadAudio``.
    """

    version: Callable[[], str]
    release: Callable[[], str]
    open: Callable[[OpenSource, Contents], AbstractContextManager[Decoder]]


LIBSNDFILE = Library(libsndfile.version, libsndfile.version, libsndfile.open_decoder)
FFMPEG = Library(ffmpeg.version, ffmpeg.release, ffmpeg.open_decoder)

DECODERS: dict[str, Library] = {
    **dict.fromkeys(("wav", "rf64", "w64", "aiff", "caf", "au", "flac", "ogg", "mp3"), LIBSNDFILE),
    "packets": FFMPEG,
}
"""By ``Contents.container``; tracks of packets are ``packets``, whatever contains them."""


def _library(contents: Contents) -> Library:
    return DECODERS[contents.container if contents.packets is None else "packets"]


def decoder_version(contents: Contents) -> str:
    """Name and version of the library that decodes a file with such contents."""
    return _library(contents).version()


def decoder_versions() -> tuple[str, ...]:
    """Names and versions of all libraries that may decode."""
    return tuple(sorted({library.release() for library in DECODERS.values()}))


@contextmanager
def open_decoder(source: OpenSource, contents: Contents) -> Iterator[Decoder]:
    """Open the decoder for a track; errors while it is open name the decoder.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``, ``truncated``, or the storage's.
    """
    library = _library(contents)
    try:
        with library.open(source, contents) as decoder:
            yield decoder
    except BadAudio as bad:
        bad.decoder = bad.decoder or library.version()
        raise
