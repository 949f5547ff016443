"""Columns of text for a terminal."""

from collections.abc import Collection, Sequence


def aligned(lines: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Lines with their cells aligned in columns.

    Args:
        lines: Cells; a line may have fewer cells than others.
        right: Numbers of the columns that are aligned on the right.
    """
    columns = max(map(len, lines))
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(columns)]
    return "\n".join(
        "  ".join(f"{cell:{'>' if i in right else '<'}{widths[i]}}" for i, cell in enumerate(line)).rstrip()
        for line in lines
    )
