"""Files and folders that a command line names: datasets, or audio that is measured on the spot and not stored."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.one_file import fingerprint
from beamprint.pipeline.record.assembly import Record
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.local_files import LocalFiles
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.sources.objects import is_object
from beamprint.transforms.model import Track


@dataclass(frozen=True, slots=True)
class Measured:
    """The result for one file.

    Args:
        track_id: Path below the named folder, or name of the file.
        uri: Address of the file.
        record: Record; None if the file could not be measured.
        failure: Reason and message, if the file could not be measured.
    """

    track_id: str
    uri: str
    record: Record | None
    failure: tuple[Reason, str] | None = None


def dataset_at(place: str) -> Dataset | None:
    """The dataset in a folder or a bucket; None if a command line names files by this place."""
    if is_object(place) or LocalFiles().is_folder(place):
        return Dataset.find(store_at(place))
    return None


def refusal(track_id: str, reason: Reason, message: str) -> str:
    """Why a file could not be measured, and what to do, on one line."""
    return on_one_line(f"{track_id}: {reason}: {message} ({reason.description})")


def measured(inputs: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> Iterator[Measured]:
    """Measure all tracks of some inputs, in their order; several tracks on all cores.

    Args:
        inputs: Files, folders, globs or manifests.
        limits: Limits on the files.

    Raises:
        UsageError: An input is missing, or holds no audio.
        NotFinished: A decoder died.
    """
    tracks = list_tracks(inputs).tracks
    work = partial(_measure, limits=limits)
    processes = min(len(tracks), len(os.sched_getaffinity(0)))
    if processes == 1:
        yield from map(work, tracks)
        return
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            yield from pool.map(work, tracks)
    except BrokenProcessPool as error:
        raise NotFinished(
            "a process died while it decoded a file; `beamprint run` tells which file it was"
        ) from error


def _measure(track: Track, limits: Limits) -> Measured:
    try:
        record = fingerprint(track.uri, tags=dict(track.tags), limits=limits)
    except BadAudio as bad:
        return Measured(track.track_id, track.uri, None, (bad.reason, bad.message))
    return Measured(track.track_id, track.uri, {**record, "track_id": track.track_id})
