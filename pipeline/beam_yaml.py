"""Transforms for Beam YAML: tracks in, rows of measurements out; docs/beam-yaml.md has recipes.

A YAML file names them in an entry of its providers, as ``examples/pipeline.yaml`` does.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Optional

import apache_beam as beam
from apache_beam.pvalue import PCollection, Row
from apache_beam.typehints.row_type import RowTypeConstraint

from beamprint.pipeline import graph
from beamprint.pipeline.catalogue.bounds import UNBOUNDED
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.assembly import Assembler
from beamprint.pipeline.record.columns import FAILURE, RECORD, Column, Kind
from beamprint.transforms.isolation import Isolated
from beamprint.transforms.model import Failure, Fingerprint, Outcome, Track
from beamprint.transforms.ranges import read_range, recognise_or_plan

_TYPES: Mapping[Kind, Any] = {
    Kind.STRING: str,
    Kind.INT: int,
    Kind.FLOAT: float,
    Kind.BOOL: bool,
    Kind.STRINGS: Sequence[str],
    Kind.FLOATS: Sequence[float],
    Kind.UINT16S: Sequence[int],
    Kind.LEVELS: Sequence[float],
    Kind.FAULTS: Sequence[str],
    Kind.TEXT_MAP: Mapping[str, str],
    Kind.VERSIONS: Mapping[str, int],
    Kind.TIME: str,
}
"""Types of Beam's rows. Beam's sinks know no null within a list or a map: there it becomes NaN, or an empty text. Faults
are JSON text and times are ISO 8601 text, because few sinks take nested rows or Beam's times."""

_FAILED = ("track_id", "uri", "reason", "message", "stage")
_TRACK = RowTypeConstraint.from_fields([("track_id", str), ("uri", str), ("tags", _TYPES[Kind.TEXT_MAP])])


class BadTrack(Exception):  # noqa: N818 - a finding, not a programming error
    """A track cannot be measured, and the YAML file does not say where such tracks go."""


@dataclass(eq=False)
class ReadTracks(beam.PTransform[Any, Any]):
    """The tracks of folders, globs and manifests.

    Args:
        inputs: Inputs, as for ``beamprint run``.

    Returns:
        Rows of ``track_id``, ``uri`` and ``tags``.
    """

    inputs: Sequence[str]

    def expand(self, start: Any) -> PCollection[Row]:
        """List on a worker, when the job runs."""
        named = start | "Inputs" >> beam.Create([list(self.inputs)])
        listed = named | "List" >> beam.FlatMap(_listed).with_output_types(_TRACK)
        return listed | "Spread" >> beam.Reshuffle()


class FingerprintTracks(beam.PTransform[Any, Any]):
    """Measure tracks: one row of columns for each.

    Args:
        columns: Names of columns from docs/columns.md; by default all.
        error_handling: ``{output: NAME}``: tracks that cannot be measured go to the output of that name. Without
            this option, such a track ends the job.

    Raises:
        UsageError: There is no such column.
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        error_handling: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        declared = {column.name: column for column in RECORD}
        unknown = sorted(set(columns or ()) - set(declared))
        if unknown:
            raise UsageError(f"no such column: {', '.join(unknown)}; docs/columns.md has their names")
        self._columns = [declared[name] for name in columns or declared]
        self._failed_name = error_handling["output"] if error_handling else None

    def expand(self, rows: PCollection[Any]) -> PCollection[Row] | dict[str, PCollection[Row]]:
        """Measure rows that have a ``uri``; without a ``track_id``, that is the uri; further fields are tags."""
        tracks = rows | "AsTracks" >> beam.Map(_track).with_output_types(Track)
        outcomes = graph.measure_tracks(
            tracks,
            plan=Isolated(recognise_or_plan),
            decode=Isolated(read_range),
            assemble=Assembler(datetime.now(timezone.utc)),
        )
        measured = outcomes | "AsRows" >> beam.FlatMap(
            _measured, self._columns, strict=self._failed_name is None
        ).with_output_types(_row_type(self._columns))
        if self._failed_name is None:
            return measured
        failed_columns = [column for column in FAILURE if column.name in _FAILED]
        failed = outcomes | "Failed" >> beam.FlatMap(_failed).with_output_types(_row_type(failed_columns))
        return {"good": measured, self._failed_name: failed}


def _listed(inputs: Sequence[str]) -> Iterator[Row]:
    listing = list_tracks(inputs, UNBOUNDED)
    for message in listing.unlisted:
        raise UsageError(message)
    for track in listing.tracks:
        yield Row(track_id=track.track_id, uri=track.uri, tags=dict(track.tags))


def _track(row: Any) -> Track:
    fields = row._asdict() if hasattr(row, "_asdict") else row.as_dict()
    uri = str(fields.pop("uri"))
    track_id = str(fields.pop("track_id", uri))
    tags = {**(fields.pop("tags", None) or {}), **fields}
    texts = {name: str(value) for name, value in tags.items() if value is not None}
    return Track(track_id, uri, tuple(texts.items()))


def _measured(outcome: Outcome, columns: Iterable[Column], *, strict: bool) -> Iterator[Row]:
    if isinstance(outcome, Fingerprint):
        yield Row(**{column.name: _value(outcome.columns[column.name], column.kind) for column in columns})
    elif strict:
        raise BadTrack(
            f"{outcome.track.uri}: {outcome.reason}: {outcome.message}; with error_handling, such tracks get an output"
        )


def _failed(outcome: Outcome) -> Iterator[Row]:
    if isinstance(outcome, Failure):
        own = {"track_id": outcome.track.track_id, "uri": outcome.track.uri, "reason": str(outcome.reason)}
        yield Row(**own, message=outcome.message, stage=outcome.stage)


def _value(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind is Kind.FAULTS:
        return [json.dumps(fault) for fault in value]
    if kind is Kind.LEVELS:
        return [math.nan if level is None else level for level in value]
    if kind is Kind.TEXT_MAP:
        return {name: text or "" for name, text in value.items()}
    return value.isoformat() if kind is Kind.TIME else value


def _row_type(columns: Iterable[Column]) -> RowTypeConstraint:
    # Optional instead of ``|``: Beam does not know unions such as ``Sequence[str] | None``.
    types: list[Any] = []
    for column in columns:
        kind = _TYPES[column.kind]
        types.append((column.name, kind if column.required else Optional[kind]))  # noqa: UP045
    return RowTypeConstraint.from_fields(types)
