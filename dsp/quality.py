"""Quality control: the faults of a recording, from all the detectors."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from beamprint.dsp.fault_places import Fault, in_time_order
from beamprint.dsp.faults import bandwidth, bit_depth, clicks, clipping, dropouts, hum, splices, stereo_faults
from beamprint.dsp.measurement import Measurement
from beamprint.dsp.metering import cell_levels, channel_levels
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

DETECTORS: tuple[Measurement, ...] = (
    clipping,
    cell_levels,
    channel_levels,
    stereo_faults,
    clicks,
    dropouts,
    splices,
    bandwidth,
    bit_depth,
    hum,
)

FAULTS = "faults"
"""Column of located faults; each detector gives its own under this name."""
COLUMNS: tuple[str, ...] = (*(name for detector in DETECTORS for name in detector.COLUMNS), FAULTS)


@dataclass(frozen=True, slots=True)
class QualityPartial:
    """The partial of each detector, in the order of ``DETECTORS``."""

    parts: tuple[Any, ...]


def analyse(segment: Segment) -> QualityPartial:
    """Run every detector on the segment's own samples."""
    return QualityPartial(tuple(detector.analyse(segment) for detector in DETECTORS))


def merge(partials: Iterable[QualityPartial]) -> QualityPartial:
    """Merge detector by detector."""
    parts = zip(*(partial.parts for partial in partials))
    return QualityPartial(tuple(detector.merge(same) for detector, same in zip(DETECTORS, parts)))


def finish(partial: QualityPartial) -> Columns:
    """All quality control columns of the whole track."""
    columns: dict[str, Any] = {}
    located: list[Fault] = []
    for detector, part in zip(DETECTORS, partial.parts):
        columns |= detector.finish(part)
        located += columns.pop(FAULTS, [])
    return {**columns, FAULTS: in_time_order(located)}
