"""What a file consists of, found once while the same file is opened again: to be planned, and segment by segment."""

from beamprint.transforms.audio.container import inspect
from beamprint.transforms.audio.contents import Contents
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.source import OpenSource, Stat

_last: dict[tuple[str, Stat, bool], Contents] = {}
"""The file that this process inspected last, if that did not fail."""


def inspected(source: OpenSource, limits: Limits) -> Contents:
    """The contents of an open file; of one that is not on this machine, by its start and its end only.

    To count the frames of a long MP3 takes as long as to decode some minutes of it.

    Args:
        source: the file.
        limits: whether it may be truncated.

    Raises:
        BadAudio: as ``inspect``.
    """
    is_here = source.fd >= 0
    if not is_here:
        return inspect(source.data, whole=False, accept_truncated=limits.accept_truncated)
    key = source.uri, source.stat, limits.accept_truncated
    contents = _last.get(key)
    if contents is None:
        contents = inspect(source.data, accept_truncated=limits.accept_truncated)
        _last.clear()
        _last[key] = contents
    return contents
