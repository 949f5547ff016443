"""Plant defects in real music, and count how many of them the quality columns find.

    python -m benchmarks.defects FOLDER... [--part even|odd|all] [--limit N] [--codecs]

False alarms are counted on each whole track. Defects are planted in a minute from its middle.
Clipping also counts apart where it changes three samples in a row: with fewer there is no flat top to find.
"""

import argparse
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from beamprint.dsp import quality
from beamprint.dsp.channels import layout_of
from beamprint.dsp.coding import Coding
from beamprint.dsp.faults import bandwidth, bit_depth, clicks, clipping, dropouts, hum, splices, stereo_faults
from beamprint.dsp.metering import cell_levels
from beamprint.dsp.missing import Columns, Missing
from beamprint.dsp.segment import Segment
from benchmarks.defects import plant

SUFFIXES = {".ogg", ".flac", ".wav", ".mp3", ".opus"}
EVENTS = 30
EXCERPT_S = 60
Tally = dict[str, list[float]]


def tracks(folders: list[Path], part: str, limit: int | None) -> Iterator[tuple[Path, plant.Pcm, int]]:
    paths = sorted(p for folder in folders for p in folder.rglob("*") if p.suffix in SUFFIXES)
    for path in paths[{"even": slice(0, None, 2), "odd": slice(1, None, 2), "all": slice(None)}[part]][
        :limit
    ]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if 20 * rate < len(samples) and samples.shape[1] <= 2 and np.any(samples):
            yield path, np.ascontiguousarray(samples.T), rate


def columns(detector, pcm: plant.Pcm, rate: int, coding: Coding = Coding()) -> Columns:
    """Columns of a single detector for a track."""
    segment = Segment.whole(pcm, rate, layout_of(len(pcm)), coding=coding)
    return detector.finish(detector.merge([detector.analyse(segment)]))


def untouched(false: Tally, pcm: plant.Pcm, rate: int) -> None:
    """False alarms: defects that are found in the whole track without planted ones."""
    segment = Segment.whole(pcm, rate, layout_of(len(pcm)))
    found = quality.finish(quality.merge([quality.analyse(segment)]))
    false["clicks"].append(found["clicks"])
    false["dropouts"].append(found["dropouts"])
    false["repeats"].append(found["repeats"])
    false["skips"].append(found["skips"])
    false["clipping"].append(found["clipped_samples"] > 0)
    false["hum"].append(not isinstance(found["hum_hz"], Missing))
    false["dual mono"].append(found["dual_mono"] is True)
    false["polarity"].append(found["polarity_inverted"] is True)


def events(tally: Tally, pcm: plant.Pcm, rate: int, rng: np.random.Generator) -> None:
    """Clicks and dropouts: the increase of their counts by the planted ones."""
    before = int(columns(clicks, pcm, rate)["clicks"])
    for db in (6, 12, 18):
        for width in (1, 2):
            at = plant.places(pcm, rate, EVENTS, rng)
            touched = plant.impulses(pcm, at, below_peak_db=db, width=width, rng=rng)
            more = columns(clicks, touched, rate)["clicks"] - before
            tally[f"impulse of {width}, {db} dB under peak"] += [1] * more + [0] * (at.size - more)
    before = int(columns(dropouts, pcm, rate)["dropouts"])
    for milliseconds in (3, 5, 20, 200):
        samples = round(milliseconds * rate / 1000)
        at = plant.loud_places(pcm, plant.places(pcm, rate, EVENTS, rng), samples=samples, rate=rate)
        more = columns(dropouts, plant.gaps(pcm, at, samples=samples), rate)["dropouts"] - before
        tally[f"gap of {milliseconds} ms"] += [1] * more + [0] * (at.size - more)


def splicing(tally: Tally, pcm: plant.Pcm, rate: int, rng: np.random.Generator) -> None:
    """Gaps in one channel, repeats and skips, each found at its place."""
    samples = round(0.02 * rate)
    if len(pcm) == 2:
        at = plant.loud_places(pcm, plant.places(pcm, rate, EVENTS, rng), samples=samples, rate=rate)
        touched = plant.gaps_in_one(pcm, at, samples=samples, rng=rng)
        tally["gap of 20 ms in one channel"] += _told("dropout", at, columns(dropouts, touched, rate), rate)
    for kind, lengths in (("repeat", (-512, -1024, -4096)), ("skip", (64, 300, 1500))):
        for by in lengths:
            at = plant.places(pcm, rate, EVENTS, rng)
            at = plant.loud_places(pcm, at[np.diff(at, prepend=-2 * rate) > 1.3 * rate], samples=0, rate=rate)
            touched, junctions = plant.spliced(pcm, at, by=by)
            tally[f"{kind} of {abs(by)} samples"] += _told(
                kind, junctions, columns(splices, touched, rate), rate
            )


def _told(kind: str, at: NDArray[np.int64], found: Columns, rate: int) -> list[float]:
    """For each place, whether a fault of a kind begins within 5 ms of it."""
    starts = np.array([fault["start_s"] for fault in found["faults"] if fault["kind"] == kind])
    return [float(np.any(np.abs(starts - place / rate) < 0.005)) for place in at]


def levels(tally: Tally, pcm: plant.Pcm, rate: int, rng: np.random.Generator) -> None:
    """Clipping, hum and hiss."""
    for db in (1, 3, 6):
        found = columns(clipping, plant.clipped(pcm, by_db=db), rate)["clipped_samples"] > 0
        tally[f"clipped by {db} dB"].append(found)
        if plant.flattens(pcm, by_db=db):
            tally[f"clipped by {db} dB, three samples in a row"].append(found)
    floor = columns(cell_levels, pcm, rate)["noise_floor_dbfs"]
    if isinstance(floor, Missing):
        return
    for hertz in (50, 60):
        touched = plant.mains(pcm, rate, hertz=hertz * rng.uniform(0.998, 1.002), level_dbfs=floor + 15)
        tally[f"hum of {hertz} Hz, 15 dB over the quiet"].append(
            columns(hum, touched, rate)["hum_hz"] == hertz
        )
    touched = plant.hiss(pcm, level_dbfs=floor + 15, rng=rng)
    found = columns(cell_levels, touched, rate)["noise_floor_dbfs"]
    tally["hiss 15 dB over the quiet, within 1 dB"].append(abs(found - floor - 15) < 1)


def faults(tally: Tally, pcm: plant.Pcm, rate: int, rng: np.random.Generator) -> None:
    """Stereo faults and effective bits."""
    if len(pcm) == 2:
        tally["one channel inverted"].append(
            columns(stereo_faults, pcm * np.float32([[1], [-1]]), rate)["polarity_inverted"] is True
        )
        mono = np.repeat(pcm.mean(0, keepdims=True), 2, axis=0)
        mono = mono + (rng.uniform(-1, 1, pcm.shape) / 32768).astype(np.float32)
        tally["dual mono with dither"].append(columns(stereo_faults, mono, rate)["dual_mono"] is True)
        softer = mono * np.float32([[1], [0.25]])
        tally["dual mono, one channel 12 dB down"].append(
            columns(stereo_faults, softer, rate)["dual_mono"] is True
        )
    words = np.clip(np.round(pcm * 32768), -32768, 32767).astype(np.float32) / 32768
    tally["16 bits in 24"].append(columns(bit_depth, words, rate, Coding(bits=24))["effective_bits"] == 16)


def codecs(tally: Tally, pcm: plant.Pcm, rate: int, rng: np.random.Generator) -> None:
    """Bandwidth after an encoder or a change of sample rate, for tracks with a higher bandwidth before."""
    full = columns(bandwidth, pcm, rate)["bandwidth_hz"]
    if rate != 44_100 or isinstance(full, Missing) or full < 19_900:
        return
    pcm = pcm / 2  # otherwise the encoder would clip peaks, and clipping has no upper edge
    for kbps, edge in ((96, 16_000), (128, 17_500), (192, 19_500), (320, 20_600)):
        found = columns(bandwidth, plant.through_lame(pcm, rate, kbps=kbps), rate)["bandwidth_hz"]
        tally[f"lame at {kbps} kbit/s: edge up to {edge} Hz"].append(found <= edge)
    found = columns(bandwidth, plant.resampled(pcm, rate, to=96_000), 96_000)["bandwidth_hz"]
    tally["44.1 kHz made 96: edge up to 25 000 Hz"].append(found <= 25_000)
    narrow = plant.resampled(pcm, rate, to=32_000)
    found = columns(bandwidth, plant.resampled(narrow, 32_000, to=44_100), 44_100)["bandwidth_hz"]
    tally["32 kHz made 44.1: edge up to 18 000 Hz"].append(found <= 18_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--part", choices=("even", "odd", "all"), default="odd")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--codecs", action="store_true", help="also bandwidth, with lame and ffmpeg")
    options = parser.parse_args()
    tally: Tally = defaultdict(list)
    false: Tally = defaultdict(list)
    seconds = 0.0
    for path, pcm, rate in tracks(options.folders, options.part, options.limit):
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        seconds += pcm.shape[1] / rate
        untouched(false, pcm, rate)
        start = max(0, (pcm.shape[1] - EXCERPT_S * rate) // 2)
        excerpt = np.ascontiguousarray(pcm[:, start : start + EXCERPT_S * rate])
        for planting in (events, splicing, levels, faults, *([codecs] if options.codecs else [])):
            planting(tally, excerpt, rate, rng)
    print(f"{len(false['clicks'])} tracks, {seconds / 3600:.2f} h\n\n| planted | found | of |\n|---|---|---|")
    for name, hits in tally.items():
        print(f"| {name} | {np.mean(hits):.1%} | {len(hits)} |")
    print("\n| false alarm | tracks | events | an hour |\n|---|---|---|---|")
    for name, counts in false.items():
        total = int(np.sum(counts))
        print(f"| {name} | {np.count_nonzero(counts)} | {total} | {total / seconds * 3600:.2f} |")


if __name__ == "__main__":
    main()
