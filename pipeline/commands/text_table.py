"""Columns of text for a terminal."""

from collections.abc import Collection, Sequence


def aligned(lines: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Lines whose cells stand below each other.

    Args:
        lines: Cells; a line may have fewer than others.
        right: Numbers of the columns that end at the same place instead of beginning there.
    """
    columns = max(map(len, lines))
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(columns)]
    return "\n".join(
        "  ".join(f"{cell:{'>' if i in right else '<'}{widths[i]}}" for i, cell in enumerate(line)).rstrip()
        for line in lines
    )
