"""From what the graph measured of a track to its validated record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import scipy

from beamprint.dsp.missing import Columns
from beamprint.pipeline.record.record import ALGORITHM_VERSION, Record, assemble, parameters_digest, validate
from beamprint.transforms.model import Track


@cache
def software_version() -> str:
    """Version of this program and of the libraries it computes with."""
    try:
        own = version("beamprint")
    except PackageNotFoundError:  # run from a checkout
        own = "checkout"
    return f"beamprint {own} (numpy {np.__version__}, scipy {scipy.__version__})"


@dataclass(frozen=True, slots=True)
class Assembler:
    """Makes the records of a run.

    Args:
        started: Start of the run, UTC.
    """

    started: datetime

    def __call__(
        self,
        track: Track,
        identity: Mapping[str, object],
        notes: tuple[str, ...],
        families: Mapping[str, Columns],
    ) -> Record:
        """Put a record together and validate it.

        Args:
            track: Row of the manifest.
            identity: What the decoder knows of the file, and its own version.
            notes: Codes of the decoder.
            families: Columns by family.

        Raises:
            RecordError: A family broke the declaration.
        """
        known = {"track_id": track.track_id, "uri": track.uri, "tags": dict(track.tags), **identity}
        provenance = {
            "algorithm_version": ALGORITHM_VERSION,
            "parameters_digest": parameters_digest(),
            "software_version": software_version(),
            "analyzed_at": self.started,
            "notes": list(notes),
        }
        record = assemble(known, provenance, families)
        validate(record)
        return record
