"""A picture of one file: waveform, spectrogram, beats and dimensions. Needs Matplotlib, an extra."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from beamprint.dsp import mel, temporal
from beamprint.dsp.arrays import Float32
from beamprint.dsp.frequency_bands import BAND_NAMES, EDGES_HZ
from beamprint.dsp.grid import ANALYSIS_RATE, HOP_LENGTH
from beamprint.dsp.metering.loudness_cells import LOUDNESS_CELLS_PER_SECOND, OFFSET_LUFS, unpack
from beamprint.dsp.rhythm import onset
from beamprint.pipeline.commands.report.numbers import DIMENSIONS, NUMBERS, values_of
from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.errors import UsageError, unwritable
from beamprint.pipeline.read import read
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.track import open_segment

Record = Mapping[str, Any]
_COLUMNS = 1600
"""Columns of the waveform and of the spectrogram: more than a screen shows."""
_WIDEST = {"lufs": (-40.0, 0.0), "crest_db": (0.0, 40.0)}
"""Ranges of dimensions that have no bounds of their own, or wide ones."""


def draw(record: Record, path: str, limits: Limits, against: str | None) -> None:
    """Draw a file. All of it is in memory at once: about 25 MB a minute of stereo.

    Args:
        record: Record of the file.
        path: Path of the picture; its suffix determines the format.
        limits: Limits on the file.
        against: Dataset whose quartiles are shown, if any.

    Raises:
        UsageError: The extra is not installed, there is no such dataset, or the picture cannot be written.
        NotFinished: The disk is full.
    """
    try:
        import matplotlib.figure as drawing  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("--plot needs the extra plot: pip install 'beamprint[plot]'") from error
    segment = open_segment(record["uri"], limits=limits).segment
    y, frames = segment.y.samples, segment.frames
    strength = temporal.analyse(segment).strength.full
    figure = drawing.Figure(figsize=(13, 13), layout="constrained")
    wave, spectrum, beats, profile = figure.subplots(4, 1, height_ratios=[2, 2.6, 1.4, 4])
    figure.suptitle(on_one_line(record["track_id"].rpartition("/")[2]).replace("$", r"\$"), fontsize=15)
    _waveform(wave, y, record)
    _spectrogram(spectrum, frames.mel_db[frames.own])
    _beats(beats, strength, record)
    for axes in (wave, spectrum, beats):
        axes.set_xlim(0, record["duration_s"])
    _profile(profile, record, against)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise unwritable(f"--plot {path}", error) from error
    except ValueError as error:
        raise UsageError(f"--plot {path}: {error}") from error


def _waveform(axes: Any, y: Float32, record: Record) -> None:
    step = max(1, len(y) // _COLUMNS)
    whole = y[: len(y) // step * step].reshape(-1, step)
    times = np.arange(len(whole)) * step / ANALYSIS_RATE
    axes.fill_between(times, whole.min(axis=1), whole.max(axis=1), color="#7d98ad", linewidth=0)
    axes.set(ylabel="mono mix", ylim=(-1.05, 1.05))
    cells = record["loudness_cells"]
    if cells is None:
        return
    loudness = axes.twinx()
    energies = unpack(np.asarray(cells, np.uint16))
    for name, length, colour in (("momentary", 4, "#d9822b"), ("short-term", 30, "#a8321c")):
        if len(energies) >= length:
            levels = np.convolve(energies, np.full(length, 1 / length), "valid")
            ends = (np.arange(len(levels)) + length) / LOUDNESS_CELLS_PER_SECOND
            loudness.plot(
                ends, OFFSET_LUFS + 10 * np.log10(np.maximum(levels, 1e-9)), colour, lw=1.1, label=name
            )
    if record["lufs"] is not None:
        loudness.axhline(
            record["lufs"], color="#333", ls="--", lw=1, label=f"integrated {record['lufs']:.1f}"
        )
    loudness.set(ylabel="LUFS", ylim=(-60, 0))
    loudness.legend(loc="lower right", ncols=3, fontsize=8)


def _spectrogram(axes: Any, mel_db: Float32) -> None:
    step = max(1, len(mel_db) // _COLUMNS)
    shown = mel_db[: len(mel_db) // step * step].reshape(-1, step, mel_db.shape[1]).max(axis=1)
    top = float(shown.max())
    times = (np.arange(len(shown) + 1) - 0.5) * step * HOP_LENGTH / ANALYSIS_RATE
    points = mel.band_edges_hz()
    borders = np.maximum((points[:-1] + points[1:]) / 2, 20)
    axes.pcolormesh(times, borders, shown.T, vmin=top - 80, vmax=top, cmap="magma", rasterized=True)
    for band, low in zip(BAND_NAMES, EDGES_HZ):
        axes.axhline(low, color="white", lw=0.5, alpha=0.6)
        axes.annotate(
            band, (0.004, low * 1.06), xycoords=("axes fraction", "data"), color="white", fontsize=7
        )
    axes.set(ylabel="Hz", yscale="log", ylim=(20, 20_000))
    axes.minorticks_off()
    axes.set_yticks([50, 100, 500, 1000, 5000, 10_000], ["50", "100", "500", "1 k", "5 k", "10 k"])


def _beats(axes: Any, strength: Float32, record: Record) -> None:
    axes.plot(np.arange(len(strength)) / onset.FRAME_RATE, strength, color="#1f6f9f", lw=0.7)
    for beat in record["beats_s"] or ():
        axes.axvline(beat, color="#a8321c", lw=0.7, alpha=0.55)
    tempo = record["tempo_bpm"]
    told = "no tempo" if tempo is None else f"{tempo:.1f} BPM, {record['beat_count']} beats"
    axes.set(xlabel="s", ylabel="onset strength dB", ylim=(0, None))
    axes.set_title(told, loc="right", fontsize=9)


def _profile(axes: Any, record: Record, against: str | None) -> None:
    """Draw each dimension on its own scale: its range, or the middle 98 % of a catalogue."""
    table = read(against, DIMENSIONS) if against else None
    places = np.arange(len(DIMENSIONS))[::-1]
    for place, name in zip(places, DIMENSIONS):
        value = record[name]
        low, high = _ends(name)
        if table is not None:
            known = values_of(table, name)
            known = known[np.isfinite(known)]
            if len(known):
                low, first, median, third, high = np.percentile(known, [1, 25, 50, 75, 99]).tolist()
                span = (high - low) or 1.0
                axes.barh(
                    place, (third - first) / span, left=(first - low) / span, color="#c9d6df", height=0.7
                )
                axes.plot([(median - low) / span] * 2, [place - 0.35, place + 0.35], color="#5f7f95", lw=1.5)
        axes.hlines(place, 0, 1, color="#d8dcdf", lw=0.8, zorder=0)
        if value is not None:
            at = (value - low) / ((high - low) or 1.0)
            axes.plot(np.clip(at, 0, 1), place, "o" if 0 <= at <= 1 else "D", color="#a8321c", ms=6)
        for x, end, side in ((-0.01, low, "right"), (1.01, high, "left")):
            text = _told(end, high - low)
            axes.annotate(text, (x, place), ha=side, va="center", fontsize=7, color="#888")
        axes.annotate(
            _with_unit(value, high - low, NUMBERS[name].unit), (1.09, place), va="center", fontsize=8
        )
    axes.set_yticks(places, DIMENSIONS, fontsize=8)
    axes.tick_params(axis="y", pad=34, length=0)
    axes.set(xlim=(-0.02, 1.2), xticks=[])
    axes.spines[:].set_visible(False)
    told = (
        "middle 98 % of the catalogue, its quartiles and median; a diamond lies beyond"
        if against
        else "range of each dimension"
    )
    axes.set_title(told, loc="left", fontsize=9)


def _told(value: float, span: float) -> str:
    """A number with as many decimals as a hundredth of the scale needs; none if it is almost 0 on the scale."""
    decimals = 0 if span <= 0 else max(0, min(6, 2 - int(np.floor(np.log10(span)))))
    return f"{value:.{decimals}f}"


def _with_unit(value: float | None, span: float, unit: str) -> str:
    if value is None:
        return "-"
    return f"{_told(value, span / 10)} {unit if unit[:1].isalpha() else ''}".rstrip()


def _ends(name: str) -> tuple[float, float]:
    if name in _WIDEST:
        return _WIDEST[name]
    column = NUMBERS[name]
    return column.low or 0.0, 1.0 if column.high is None else column.high
