"""ReplayGain 2.0 and R128 gain of tracks and albums, from their records."""

from collections.abc import Mapping, Sequence
from typing import Any

from beamprint.pipeline.albums import albums
from beamprint.pipeline.store.dataset import Dataset

REPLAYGAIN_LUFS, R128_LUFS = -18.0, -23.0
"""Target loudness of the gain: ReplayGain 2.0, and RFC 7845 for Opus."""
_COLUMNS = [
    "track_id",
    "uri",
    "container",
    "codec",
    "content_sha256",
    "source_bytes",
    "source_version",
    "audio_hash",
]
_MEASURED = ["lufs", "true_peak_dbtp"]
_R128_STEPS = 256
_R128_MOST = 32767

Tags = dict[str, str]


def gain_tags(codec: str, scope: str, lufs: float, true_peak_dbtp: float | None) -> Tags:
    """Tags with the gain of a track or an album.

    Args:
        codec: Codec of the file; Opus has tags of its own, in steps of 1/256 dB.
        scope: ``track`` or ``album``.
        lufs: Integrated loudness of the track or album.
        true_peak_dbtp: True peak of the track or album.
    """
    if codec == "opus":
        steps = round(_R128_STEPS * (R128_LUFS - lufs))
        return {f"r128_{scope}_gain": str(max(-_R128_MOST - 1, min(_R128_MOST, steps)))}
    tags = {f"replaygain_{scope}_gain": f"{REPLAYGAIN_LUFS - lufs:.2f} dB"}
    if true_peak_dbtp is not None:
        tags[f"replaygain_{scope}_peak"] = f"{10 ** (true_peak_dbtp / 20):.6f}"
    return tags


def wanted_tags(dataset: Dataset, by: Sequence[str] | None) -> list[tuple[Mapping[str, Any], Tags]]:
    """The columns of each record that tagging needs, and the tags for its file; no tags for a silent track.

    Args:
        dataset: Dataset of the records.
        by: What the tracks of an album have in common, as for ``beamprint album``; None for no album gain.

    Raises:
        UsageError: There is no such key, or some tracks have to be measured again.
    """
    of_album: dict[str, Mapping[str, Any]] = {}
    if by is not None:
        found = albums(dataset, by)
        of_album = {track_id: row for row, members in zip(found.rows, found.members) for track_id in members}
    rows = dataset.fingerprints([*_COLUMNS, *_MEASURED]).to_pylist()
    return [
        (row, _tags(row, of_album.get(row["track_id"])))
        for row in sorted(rows, key=lambda row: row["track_id"])
    ]


def _tags(row: Mapping[str, Any], album: Mapping[str, Any] | None) -> Tags:
    tags: Tags = {}
    for scope, measured in (("track", row), ("album", album)):
        if measured is not None and measured["lufs"] is not None:
            tags |= gain_tags(row["codec"], scope, measured["lufs"], measured["true_peak_dbtp"])
    return tags
