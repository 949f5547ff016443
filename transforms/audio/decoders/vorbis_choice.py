"""Which Ogg Vorbis files FFmpeg may decode in place of libsndfile, so that both give the same samples.

FFmpeg cuts a stream by the positions of its pages alone: where these decrease, or start below zero, it puts samples
in other places than libsndfile does.
"""

from dataclasses import replace

from beamprint.transforms.audio.containers.contents import TRUNCATED, Contents, Packets, Restart
from beamprint.transforms.audio.containers.ogg_links import pages_in
from beamprint.transforms.audio.containers.ogg_page import NO_POSITION
from beamprint.transforms.audio.sources.views import Bytes

_IDENTIFICATION = b"\x01vorbis"
_MOST_CHANNELS = 2


def for_ffmpeg(data: Bytes, contents: Contents) -> Contents | None:
    """The contents, for FFmpeg, of a file that it may decode; None for any other file.

    Such a file has nothing but one whole Vorbis stream of one or two channels, whose positions never decrease.
    """
    alone = contents.container == "ogg" and not contents.streams and not contents.corrections
    if not alone or contents.start or not contents.length_known or TRUNCATED in contents.notes:
        return None
    rate, ends = 0, [Restart(0, 0)]
    for page in pages_in(data, 0, data.size):
        if not rate:
            head = data.read_at(page.body, 16)
            if not head.startswith(_IDENTIFICATION) or head[11] > _MOST_CHANNELS:
                return None
            rate = int.from_bytes(head[12:16], "little")
        if page.position != NO_POSITION:
            if page.position < ends[-1].tick:
                return None
            ends.append(Restart(page.position, page.stop))
    length = ends[-1].tick
    return replace(contents, packets=Packets(rate, length=length, restarts=tuple(ends))) if length else None
