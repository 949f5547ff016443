"""A description of a dataset for people: the README of a Hugging Face dataset, from the declaration of the columns."""

from beamprint.pipeline.record.columns import RECORD

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)

_HEAD = """\
---
pretty_name: {name}
tags:
- audio
- music
- music-information-retrieval
- beamprint
size_categories:
- {size}
configs:
- config_name: default
  data_files:
  - split: train
    path: fingerprints/*.parquet
---

# {name}

Records of {tracks} tracks ({hours} hours), one row each: tempo, key, loudness, spectrum, dynamics, stereo image and faults,
measured by Beamprint. There is no audio in it.

A value is measured or it is null. If it is null, `notes` says why, as `column:code`.

```python
from datasets import load_dataset

tracks = load_dataset("parquet", data_files="fingerprints/*.parquet", split="train")
```

`uri`, `tags` and `embedded` hold paths and names of the measured files: check them before you publish this.

## Columns

| column | type | unit | definition |
|---|---|---|---|
"""


def card(name: str, tracks: int, hours: float) -> str:
    """The text of README.md.

    Args:
        name: Name of the dataset.
        tracks: Number of rows.
        hours: Total length of the tracks.
    """
    size = next((category for most, category in _SIZES if tracks < most), "n>10M")
    rows = [
        f"| `{c.name}` | `{c.kind.value}` | {c.unit} | {c.definition.replace('|', chr(92) + '|')} |"
        for c in RECORD
    ]
    return _HEAD.format(name=name, size=size, tracks=tracks, hours=f"{hours:.1f}") + "\n".join(rows) + "\n"
