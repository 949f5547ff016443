"""What the tests of files that FFmpeg decodes have in common: one of each, and the opening of changed ones."""

import pytest

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import packets, sounds

RATE = 44_100
MUSIC = sounds.music(2.0, RATE)


def one_of_each(folder):
    """Bytes of ``MUSIC`` in a file of every kind."""
    return {
        kind: packets.made(folder, kind, MUSIC, 48_000 if kind == "webm-opus" else RATE)
        for kind in packets.ALL
    }


def opened(path, data, **how):
    path.write_bytes(data)
    return open_segment(str(path), **how)


def reason_of(path, data, **how):
    with pytest.raises(BadAudio) as caught:
        opened(path, data, **how)
    return caught.value.reason
