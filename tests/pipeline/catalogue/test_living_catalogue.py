"""What changed between two runs, and what is right then: nothing stale, nothing measured that is known."""

import csv
import os
import shutil

import numpy as np
import pytest
import soundfile

from beamprint import fingerprint
from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.runner import RunOutcome
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import as_record, to_table
from beamprint.pipeline.store.places import store_at
from beamprint.runners import in_process
from beamprint.transforms import features
from tests.sounds import song, write

MEASURED = [column.name for column in RECORD if column.measured]
YEAR_2000 = 946_684_800_000_000_000


class Catalogue:
    """A manifest, its files, and the dataset that is made of them."""

    def __init__(self, folder):
        self.folder, self.rows, self.measured = folder, {}, []

    def add(self, track_id, seed, *, name=None, **tags):
        """A file of the same size and time as all others, with a sound of its own."""
        path = write(self.folder / (name or f"{track_id}.wav"), song(0.6, seed=seed))
        os.utime(path, ns=(YEAR_2000, YEAR_2000))
        self.rows[track_id] = {"uri": path.name, "track_id": track_id, **tags}

    def path(self, track_id):
        return self.folder / self.rows[track_id]["uri"]

    def run(self, *options):
        names = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        with open(self.folder / "manifest.csv", "w", newline="") as file:
            table = csv.DictWriter(file, names, restval="")
            table.writeheader()
            table.writerows(self.rows.values())
        self.measured.clear()
        arguments = ["run", str(self.folder / "manifest.csv"), "-o", str(self.folder / "out"), *options]
        return main(arguments, {"local": self._work})

    def _work(self, request):
        report = in_process.run_tracks(request.tracks, request.job)
        started = request.job.sink.started
        self.measured += sorted(
            row["track_id"]
            for row in self.dataset.fingerprints(["track_id", "analyzed_at"]).to_pylist()
            if row["analyzed_at"] == started
        )
        return RunOutcome(report)

    @property
    def dataset(self):
        return Dataset.open(store_at(str(self.folder / "out")))

    @property
    def records(self):
        return {row["track_id"]: row for row in self.dataset.fingerprints().to_pylist()}

    @property
    def failures(self):
        return {row["track_id"]: row for row in self.dataset.quarantine().to_pylist()}

    @property
    def summary(self):
        return read_summaries(self.dataset.store)[-1]

    def check(self):
        """Every record is that of the file which the manifest names now."""
        assert self.records.keys() | self.failures.keys() == self.rows.keys()
        for track_id, record in self.records.items():
            if track_id in self.failures:
                continue
            (truth,) = to_table([fingerprint(self.path(track_id))], FINGERPRINTS).to_pylist()
            wrong = [
                n for n in (*MEASURED, "uri", "content_sha256", "source_version") if record[n] != truth[n]
            ]
            assert not wrong, (track_id, wrong)
            tags = {
                name: text for name, text in self.rows[track_id].items() if name not in ("uri", "track_id")
            }
            assert {tag["key"]: tag["value"] for tag in record["tags"]} == tags


@pytest.fixture
def catalogue(tmp_path):
    made = Catalogue(tmp_path)
    for seed, track_id in enumerate("abc"):
        made.add(track_id, seed, artist=f"artist {track_id}")
    assert made.run() == 0
    assert made.measured == ["a", "b", "c"]
    made.check()
    return made


def nothing(catalogue):
    pass


def tags(catalogue):
    catalogue.rows["a"]["artist"] = "corrected"


def a_new_column(catalogue):
    catalogue.rows["b"]["label"] = "Blue"


def time_of_file(catalogue):
    os.utime(catalogue.path("a"), ns=(YEAR_2000 + 1, YEAR_2000 + 1))


def the_whole_library_moves(catalogue):
    (catalogue.folder / "new").mkdir()
    for row in catalogue.rows.values():
        shutil.move(catalogue.folder / row["uri"], catalogue.folder / "new" / row["uri"])
        row["uri"] = f"new/{row['uri']}"


def another_file_of_the_same_bytes(catalogue):
    shutil.copy2(catalogue.path("a"), catalogue.folder / "copy.wav")
    catalogue.rows["a"]["uri"] = "copy.wav"


def another_file_of_the_same_size_and_time(catalogue):
    catalogue.add("other", 9)
    catalogue.rows["a"]["uri"] = catalogue.rows.pop("other")["uri"]


def ids_are_shuffled(catalogue):
    files = [row["uri"] for row in catalogue.rows.values()]
    for row, uri in zip(catalogue.rows.values(), files[1:] + files[:1]):
        row["uri"] = uri


def bytes_with_the_size_kept(catalogue):
    write(catalogue.path("a"), song(0.6, seed=8))
    os.utime(catalogue.path("a"), ns=(YEAR_2000 + 1, YEAR_2000 + 1))


def bytes_and_tags(catalogue):
    bytes_with_the_size_kept(catalogue)
    tags(catalogue)


def time_and_tags(catalogue):
    time_of_file(catalogue)
    tags(catalogue)


def a_new_track(catalogue):
    catalogue.add("d", 7)


def a_copy_under_a_new_id(catalogue):
    shutil.copy2(catalogue.path("a"), catalogue.folder / "copy.wav")
    catalogue.rows["copy"] = {"uri": "copy.wav", "track_id": "copy"}


def an_id_is_renamed(catalogue):
    catalogue.rows["renamed"] = {**catalogue.rows.pop("a"), "track_id": "renamed"}


def a_file_and_its_id_move(catalogue):
    shutil.move(catalogue.path("a"), catalogue.folder / "moved.wav")
    del catalogue.rows["a"]
    catalogue.rows["moved"] = {"uri": "moved.wav", "track_id": "moved", "artist": "another"}


def two_ids_take_the_place_of_one(catalogue):
    shutil.copy2(catalogue.path("a"), catalogue.folder / "copy.wav")
    catalogue.rows["left"] = {**catalogue.rows.pop("a"), "track_id": "left"}
    catalogue.rows["right"] = {"uri": "copy.wav", "track_id": "right"}


def a_new_file_of_the_size_of_one_that_is_gone(catalogue):
    del catalogue.rows["a"]
    catalogue.add("d", 7)


CASES = [
    (nothing, [], {}),
    (tags, [], {"refreshed": 1}),
    (a_new_column, [], {"refreshed": 1}),
    (time_of_file, [], {"refreshed": 1}),
    (time_and_tags, [], {"refreshed": 1}),
    (the_whole_library_moves, [], {"refreshed": 3}),
    (another_file_of_the_same_bytes, [], {"refreshed": 1}),
    (another_file_of_the_same_size_and_time, ["a"], {}),
    (ids_are_shuffled, ["a", "b", "c"], {}),
    (bytes_with_the_size_kept, ["a"], {}),
    (bytes_and_tags, ["a"], {}),
    (a_new_track, ["d"], {}),
    (a_copy_under_a_new_id, ["copy"], {}),
    (an_id_is_renamed, [], {"moved": 1}),
    (a_file_and_its_id_move, [], {"moved": 1}),
    (two_ids_take_the_place_of_one, [], {"moved": 2}),
]


@pytest.mark.parametrize(
    ("change", "measured", "counted"), CASES, ids=lambda value: getattr(value, "__name__", "")
)
def test_what_changed_and_what_is_right(catalogue, change, measured, counted):
    change(catalogue)
    assert catalogue.run() == 0
    assert catalogue.measured == measured
    catalogue.check()
    told = catalogue.summary
    assert {name: getattr(told, name) for name in ("refreshed", "moved") if getattr(told, name)} == counted
    assert (told.recorded, told.missing) == (len(measured), [])
    assert catalogue.run() == 0
    assert catalogue.measured == []
    assert catalogue.summary.unchanged == len(catalogue.rows)


def make_outdated(catalogue, track_id, *families):
    """A row as an earlier definition of some families would have left it."""
    row = as_record(catalogue.records[track_id])
    row["family_versions"] = {**FAMILY_VERSIONS, **dict.fromkeys(families, 0)}
    for column in RECORD:
        if column.family in families and isinstance(row[column.name], float):
            row[column.name] = float(np.nextafter(row[column.name], 0))
    catalogue.dataset.replace(0, [row], [])


@pytest.mark.parametrize(
    "families", [("loudness",), ("temporal", "quality"), ("identity",), tuple(FAMILY_VERSIONS)]
)
@pytest.mark.parametrize("also", [nothing, time_of_file])
def test_only_the_families_that_are_behind_are_measured_and_the_record_is_that_of_a_full_analysis(
    catalogue, families, also, monkeypatch
):
    make_outdated(catalogue, "a", *families)
    also(catalogue)
    asked = []
    real = features.measure_segment
    monkeypatch.setattr(
        features, "measure_segment", lambda family, pcm: asked.append(family) or real(family, pcm)
    )
    assert catalogue.run() == 0
    names = {family.__name__.rpartition(".")[2] for family in asked}
    assert names == set(families) - {"identity"}
    assert catalogue.records["a"]["family_versions"] == dict(FAMILY_VERSIONS)
    catalogue.check()


def with_a_title(catalogue):
    rewritten(catalogue, "a.wav")


def without_loss_in_another_container(catalogue):
    rewritten(catalogue, "a.flac")


def rewritten(catalogue, name):
    """The samples of "a" in a file that has a title."""
    with soundfile.SoundFile(catalogue.path("a")) as file:
        samples, how = file.read(dtype="int32"), (file.samplerate, file.channels, file.subtype)
    with soundfile.SoundFile(catalogue.folder / name, "w", *how) as file:
        file.title = "another"
        file.write(samples)
    catalogue.rows["a"]["uri"] = name


@pytest.mark.parametrize("change", [with_a_title, without_loss_in_another_container])
@pytest.mark.parametrize("families", [(), ("loudness",)])
def test_a_file_of_the_same_audio_is_read_again_and_not_measured(catalogue, change, families, monkeypatch):
    make_outdated(catalogue, "a", *families)
    before = catalogue.records["a"]
    change(catalogue)
    asked = set()
    real = features.measure_segment
    monkeypatch.setattr(
        features, "measure_segment", lambda family, pcm: asked.add(family.__name__) or real(family, pcm)
    )
    assert catalogue.run() == 0
    assert {name.rpartition(".")[2] for name in asked} == set(families)
    now = catalogue.records["a"]
    assert now["content_sha256"] != before["content_sha256"]
    assert now["audio_hash"] == before["audio_hash"]
    assert {"key": "title", "value": "another"} in now["embedded"]
    told = catalogue.summary
    assert (told.recorded, told.refreshed) == ((1, 0) if families else (0, 1))
    catalogue.check()
    assert catalogue.run() == 0
    assert catalogue.summary.unchanged == 3


def test_bytes_that_change_while_a_family_is_outdated_are_measured_whole(catalogue):
    make_outdated(catalogue, "a", "loudness")
    bytes_with_the_size_kept(catalogue)
    assert catalogue.run() == 0
    catalogue.check()


def test_tags_are_refreshed_without_opening_a_file(catalogue, monkeypatch):
    for row in catalogue.rows.values():
        row["artist"] = "somebody else"

    def work(request):
        raise AssertionError("there is nothing to do for a runner")

    monkeypatch.setattr(catalogue, "_work", work)
    assert catalogue.run() == 0
    catalogue.check()
    assert catalogue.summary.planned["metadata"] == 3


# Gone


def test_what_is_gone_is_counted_and_kept(catalogue, capsys):
    del catalogue.rows["a"]
    assert catalogue.run() == 0
    assert "1 track gone" in capsys.readouterr().err
    assert (catalogue.summary.gone, catalogue.summary.removed) == (1, 0)
    assert catalogue.summary.details["gone"] == ["a"]
    assert "a" in catalogue.records


def test_what_has_work_and_what_is_gone_is_listed_when_asked(catalogue, capsys):
    del catalogue.rows["a"]
    catalogue.rows["b"]["artist"] = "corrected"
    catalogue.add("new\nline", 7, name="new.wav")
    catalogue.add("d", 8)
    capsys.readouterr()
    catalogue.run("--dry-run", "-v")
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert told == ["  new or moved: d", "  new or moved: new\\nline", "  metadata: b", "  gone: a"]


def test_other_tags_are_nothing_recorded(catalogue):
    """Where all that was read failed, rows that were given other tags do not make it a success."""
    tags(catalogue)
    (catalogue.folder / "d.wav").write_bytes(b"no audio")
    catalogue.rows["d"] = {"uri": "d.wav", "track_id": "d"}
    assert catalogue.run("--max-failures", "50%") == 1
    assert (catalogue.summary.refreshed, catalogue.summary.reasons) == (1, {"unsupported_format": 1})
    assert catalogue.summary.listed == 4


def test_what_a_sample_or_a_folder_that_cannot_be_listed_leaves_out_has_not_moved(catalogue, capsys):
    """A copy of a file that is left out is measured; the row of that file stays."""
    for number in range(5):
        shutil.copy2(catalogue.path("a"), catalogue.folder / f"copy{number}.wav")
        catalogue.rows[f"copy{number}"] = {"uri": f"copy{number}.wav", "track_id": f"copy{number}"}
    assert catalogue.run("--sample", "2") == 0  # one of the copies, and "c"
    assert catalogue.records.keys() == {"a", "b", "c", "copy4"}
    assert catalogue.measured == ["copy4"]


def test_pruning_removes_records_and_failures_that_are_gone(catalogue):
    catalogue.rows["bad"] = {"uri": "nowhere.wav", "track_id": "bad"}
    catalogue.run()
    assert set(catalogue.failures) == {"bad"}
    del catalogue.rows["a"], catalogue.rows["bad"]
    assert catalogue.run("--prune", "--yes") == 0
    assert set(catalogue.records) == {"b", "c"}
    assert not catalogue.failures
    assert catalogue.summary.removed == 2


def test_pruning_more_than_a_tenth_needs_a_word_more(catalogue, capsys):
    del catalogue.rows["a"]
    assert catalogue.run("--prune", "--dry-run") == 2  # as the run itself will be
    assert catalogue.run("--prune") == 2
    assert "--yes" in capsys.readouterr().err
    assert set(catalogue.records) == {"a", "b", "c"}


@pytest.mark.parametrize(("allowed", "code"), [("1", 0), ("0", 1), ("34%", 0), ("33%", 1), ("0.2", 1)])
def test_more_gone_than_allowed_ends_before_anything_is_done(catalogue, allowed, code):
    del catalogue.rows["a"]
    catalogue.add("d", 7)
    assert catalogue.run("--max-gone", allowed, "--dry-run") == code
    assert catalogue.run("--max-gone", allowed, "--prune", "--yes") == code
    expected = {"b", "c", "d"} if code == 0 else {"a", "b", "c"}
    assert set(catalogue.records) == expected


def test_a_new_file_of_the_size_of_one_that_is_gone_is_measured(catalogue):
    a_new_file_of_the_size_of_one_that_is_gone(catalogue)
    assert catalogue.run() == 0
    assert catalogue.measured == ["d"]
    assert set(catalogue.records) == {"a", "b", "c", "d"}
    assert catalogue.run("--prune", "--yes") == 0
    catalogue.check()


# Failures


def test_a_failed_reanalysis_keeps_the_record_until_the_file_is_as_it_was(catalogue):
    good = catalogue.path("a").read_bytes()
    catalogue.path("a").write_bytes(good[: len(good) // 2])
    assert catalogue.run() == 1, "nothing was recorded and something failed"
    assert catalogue.failures["a"]["reason"] == "truncated"
    assert catalogue.failures["a"]["record_from"] == catalogue.records["a"]["analyzed_at"]
    catalogue.path("a").write_bytes(good)
    assert catalogue.run() == 0
    assert catalogue.measured == []
    assert not catalogue.failures
    catalogue.check()


def test_failures_follow_the_library_when_it_moves(catalogue):
    catalogue.add("bad", 5)
    catalogue.path("bad").write_bytes(b"not audio")
    catalogue.run()
    the_whole_library_moves(catalogue)
    catalogue.run()
    assert catalogue.failures["bad"]["uri"].endswith("/new/bad.wav")


def test_tags_reach_the_record_of_a_track_whose_reanalysis_failed(catalogue):
    catalogue.path("a").write_bytes(b"not audio")
    catalogue.run()
    since = catalogue.failures["a"]["failed_since"]
    tags(catalogue)
    catalogue.run()
    for row in (catalogue.records["a"], catalogue.failures["a"]):
        assert row["tags"] == [{"key": "artist", "value": "corrected"}]
    assert (catalogue.failures["a"]["failed_since"], catalogue.failures["a"]["attempts"]) == (since, 1)


def test_tags_of_a_failed_track_are_refreshed_and_it_is_not_tried_again(catalogue):
    catalogue.add("bad", 5, artist="x")
    catalogue.path("bad").write_bytes(b"not audio")
    catalogue.run()
    before = catalogue.failures["bad"]
    catalogue.rows["bad"]["artist"] = "y"
    assert catalogue.run() == 0
    after = catalogue.failures["bad"]
    assert after["tags"] == [{"key": "artist", "value": "y"}]
    assert {n: v for n, v in after.items() if n != "tags"} == {n: v for n, v in before.items() if n != "tags"}


@pytest.mark.parametrize(("allowed", "code"), [("50%", 0), ("49%", 1), ("1", 0), ("0", 1), ("0.5", 0)])
def test_failures_beyond_what_is_allowed_are_exit_1(catalogue, allowed, code):
    catalogue.add("d", 7)
    catalogue.rows["bad"] = {"uri": "nowhere.wav", "track_id": "bad"}
    assert catalogue.run("--max-failures", allowed) == code


def test_a_sample_is_the_same_each_time_and_knows_of_nothing_gone(catalogue, capsys):
    for seed in range(20):
        catalogue.add(f"s{seed:02}", 20 + seed)
    assert catalogue.run("--sample", "5") == 0
    first = catalogue.measured[:]
    assert "gone" not in capsys.readouterr().err
    assert catalogue.run("--sample", "5") == 0
    assert catalogue.measured == []
    assert 0 < len(first) <= 5
    assert catalogue.run("--sample", "5", "--prune") == 2
