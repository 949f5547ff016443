"""Changes of a catalogue between two runs."""

import os
import shutil

from tests.pipeline.catalogue.living import YEAR_2000
from tests.sounds import song, write


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
