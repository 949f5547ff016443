"""Tags between Arrow and a track."""

from itertools import pairwise

import pyarrow as pa

Tags = tuple[tuple[str, str], ...]


def tag_pairs(column: pa.ChunkedArray) -> list[Tags]:
    """Tags of each row, from a column of lists of keys and values; far faster than ``to_pylist``."""
    found: list[Tags] = []
    for chunk in column.chunks:
        if len(chunk):
            offsets = chunk.offsets.to_pylist()
            first = offsets[0]
            flat = chunk.values.slice(first, offsets[-1] - first)
            pairs = list(zip(flat.field("key").to_pylist(), flat.field("value").to_pylist()))
            found += [tuple(pairs[start - first : stop - first]) for start, stop in pairwise(offsets)]
    return found
