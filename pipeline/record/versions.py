"""Versions of the definitions, one for each family: a change makes only that family's columns outdated."""

from collections.abc import Mapping
from types import MappingProxyType

IDENTITY = "identity"
"""Stands for the columns about the file, which are read whichever family is measured."""

FAMILY_VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        IDENTITY: 3,
        "spectral": 3,
        "temporal": 3,
        "loudness": 2,
        "variation": 2,
        "harmonic": 2,
        "stereo": 1,
        "quality": 2,
    }
)
"""Raise a family's version whenever a column is added to it, or one changes its meaning or value."""
