"""Coordinates of records, in which distances are meaningful."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.dsp.frequency_bands import BAND_NAMES

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_LEAST_SHARE = 0.05
"""Smallest percentage of a band: differences below it are inaudible."""
_BANDS = tuple(f"{band}_pct" for band in BAND_NAMES)
_SCALARS = (
    "lufs",
    "crest_db",
    "rhythm_stability",
    "transient_density",
    "silence_ratio",
    "spectral_centroid",
    "spectral_rolloff",
    "spectral_flatness",
    "harmonic_ratio",
    "pitch_stability",
    "chroma_energy",
    "dynamic_range_variation",
    "loudness_variation_std",
    "peak_consistency",
    "stereo_width",
    "phase_correlation",
)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension by which tracks are compared.

    Args:
        name: Name of the dimension.
        columns: Columns from which it is computed.
        coordinates: Function for its coordinates, shape (rows, coordinates), NaN for a null.
        weight: Share in a squared distance.
    """

    name: str
    columns: tuple[str, ...]
    coordinates: Callable[[pa.Table], Float64]
    weight: float = 1.0


def _scalar(name: str) -> Dimension:
    return Dimension(name, (name,), lambda table: _numbers(table, name)[:, None])


def _band(number: int) -> Dimension:
    """A band in dB over the geometric mean of all seven, because differences of percentages depend on each other."""

    def coordinates(table: pa.Table) -> Float64:
        shares = np.stack([_numbers(table, band) for band in _BANDS])
        levels = 10 * np.log10(np.maximum(shares, _LEAST_SHARE))
        return (levels[number] - levels.mean(axis=0))[:, None]

    return Dimension(_BANDS[number], _BANDS, coordinates, weight=3 / len(_BANDS))


def _tempo(table: pa.Table) -> Float64:
    """A point on a circle, with one octave per turn: 70 and 140 BPM are equal, 70 and 99 are opposite."""
    angle = 2 * np.pi * np.log2(_numbers(table, "tempo_bpm"))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _timbre(table: pa.Table) -> Float64:
    """Mean cepstral coefficients without the 0th, which is the level."""
    column = table["mfcc_mean"].combine_chunks()
    values = np.full((len(column), 13), np.nan)
    values[pc.is_valid(column).to_numpy(zero_copy_only=False)] = column.flatten().to_numpy().reshape(-1, 13)
    return values[:, 1:]


DIMENSIONS = (
    *map(_band, range(len(_BANDS))),
    Dimension("tempo_bpm", ("tempo_bpm",), _tempo),
    *map(_scalar, _SCALARS),
    Dimension("mfcc_mean", ("mfcc_mean",), _timbre, weight=3.0),
)
"""The 25 dimensions without ``bass_mid_ratio``, which the bands contain; and timbre."""

COLUMNS = tuple(dict.fromkeys(column for dimension in DIMENSIONS for column in dimension.columns))


def _numbers(table: pa.Table, name: str) -> Float64:
    values: Float64 = table[name].to_numpy().astype(np.float64)
    return values


@dataclass(frozen=True, slots=True)
class Scale:
    """Scale of a dimension's coordinates, from the values of a catalogue.

    Values are clipped at five robust standard deviations from the median, so that a few odd tracks do not stretch the
    scale. After scaling, the mean squared difference of two tracks of the catalogue is the dimension's weight.

    Args:
        low: Lower bound of each coordinate.
        high: Upper bound of each coordinate.
        factor: Factor of the coordinates; 0 if all tracks have the same value, or no track has one.
    """

    low: Float64
    high: Float64
    factor: float

    @classmethod
    def of(cls, values: Float64, weight: float) -> "Scale":
        """The scale for values of a catalogue, shape (rows, coordinates)."""
        known = values[~np.isnan(values).any(axis=1)]
        if not len(known):
            nothing = np.zeros(values.shape[1])
            return cls(nothing, nothing, 0.0)
        quarter, median, three_quarters = np.percentile(known, [25, 50, 75], axis=0)
        reach = 5 * (three_quarters - quarter) / 1.349
        reach[reach == 0] = np.inf  # most tracks have the same value, so the others are not clipped
        low, high = median - reach, median + reach
        difference = 2 * np.clip(known, low, high).var(axis=0).sum()
        return cls(low, high, float(np.sqrt(weight / difference)) if difference > 1e-12 else 0.0)

    def __call__(self, values: Float64) -> Float32:
        """Scaled coordinates; NaN stays NaN."""
        return (np.clip(values, self.low, self.high) * self.factor).astype(np.float32)
