"""Requirements on every place of a dataset."""

import threading

import pytest

from beamprint.pipeline.errors import DatasetHeld
from beamprint.pipeline.store.store import ABSENT, ANY, Conflict, read


@pytest.fixture
def held(store):
    with store.hold("run"):
        yield store


def test_an_object_is_read_with_its_version(held):
    assert read(held, "a/b") is None
    version = held.write("a/b", b"content", ABSENT)
    assert read(held, "a/b") == (b"content", version)
    assert version not in (ABSENT, ANY)


def test_an_open_object_stays_as_it_was_opened(held):
    held.write("a", b"old", ABSENT)
    opened = held.open("a")
    held.write("a", b"new!", ANY)
    with opened.file as file:
        file.seek(1)
        assert file.read() == b"ld"


def test_an_object_is_replaced_on_the_version_that_was_read(held):
    first = held.write("a", b"1", ABSENT)
    second = held.write("a", b"2", first)
    for stale in (first, ABSENT, "0"):
        with pytest.raises(Conflict):
            held.write("a", b"3", stale)
    assert read(held, "a") == (b"2", second)
    held.write("a", b"4", ANY)
    assert read(held, "a")[0] == b"4"


def test_a_missing_object_has_no_version(held):
    with pytest.raises(Conflict):
        held.write("a", b"1", "17")
    assert read(held, "a") is None


def test_each_content_has_a_version_of_its_own(held):
    versions = [held.write("a", str(number).encode(), ANY) for number in range(20)]
    assert len(set(versions)) == 20


def test_a_listing_has_names_sizes_and_versions_of_one_folder(held):
    for name in ("t/b", "t/a", "u/c"):
        held.write(name, name.encode(), ABSENT)
    found = held.list("t")
    assert [(entry.name, entry.size) for entry in found] == [("t/a", 3), ("t/b", 3)]
    held.write("t/a", b"another", ANY)
    a, b = held.list("t")
    assert a.version != found[0].version
    assert b.version == found[1].version
    assert held.list("nowhere") == []


def test_a_cleared_folder_is_empty_and_the_others_are_not(held):
    for name in ("t/a", "t/deep/b", "u/c"):
        held.write(name, b"x", ABSENT)
    held.clear("t")
    held.clear("nowhere")
    assert held.list("t") == []
    assert [entry.name for entry in held.list("u")] == ["u/c"]


def test_a_removed_object_is_gone(held):
    held.write("t/a", b"x", ABSENT)
    held.remove("t/a")
    held.remove("nothing")
    assert read(held, "t/a") is None


def test_an_exchange_puts_new_objects_in_the_place_of_all_old_ones(exchanging):
    with exchanging.hold("run"):
        exchanging.write("t/1", b"old", ABSENT)
        exchanging.write("aside/t/2", b"new", ABSENT)
        exchanging.exchange("aside/t", "t")
        assert [entry.name for entry in exchanging.list("t")] == ["t/2"]
        assert read(exchanging, "t/2")[0] == b"new"
        assert exchanging.list("aside") == []


def test_one_run_holds_a_place_at_a_time(store):
    with store.hold("first"), pytest.raises(DatasetHeld, match="first"), store.hold("second"):
        pass
    with store.hold("third"):
        pass


def test_one_of_the_writers_that_read_the_same_version_wins(held):
    version = held.write("n", b"before", ABSENT)
    won = []

    def write(number):
        try:
            held.write("n", str(number).encode(), version)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in won] == [read(held, "n")[0]]
