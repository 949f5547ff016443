"""From a track of the manifest to ranges, and from a range to its decoded segment: the real files.

What reads and analyses is loaded with the first call: a launcher names these functions and calls neither.
"""

from dataclasses import asdict

from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.model import Decoded, Range, Track


def plan_ranges(track: Track, limits: Limits = DEFAULT_LIMITS) -> list[Range]:
    """Ranges of a track: one for a track that stays whole, several for a long one.

    Raises:
        BadAudio: The file is missing, no audio, or cut.
    """
    from beamprint.transforms.audio.cuts import plan_track  # noqa: PLC0415

    plan = plan_track(track.uri, limits)
    return [Range(track, index, plan.borders, plan.frames) for index in range(len(plan.borders) + 1)]


def read_range(work: Range, limits: Limits = DEFAULT_LIMITS) -> Decoded:
    """Decode one range.

    Raises:
        BadAudio: The range cannot be measured.
    """
    from beamprint.transforms.audio.track import open_segment  # noqa: PLC0415

    found = open_segment(
        work.track.uri, index=work.index, borders=work.borders, frames=work.frames, limits=limits
    )
    identity = asdict(found.identity)
    notes = identity.pop("notes")
    return Decoded(work, found.segment, identity, notes)
