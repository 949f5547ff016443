"""Tables as CSV (RFC 4180), with lines that end as those of other output do."""

import csv
import io
from collections.abc import Iterable, Sequence

_END = "\r\n"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """A line a row.

    A cell with a carriage return is quoted as well: the writer of the standard library does that only where its lines
    end with one, and readers, its own among them, take one that is not quoted for the end of a line.
    """
    line = io.StringIO(newline="")
    table = csv.writer(line, lineterminator=_END)
    lines = []
    for row in rows:
        line.seek(0)
        line.truncate()
        table.writerow(row)
        lines.append(line.getvalue().removesuffix(_END) + "\n")
    return "".join(lines)
