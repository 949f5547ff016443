"""`beamprint diff`: what differs between two datasets or tables, measured against the declared tolerances."""

from beamprint.pipeline.commands.diff import rendering
from beamprint.pipeline.commands.diff.comparison import compare
from beamprint.pipeline.commands.diff.tables import opened


def diff(old: str, new: str, form: str, limit: int) -> int:
    """Print what differs.

    Args:
        old: A dataset, a Parquet file, or a folder of them.
        new: The same.
        form: ``table``, ``json`` or ``csv``.
        limit: Worst tracks, and tracks of one side only, to be named.

    Returns:
        0 for equal within tolerance, else 1.

    Raises:
        UsageError: There is no table, or it was made by a later version.
        NotFinished: A file cannot be read.
    """
    found = compare(opened(old), opened(new), limit=limit)
    print(rendering.RENDERERS[form](found).rstrip("\n"))
    return 0 if found.equal else 1
