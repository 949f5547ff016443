"""Long tracks, whose segments are spread over the workers; after the last segment, the track is finished."""

from collections.abc import Iterable

from beamprint.runners.local.messages import Task
from beamprint.transforms.model import Range


class LongTracks:
    """The segments of each long track that are not yet measured."""

    def __init__(self) -> None:
        self._missing: dict[str, set[int]] = {}

    def __contains__(self, track_id: str) -> bool:
        return track_id in self._missing

    def expect(self, ranges: Iterable[Range]) -> None:
        """Note the segments of a track."""
        for piece in ranges:
            self._missing.setdefault(piece.track.track_id, set()).add(piece.index)

    def arrived(self, ranges: Iterable[Range]) -> list[Task]:
        """Note segments whose partials are in scratch.

        Returns:
            A task that finishes the tracks that are now complete, or nothing.
        """
        complete = []
        for piece in ranges:
            missing = self._missing.get(piece.track.track_id)
            if missing is not None:
                missing.discard(piece.index)
                if not missing:
                    del self._missing[piece.track.track_id]
                    complete.append(piece)
        return [Task("finish_ranges", tuple(complete))] if complete else []

    def forget(self, track_id: str) -> None:
        """Forget a track that was given up."""
        self._missing.pop(track_id, None)
