"""From records to coordinates in which a distance makes sense."""

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
"""Percent: a band with less counts as one with so much, since nobody hears by how much it is less."""
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
    """What two tracks are compared by.

    Args:
        name: Of its column.
        columns: Columns it is made from.
        coordinates: Gives its coordinates for each row, shape (rows, coordinates), NaN where it is null.
        weight: Its share in a squared distance.
    """

    name: str
    columns: tuple[str, ...]
    coordinates: Callable[[pa.Table], Float64]
    weight: float = 1.0


def _scalar(name: str) -> Dimension:
    return Dimension(name, (name,), lambda table: _numbers(table, name)[:, None])


def _band(number: int) -> Dimension:
    """A band in dB over the geometric mean of all seven: shares of a whole have no differences of their own."""

    def coordinates(table: pa.Table) -> Float64:
        shares = np.stack([_numbers(table, band) for band in _BANDS])
        levels = 10 * np.log10(np.maximum(shares, _LEAST_SHARE))
        return (levels[number] - levels.mean(axis=0))[:, None]

    return Dimension(_BANDS[number], _BANDS, coordinates, weight=3 / len(_BANDS))


def _tempo(table: pa.Table) -> Float64:
    """A place on a circle whose turn is an octave: 70 and 140 BPM are the same, 70 and 99 are opposite."""
    angle = 2 * np.pi * np.log2(_numbers(table, "tempo_bpm"))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _timbre(table: pa.Table) -> Float64:
    """Mean cepstrum without its 0th coefficient, which is the level."""
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
"""The 25 dimensions but for ``bass_mid_ratio``, which the bands say already; and timbre."""

COLUMNS = tuple(dict.fromkeys(column for dimension in DIMENSIONS for column in dimension.columns))


def _numbers(table: pa.Table, name: str) -> Float64:
    values: Float64 = table[name].to_numpy().astype(np.float64)
    return values


@dataclass(frozen=True, slots=True)
class Scale:
    """How the coordinates of a dimension are scaled, from those of a catalogue.

    Values beyond five robust standard deviations of the median count as just so far, so that a few strange tracks
    neither stretch the scale nor stand alone for all. Then two tracks of the catalogue differ, on average, by the
    dimension's weight in a squared distance.

    Args:
        low: Lower bound of each coordinate.
        high: Upper bound.
        factor: What the coordinates are multiplied by; 0 where all tracks have the same value, or none has any.
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
        reach[reach == 0] = np.inf  # most tracks have the same value: the others are all there is to see
        low, high = median - reach, median + reach
        difference = 2 * np.clip(known, low, high).var(axis=0).sum()
        return cls(low, high, float(np.sqrt(weight / difference)) if difference > 1e-12 else 0.0)

    def __call__(self, values: Float64) -> Float32:
        """Scaled coordinates; NaN stays NaN."""
        return (np.clip(values, self.low, self.high) * self.factor).astype(np.float32)
