"""The parts of the benchmark; their figures are for the page."""

import ctypes.util
import sys

import pytest

from beamprint import fingerprint
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.families import FAMILIES
from benchmarks import profile
from benchmarks.speed import children, music, peers, planning, report, scaling, shapes, stages, worker
from benchmarks.speed.music import Music
from benchmarks.speed.subjects import Outcome, Results
from tests.sounds import song, write


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    return write(tmp_path_factory.mktemp("music") / "song.wav", song(4.0))


def of_length(seconds, rate=44_100):
    return Music(f"{seconds}-{rate}", seconds, rate, 2, 1, "")


def test_stages_give_the_record_that_a_run_gives(track):
    record, _ = stages.measure(str(track))
    direct = fingerprint(track, analyzed_at=record["analyzed_at"])
    assert record == direct


def test_every_stage_and_family_is_timed(track):
    (spent,) = worker.ours([str(track)])
    assert set(spent) == {
        stages.REFERENCE,
        stages.REFERENCE_BLOCKS,
        stages.PLAN,
        stages.DECODE,
        stages.WRITE,
        *stages.ANALYSIS,
    }
    assert set(FAMILIES) < set(stages.ANALYSIS)


def test_a_figure_is_the_sum_over_files_of_medians_over_rounds():
    rounds = [[{"a": 1, "b": 1}, {"a": 10}], [{"a": 2, "b": 1}, {"a": 30}], [{"a": 9, "b": 1}, {"a": 20}]]
    results = Results([Outcome(files, 0, 0.0) for files in rounds])
    assert results.cpu("a") == 2 + 20
    assert results.cpu("a", "b") == 3 + 20


def test_chosen_tracks_spread_over_lengths_and_rates():
    tracks = [of_length(s) for s in range(30, 330)] + [of_length(s, 48_000) for s in range(100, 110)]
    picked = music.chosen(tracks, 12)
    assert len(picked) == 12
    assert sum(track.rate == 48_000 for track in picked) == 4
    low = [track.seconds for track in picked if track.rate == 44_100]
    assert (min(low), max(low)) == (30, 329)


def test_processes_get_halves_of_nearly_the_same_length():
    one, other = scaling.divided([of_length(s) for s in (300, 200, 100, 90)], 2)
    assert sorted([music.minutes(one) * 60, music.minutes(other) * 60]) == pytest.approx([300, 390])


def test_a_child_is_charged_for_its_own_children():
    busy = "import time\nwhile time.process_time() < .3: pass"
    spent = children.run(
        [sys.executable, "-c", f"import subprocess; subprocess.run([{sys.executable!r}, '-c', '''{busy}'''])"]
    )
    assert spent.cpu >= 0.3


def test_a_childs_peak_memory_is_its_own():
    ballast = bytearray(200 << 20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert children.run([sys.executable, "-c", "print('small')"]).peak_bytes < 100 << 20


def test_a_child_that_fails_says_why():
    with pytest.raises(children.ChildError, match="no such sound"):
        children.run([sys.executable, "-c", "import sys; sys.exit('no such sound')"])


def test_shapes_have_the_rates_and_channels_they_are_named_after(tmp_path):
    tracks = [music.look_at(write(tmp_path / f"{i}.wav", song(3.0, seed=i))) for i in range(2)]
    made = shapes.made(tracks, tmp_path / "shapes", 0.2)
    assert {shape: (files[0].rate, files[0].channels) for shape, files in made.items()} == {
        "5 s jingles": (44_100, 2),
        "30 s clips": (44_100, 2),
        "4-minute songs": (44_100, 2),
        "48 kHz": (44_100, 2),  # there is none in this music
        "96 kHz": (88_200, 2),
        "192 kHz": (176_400, 2),
        "mono": (44_100, 1),
        "6 channels": (44_100, 6),
        "0-minute mix": (44_100, 2),
    }
    assert made["0-minute mix"][0].seconds == pytest.approx(12.0)


def test_a_dataset_is_filled_with_a_record_of_every_file(track, tmp_path):
    planning.fill(track, tmp_path / "music", 7)
    planning.record_all(tmp_path / "music", tmp_path / "out")
    assert Dataset.open(store_at(str(tmp_path / "out"))).fingerprints(["track_id"]).num_rows == 7


@pytest.mark.skipif(ctypes.util.find_library("ebur128") is None, reason="libebur128 is not installed")
def test_libebur128_gives_our_loudness_and_peak(track):
    lufs, _, peak = peers.libebur128(str(track))
    record = fingerprint(track)
    assert lufs == pytest.approx(record["lufs"], abs=0.1)
    assert peak == pytest.approx(10 ** (record["true_peak_dbtp"] / 20), rel=0.02)


def test_a_table_is_markdown_with_aligned_columns():
    text = report.table("Title", ("what", "n"), [("a", 1), ("longer", 20)])
    assert text.splitlines() == [
        "## Title",
        "",
        "| what   |  n |",
        "|--------|---:|",
        "| a      |  1 |",
        "| longer | 20 |",
    ]


def test_goals_say_whether_they_are_met():
    cells = [report.Goal("a", 1.0, 1.5).cells, report.Goal("b", 1.0, 1.5, at_least=True).cells]
    assert cells == [("a", "1.00", "≤ 1.50", "yes"), ("b", "1.00", "≥ 1.50", "**no**")]


def test_the_profiler_charges_library_code_to_the_function_of_ours_that_calls_it(track):
    lines = profile.function_lines(music.look_at(track), 500)
    assert any("dsp/frames.py" in line for line in lines)
    assert not any("numpy" in line or "<built-in" in line for line in lines)
