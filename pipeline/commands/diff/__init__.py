"""`beamprint diff`: the differences between two datasets or tables, within the declared tolerances or not."""

from beamprint.pipeline.commands.diff import rendering
from beamprint.pipeline.commands.diff.comparison import compare
from beamprint.pipeline.commands.diff.tables import opened


def diff(old: str, new: str, form: str, limit: int) -> int:
    """Print the differences.

    Args:
        old: A dataset, a Parquet file, or a folder of Parquet files.
        new: The same.
        form: ``table``, ``json`` or ``csv``.
        limit: Number of worst tracks, and of tracks on one side only, to name.

    Returns:
        0 if they are equal within tolerance, else 1.

    Raises:
        UsageError: There is no table, or a later version made it.
        NotFinished: A file cannot be read.
    """
    found = compare(opened(old), opened(new), limit=limit)
    print(rendering.RENDERERS[form](found).rstrip("\n"))
    return 0 if found.equal else 1
