"""Changes between two runs, and the right result: nothing stale, and nothing known measured again."""

import numpy as np
import pytest
import soundfile

from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.parquet import as_record
from beamprint.transforms import features
from tests.pipeline.catalogue import changes

CASES = [
    (changes.nothing, [], {}),
    (changes.tags, [], {"refreshed": 1}),
    (changes.a_new_column, [], {"refreshed": 1}),
    (changes.time_of_file, [], {"refreshed": 1}),
    (changes.time_and_tags, [], {"refreshed": 1}),
    (changes.the_whole_library_moves, [], {"refreshed": 3}),
    (changes.another_file_of_the_same_bytes, [], {"refreshed": 1}),
    (changes.another_file_of_the_same_size_and_time, ["a"], {}),
    (changes.ids_are_shuffled, ["a", "b", "c"], {}),
    (changes.bytes_with_the_size_kept, ["a"], {}),
    (changes.bytes_and_tags, ["a"], {}),
    (changes.a_new_track, ["d"], {}),
    (changes.a_copy_under_a_new_id, ["copy"], {}),
    (changes.an_id_is_renamed, [], {"moved": 1}),
    (changes.a_file_and_its_id_move, [], {"moved": 1}),
    (changes.two_ids_take_the_place_of_one, [], {"moved": 2}),
]


@pytest.mark.parametrize(
    ("change", "measured", "counted"), CASES, ids=lambda value: getattr(value, "__name__", "")
)
def test_only_the_files_that_changed_are_measured(catalogue, change, measured, counted):
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
@pytest.mark.parametrize("also", [changes.nothing, changes.time_of_file])
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
    changes.bytes_with_the_size_kept(catalogue)
    assert catalogue.run() == 0
    catalogue.check()


def test_tags_are_refreshed_without_opening_a_file(catalogue, monkeypatch, capsys):
    for row in catalogue.rows.values():
        row["artist"] = "somebody else"

    def work(request):
        raise AssertionError("there is nothing to do for a runner")

    monkeypatch.setattr(catalogue, "_work", work)
    assert catalogue.run() == 0
    catalogue.check()
    assert catalogue.summary.planned["metadata"] == 3
    assert "0 recorded, 3 refreshed, 0 failed, 0 unchanged" in capsys.readouterr().err


# Gone
