"""What follows the audio of a file that says how long it is: chunks, tags and padding are no audio, all else is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.chunks import Layout
from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, STRAY_BYTES, find_all
from beamprint.transforms.audio.containers.id3 import skip_id3
from beamprint.transforms.audio.containers.tags import is_padding, skip_tags, start_of_end_tags
from beamprint.transforms.audio.sources.views import Bytes, Slice

_CHUNK = 1 << 20
_WRAP = 1 << 32
_MAGIC = 16
_ID3 = b"ID3"
_MOST_TAGS = 16
"""Places that look like tags at which such tags are looked for: more are no accident."""
_NO_AUDIO = 64
"""Bytes after the audio that are not read, whatever they are."""


@dataclass(frozen=True, slots=True)
class AfterAudio:
    """What may follow the audio in a kind of container.

    Args:
        is_file: whether another file of this kind starts with these 16 bytes.
        is_chunk: whether a chunk may start at a place, or the file ends there.
        align: chunks start at multiples of so many bytes.
        layout: of the chunks that are known to follow the audio, if there are any.
        magic: first bytes of such a file.
    """

    is_file: Callable[[bytes], bool]
    is_chunk: Callable[[int], bool]
    align: int = 2
    layout: Layout | None = None
    magic: bytes = b""

    def is_over(self, data: Bytes, position: int) -> bool:
        """Whether no audio can start here: there is a chunk, or nothing but zeros and tags."""
        return self.is_chunk(position) or is_padding(data, position)

    def file_at(self, data: Bytes, end: int) -> int | None:
        """Start of a file that was appended to one that ends here; tags may lie between.

        Raises:
            BadAudio: ``unsupported_format``, it is one of another kind.
        """
        for at in (end, -(-end // self.align) * self.align, skip_tags(data, end)):
            head = data.read_at(at, _MAGIC)
            if len(head) == _MAGIC and self.is_file(head):
                return at
        refuse_another(data, end)
        return None

    def end_of_audio(self, data: Bytes, start: int) -> int:
        """End of audio of unknown length: at the next file, or at the chunks and tags before the end."""
        stop = next(self._files(data, start), data.size)
        end = start_of_end_tags(Slice(data, 0, stop), start)
        return self._last_chunks(data, max(start, end - _CHUNK), end)

    def _files(self, data: Bytes, start: int) -> Iterator[int]:
        """Starts of the files that were appended."""
        found = find_all(data, self.magic, start) if self.magic else ()
        return (at for at in found if self.is_file(data.read_at(at, _MAGIC)))

    def _last_chunks(self, data: Bytes, window: int, end: int) -> int:
        """Start of the chunks and the ID3v2 tag that fill the window from there up to ``end``, if there are any."""
        layout = self.layout or Layout("big")
        tail = data.read_at(window, end - window)
        seen: set[int] = set()
        tags = 0
        for match in re.finditer(b"|".join(map(re.escape, [_ID3, *sorted(layout.known)])), tail):
            at = match.start()
            while at + layout.head <= len(tail) and at not in seen and tail[at : at + 4] in layout.known:
                seen.add(at)
                size = layout.size_of(tail[at : at + layout.head])
                at += layout.head + size + (size % 2 if layout.padded else 0)
            stop = window + at
            if tail[at : at + len(_ID3)] == _ID3 and tags < _MOST_TAGS:
                stop = skip_id3(data, stop)
                tags += 1
            if stop - end in (0, 1):
                return window + match.start()
        return end


def audio_size(
    data: Bytes, start: int, declared: int | None, frame: int, after: AfterAudio
) -> tuple[int, tuple[str, ...]]:
    """Bytes of audio: as declared, or more if what follows is no chunk, tag or padding, and so is audio as well.

    If no size is declared, all is audio up to the chunks and tags at the end, or the next file.

    Args:
        data: the file.
        start: where the audio starts.
        declared: bytes that the header declares; None if it does not say.
        frame: bytes of a sample of all channels.
        after: what may follow.

    Returns:
        The size, and notes for the record.
    """
    if declared is None:
        return max(0, after.end_of_audio(data, start) - start), ()
    rest = data.size - start - declared
    if rest >= _WRAP:  # 32 bits have wrapped around
        return declared + rest // _WRAP * _WRAP, (LENGTH_CORRECTED,)
    end = start + declared
    lacking, pad = min(rest, -declared % frame), -declared % after.align
    completed = end + -declared % frame
    is_counted_short = end < completed <= data.size and not after.is_chunk(end)
    if is_counted_short and any(after.is_over(data, max(completed, at)) for at in {end, end + pad}):
        is_padded = completed <= end + pad and not any(data.read_at(end, completed - end))
        return (declared, (STRAY_BYTES,)) if is_padded else (completed - start, (LENGTH_CORRECTED,))
    if after.file_at(data, end) is not None or after.is_over(data, end) or after.is_over(data, end + pad):
        return declared, ()
    if rest > _NO_AUDIO:
        found = (after.end_of_audio(data, end) - start) // frame * frame
        return found, (LENGTH_CORRECTED,) * (found != declared)
    corrected, stray = (LENGTH_CORRECTED,) * (lacking > 0), (STRAY_BYTES,) * (rest - lacking >= frame)
    return declared + lacking, corrected + stray
