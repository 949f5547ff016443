"""Tags and padding around audio: where those that start here end, and the tags at a file's end."""

from beamprint.transforms.audio.containers.id3 import skip_id3, skip_zeros
from beamprint.transforms.audio.sources.views import Bytes

_ID3V1_SIZE = 128
_ENHANCED_SIZE = 227
_APE_FOOTER = 32
_APE_IS_HEADER = 0x20
_LYRICS_SIZE = 15
_LONGEST_LYRICS = 1 << 20


def skip_tags(data: Bytes, position: int) -> int:
    """Where the tags and zeros that start here end; ``position`` itself where there are none."""
    while position < data.size:
        after = _skip_one(data, position)
        if after == position:
            break
        position = after
    return min(position, data.size)


def start_of_end_tags(data: Bytes, base: int) -> int:
    """Where the tags at a file's end start: ID3v1, Lyrics3 2.00, APEv2."""
    end = data.size
    if data.read_at(max(0, end - _ID3V1_SIZE), 3) == b"TAG":
        end -= _ID3V1_SIZE
    lyrics = data.read_at(max(0, end - _LYRICS_SIZE), _LYRICS_SIZE)
    if lyrics.endswith(b"LYRICS200") and lyrics[:6].isdigit():
        end -= int(lyrics[:6]) + _LYRICS_SIZE
    footer = data.read_at(max(0, end - _APE_FOOTER), _APE_FOOTER)
    if footer[:8] == b"APETAGEX" and len(footer) == _APE_FOOTER:
        header = _APE_FOOTER if footer[23] & 0x80 else 0
        end -= int.from_bytes(footer[12:16], "little") + header
    return end if end > base else data.size


def is_padding(data: Bytes, position: int) -> bool:
    """Whether nothing but zeros and tags follow."""
    after = skip_tags(data, position)
    return after >= data.size or start_of_end_tags(data, after - 1) <= after


def _skip_one(data: Bytes, position: int) -> int:
    head = data.read_at(position, _APE_FOOTER)
    if head[:3] == b"ID3":
        return skip_id3(data, position)
    if head[:4] == b"TAG+":
        return position + _ENHANCED_SIZE
    if head[:3] == b"TAG":
        return position + _ID3V1_SIZE
    if head[:8] == b"APETAGEX" and len(head) == _APE_FOOTER:
        items = int.from_bytes(head[12:16], "little") if head[23] & _APE_IS_HEADER else 0
        footer = data.read_at(position + items, 8)  # the size counts the footer and not the header
        return position + _APE_FOOTER + (items if footer == b"APETAGEX" else 0)
    if head[:11] == b"LYRICSBEGIN":
        text = data.read_at(position, _LONGEST_LYRICS)
        end = max(text.find(mark) for mark in (b"LYRICS200", b"LYRICSEND"))
        return position + end + 9 if end > 0 else position
    return skip_zeros(data, position) if head[:1] == b"\0" else position
