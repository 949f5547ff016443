"""Versions of the definitions: one a family, so that a change makes only its own family's columns outdated."""

from collections.abc import Mapping
from types import MappingProxyType

IDENTITY = "identity"
"""Stands for the columns that say what the file is, which are read with whatever family is measured."""

FAMILY_VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        IDENTITY: 3,
        "spectral": 2,
        "temporal": 2,
        "loudness": 2,
        "variation": 2,
        "harmonic": 2,
        "stereo": 1,
        "quality": 2,
    }
)
"""Raise a family's version whenever one of its columns changes its meaning or its value, or a column is added."""
