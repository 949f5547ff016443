"""Scratch that others could have written to is refused, by a message that names it and says what to do."""

import os
import stat

import pytest

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.private_folder import OwnFiles, private_folder
from beamprint.pipeline.store.scratch import SharedScratch

ANOTHER = 12345


def test_a_new_folder_is_ours_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        made = private_folder(tmp_path / "a" / "scratch")
    finally:
        os.umask(before)
    assert made == tmp_path / "a" / "scratch"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_folder_that_others_can_only_read_is_taken(tmp_path, mode):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch").chmod(mode)
    assert private_folder(tmp_path / "scratch") == tmp_path / "scratch"


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path, mode):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch").chmod(mode)
    with pytest.raises(UsageError, match=rf"scratch can be written by others \(mode {mode:o}\).*--scratch"):
        private_folder(tmp_path / "scratch")


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_a_folder_of_another_user_is_refused(tmp_path):
    (tmp_path / "scratch").mkdir(mode=0o700)
    os.chown(tmp_path / "scratch", ANOTHER, ANOTHER)
    with pytest.raises(UsageError, match=rf"scratch belongs to another user \(uid {ANOTHER}\).*--scratch"):
        private_folder(tmp_path / "scratch")


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_link_is_refused(tmp_path, target):
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "scratch").symlink_to(tmp_path / target)
    with pytest.raises(UsageError, match="scratch is a link"):
        private_folder(tmp_path / "scratch")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_way_is_a_system_error(tmp_path):
    (tmp_path / "scratch").touch()
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "scratch")


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_a_file_of_another_user_is_not_opened(tmp_path):
    files = OwnFiles(str(tmp_path))
    files.write("mine", b"a pickle", "*")
    files.write("theirs", b"a pickle", "*")
    os.chown(tmp_path / "theirs", ANOTHER, ANOTHER)
    with files.open("mine").file as mine:
        assert mine.read() == b"a pickle"
    with pytest.raises(UsageError, match=rf"theirs belongs to another user \(uid {ANOTHER}\).*--scratch"):
        files.open("theirs")


def test_a_job_keeps_partials_of_a_folder_where_nobody_else_gets_in(tmp_path):
    scratch = SharedScratch.of(FolderStore(str(tmp_path)), "version")
    scratch.write("partial", b"a pickle", "*")
    assert stat.S_IMODE((tmp_path / "_scratch").stat().st_mode) == 0o700


def test_a_job_takes_no_partials_from_a_folder_that_others_can_write_to(tmp_path):
    (tmp_path / "_scratch").mkdir()
    (tmp_path / "_scratch").chmod(0o777)
    with pytest.raises(UsageError, match=r"_scratch can be written by others"):
        SharedScratch.of(FolderStore(str(tmp_path)), "version")


@pytest.mark.parametrize("wrong", ["open to others", "a link"])
def test_a_cluster_is_not_told_of_an_option_that_it_does_not_use(tmp_path, wrong):
    folder = tmp_path / "_scratch"
    if wrong == "a link":
        (tmp_path / "there").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "there")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(UsageError, match="_scratch") as refused:
        SharedScratch.of(FolderStore(str(tmp_path)), "version")
    assert "--scratch" not in str(refused.value)
    assert "name " not in str(refused.value)
