"""Tracks that are gone are reported, and pruned on request; failed ones keep their record, and decide the exit code."""

import shutil

import pytest

from tests.pipeline.catalogue import changes


def test_tracks_that_are_gone_are_counted_and_kept(catalogue, capsys):
    del catalogue.rows["a"]
    assert catalogue.run() == 0
    assert "1 track gone" in capsys.readouterr().err
    assert (catalogue.summary.gone, catalogue.summary.removed) == (1, 0)
    assert catalogue.summary.details["gone"] == ["a"]
    assert "a" in catalogue.records


def test_tracks_with_work_and_tracks_that_are_gone_are_listed_on_request(catalogue, capsys):
    del catalogue.rows["a"]
    catalogue.rows["b"]["artist"] = "corrected"
    catalogue.add("new\nline", 7, name="new.wav")
    catalogue.add("d", 8)
    capsys.readouterr()
    catalogue.run("--dry-run", "-v")
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert told == ["  new or moved: d", "  new or moved: new\\nline", "  metadata: b", "  gone: a"]


def test_refreshed_tags_do_not_count_as_recorded(catalogue):
    """If all files that were read failed, rows that were given other tags do not make it a success."""
    changes.tags(catalogue)
    (catalogue.folder / "d.wav").write_bytes(b"no audio")
    catalogue.rows["d"] = {"uri": "d.wav", "track_id": "d"}
    assert catalogue.run("--max-failures", "50%") == 1
    assert (catalogue.summary.refreshed, catalogue.summary.reasons) == (1, {"unsupported_format": 1})
    assert catalogue.summary.listed == 4


def test_files_left_out_by_a_sample_or_an_unlisted_folder_have_not_moved(catalogue, capsys):
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


def test_pruning_more_than_a_tenth_needs_another_option(catalogue, capsys):
    del catalogue.rows["a"]
    assert catalogue.run("--prune", "--dry-run") == 2  # the exit code of the run itself
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


def test_one_new_track_takes_the_place_of_one_row(catalogue):
    """The row of a copy that is gone as well, perhaps with its disk, stays until it is pruned."""
    changes.a_copy_under_a_new_id(catalogue)
    catalogue.run()
    del catalogue.rows["copy"]
    changes.an_id_is_renamed(catalogue)
    assert catalogue.run() == 0
    assert (catalogue.summary.moved, catalogue.summary.gone) == (1, 2)
    assert len(catalogue.records) == 4
    assert catalogue.run("--prune", "--yes") == 0
    assert catalogue.records.keys() == {"renamed", "b", "c"}


def test_a_new_file_of_the_size_of_one_that_is_gone_is_measured(catalogue):
    changes.a_new_file_of_the_size_of_one_that_is_gone(catalogue)
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
    changes.the_whole_library_moves(catalogue)
    catalogue.run()
    assert catalogue.failures["bad"]["uri"].endswith("/new/bad.wav")


def test_tags_reach_the_record_of_a_track_whose_reanalysis_failed(catalogue):
    catalogue.path("a").write_bytes(b"not audio")
    catalogue.run()
    since = catalogue.failures["a"]["failed_since"]
    changes.tags(catalogue)
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


def test_a_sample_is_the_same_each_time_and_reports_nothing_gone(catalogue, capsys):
    for seed in range(20):
        catalogue.add(f"s{seed:02}", 20 + seed)
    assert catalogue.run("--sample", "5") == 0
    first = catalogue.measured[:]
    assert "gone" not in capsys.readouterr().err
    assert catalogue.run("--sample", "5") == 0
    assert catalogue.measured == []
    assert 0 < len(first) <= 5
    assert catalogue.run("--sample", "5", "--prune") == 2
