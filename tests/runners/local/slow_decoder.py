"""The real decoder, held up between opening a file and reading it, for long enough that somebody can rewrite it."""

import time
from pathlib import Path

from beamprint.transforms.audio import track
from beamprint.transforms.audio.inspection import inspected
from beamprint.transforms.ranges import read_range

HELD_UP_S = 0.4


def decode(work):
    path = Path(work.track.uri)

    def late(source, limits):
        path.with_suffix(".opened").touch()
        time.sleep(HELD_UP_S)
        return inspected(source, limits)

    track.inspected = late if path.stem.startswith("slow") else inspected
    return read_range(work)
