"""Functions for a child to call."""

import ctypes
import os
import time

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.ranges import read_range

HOARD = []


def own_pid(_):
    return os.getpid()


def misbehave(track):
    what = track.track_id
    if what == "segfault":
        ctypes.string_at(0)
    if what == "exit":
        os._exit(9)
    while what == "hang":
        time.sleep(1)
    while what == "eat":
        HOARD.append(b"x" * (16 << 20))
    if what == "bad":
        raise BadAudio(Reason.EMPTY, "nothing in it")
    if what == "bug":
        raise ZeroDivisionError("one by nothing")
    if what == "odd bug":
        raise type("Local", (Exception,), {})("not to be pickled")
    return what


def read(work):
    return read_range(work)
