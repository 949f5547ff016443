"""The column ``audio_hash``: a hash of a file's audio, whatever its tags and its container.

``pcm:`` and MD5 of the samples of lossless integer audio, as a FLAC file declares it: interleaved, signed,
little-endian, each in as many whole bytes as its bits need. ``float:`` and the same over float32 samples.
``coded:`` and SHA-256 of the coded audio of a lossy file.

Two files with equal hashes give equal samples, so the measurements of one hold for the other. Left out are
tags, padding, and the MPEG tag frame. The numbers of samples that it trims at both ends are hashed,
and so are the headers of Vorbis and Opus other than the comments.
"""

import hashlib
from collections.abc import Iterator

from beamprint.transforms.audio.containers.contents import Contents, Extent, samples_differ
from beamprint.transforms.audio.containers.ogg import packets_without_comments
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Buffer
from beamprint.transforms.audio.decoders.packed import packed
from beamprint.transforms.audio.sources.views import Bytes

_CHUNK = 1 << 20


class AudioHash:
    """Hash of a track's audio, read from its file or, if ``takes_samples``, from the samples given to ``add``.

    Args:
        data: the file.
        contents: facts from its container.
        format: how its samples are stored.
    """

    def __init__(self, data: Bytes, contents: Contents, format: AudioFormat) -> None:
        self._bits = format.coding.bits
        self._samples = hashlib.md5(usedforsecurity=False)
        self._found = ""
        self._declared = contents.pcm_md5 if contents.packets else b""
        self.is_coded = self._bits is None and not format.coding.is_float
        """Whether the audio is lossy, so that its samples are not hashed."""
        if self.is_coded:
            self._found = f"coded:{_sha256_of_coded(data, contents)}"
        elif contents.pcm_md5 and not self._declared:
            # libsndfile's samples are compared with it as they are read.
            self._found = f"pcm:{contents.pcm_md5.hex()}"

    @property
    def takes_samples(self) -> bool:
        """Whether the samples are hashed: then ``add`` must be given all of them."""
        return not self._found

    def add(self, block: Buffer) -> None:
        """Take the next samples, shape (frames, channels), as they come from the decoder."""
        self._samples.update((block if self._bits is None else packed(block, self._bits)).data)

    @property
    def text(self) -> str:
        """The hash: its kind and its hexadecimal digits.

        Raises:
            BadAudio: ``checksum_mismatch``, the file declares another hash of its samples.
        """
        if self._declared and self._samples.digest() != self._declared:
            raise samples_differ()
        kind = "float" if self._bits is None else "pcm"
        return self._found or f"{kind}:{self._samples.hexdigest()}"


def _sha256_of_coded(data: Bytes, contents: Contents) -> str:
    digest = hashlib.sha256()
    if contents.audio:
        pieces: Iterator[bytes] = (p for extent in contents.audio for p in _chunks(data, extent))
    else:  # Ogg, perhaps within another container
        start = contents.streams[0].pieces[0].start if contents.streams else contents.start
        pieces = packets_without_comments(data, start)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _chunks(data: Bytes, extent: Extent) -> Iterator[bytes]:
    for start in range(extent.start, extent.stop, _CHUNK):
        yield data.read_at(start, min(_CHUNK, extent.stop - start))
