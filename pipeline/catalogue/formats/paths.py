"""Lists of paths, one per line: playlists, and the output of ``find``."""

from collections.abc import Iterator
from typing import BinaryIO

from beamprint.pipeline.catalogue.audio_names import is_audio
from beamprint.pipeline.catalogue.formats.values import Rows, as_text
from beamprint.pipeline.errors import UsageError


def playlist(manifest: str, content: BinaryIO) -> Rows:
    """Entries of an M3U playlist; lines that begin with ``#`` are comments.

    Raises:
        UsageError: It is the playlist of a stream, whose entries are pieces, not tracks.
    """
    for number, line in _lines(content):
        if line.startswith("#EXT-X-"):
            raise UsageError(f"manifest {manifest} is the playlist of a stream (HLS), not a list of tracks")
        if not line.startswith("#"):
            yield number, {"uri": line}


def listed(manifest: str, content: BinaryIO) -> Rows:
    """Lines of a text file, all of which must name audio, so that prose is not taken for a list.

    Raises:
        UsageError: A line does not name audio.
    """
    for number, line in _lines(content):
        if not is_audio(line):
            raise UsageError(
                f"manifest {manifest}, row {number}: {line[:80]!r} is not the name of an audio file; "
                "a .txt has one path per line, and a table is .csv or .tsv"
            )
        yield number, {"uri": line}


def _lines(content: BinaryIO) -> Iterator[tuple[int, str]]:
    """Lines that are not blank. Bytes that are not UTF-8 are kept, because paths may have them."""
    with as_text(content, errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line.rstrip("\r\n")
