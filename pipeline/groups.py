"""Loudness of several tracks as a whole, from their records."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from beamprint.dsp.metering import group_loudness as dsp
from beamprint.dsp.metering.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16
from beamprint.dsp.missing import Missing

LOUDNESS_MAXIMA = ("momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp", "sample_peak_dbfs")
"""Columns of a track from which the columns of its group are computed."""


def group_loudness(records: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Loudness of tracks played one after the other, without decoding them again.

    Args:
        records: Records from ``fingerprint``, or rows of a dataset, in the order of the tracks.

    Returns:
        ``lufs``, ``loudness_range_lu``, ``momentary_max_lufs``, ``short_term_max_lufs``, ``true_peak_dbtp``,
        ``sample_peak_dbfs`` and ``replaygain_album_gain_db`` of the group; None where there is nothing to measure.
        The maxima are found in steps of 10 ms within a track, and of 100 ms across a border.

    Raises:
        ValueError: A record of an earlier version has no ``loudness_cells``; the message names it.

    Example:
        >>> import beamprint
        >>> sides = ["examples/melody-120bpm.ogg", "examples/bass-90bpm-mono.flac"]
        >>> round(beamprint.group_loudness(map(beamprint.fingerprint, sides))["lufs"], 1)
        -14.0
    """
    return columns_of([_track(record) for record in records])


def columns_of(tracks: list[dsp.TrackLoudness]) -> dict[str, float | None]:
    """Columns of a group, None for what could not be measured."""
    found = dsp.group_loudness(tracks)
    return {name: None if isinstance(value, Missing) else value for name, value in found.items()}


def _track(record: Mapping[str, Any]) -> dsp.TrackLoudness:
    cells = record["loudness_cells"]
    if cells is not None:
        packed: UInt16 = np.asarray(cells, np.uint16)
    elif any(note.startswith("loudness_cells:") for note in record["notes"]):
        packed = silent_cells(record["duration_s"])
    else:
        raise ValueError(f"{record['track_id']!r} was measured without loudness_cells: measure it again")
    return dsp.TrackLoudness(packed, record["duration_s"], *(record[name] for name in LOUDNESS_MAXIMA))


def silent_cells(duration_s: float) -> UInt16:
    """Loudness cells for a track whose cells are null, because it is silent or too short."""
    return np.zeros(int(duration_s * LOUDNESS_CELLS_PER_SECOND), np.uint16)
