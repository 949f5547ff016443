"""`beamprint check`: from the options of the command line to the exit code."""

from collections.abc import Sequence

import pyarrow as pa

from beamprint.pipeline.commands.check.judging import Judged, Verdict, columns_for, judge
from beamprint.pipeline.commands.check.profile import Profile, read_profile
from beamprint.pipeline.commands.check.rendering import RENDERERS
from beamprint.pipeline.commands.measured import dataset_at, measured
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.store.dataset import Dataset


def check(inputs: Sequence[str], profile_name: str, form: str, *, all_rules: bool) -> int:
    """Print the verdict on each track.

    Args:
        inputs: One dataset; or files, folders, globs or manifests, which are measured first.
        profile_name: Name of a profile that comes with the program, or a path.
        form: ``table``, ``csv``, ``json`` or ``html``.
        all_rules: Whether to show also the rules that a track passes.

    Returns:
        1 if a track fails, else 0.

    Raises:
        UsageError: The profile or an input is wrong.
    """
    profile = read_profile(profile_name)
    tracks = list(judged(inputs, profile, all_rules=all_rules))
    print(RENDERERS[form](profile, tracks).rstrip("\n"))
    return int(any(track.verdict is Verdict.FAIL for track in tracks))


def judged(inputs: Sequence[str], profile: Profile, *, all_rules: bool = False) -> Sequence[Judged]:
    """The verdicts on the tracks of a dataset, or on files."""
    dataset = _dataset(inputs)
    if dataset is not None:
        rows, failures = dataset.fingerprints(columns_for(profile)), dataset.quarantine().to_pylist()
        return list(judge(profile, rows, failures, all_rules=all_rules))
    found = list(measured(inputs))
    failures = [
        {
            "track_id": each.track_id,
            "uri": each.uri,
            "reason": str(each.failure[0]),
            "message": each.failure[1],
        }
        for each in found
        if each.failure
    ]
    schema = pa.schema([record_schema().field(name) for name in columns_for(profile)])
    rows = pa.Table.from_pylist([dict(each.record) for each in found if each.record], schema)
    return list(judge(profile, rows, failures, all_rules=all_rules))


def _dataset(inputs: Sequence[str]) -> Dataset | None:
    """The dataset that the inputs name; None if they name files."""
    datasets = [found for name in inputs if (found := dataset_at(name))]
    if datasets and len(inputs) > 1:
        raise UsageError("a dataset is checked on its own: name one dataset, or files and folders")
    return datasets[0] if datasets else None
