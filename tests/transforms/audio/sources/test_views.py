"""A view gives the bytes of its pieces, whichever way and in whatever amounts they are asked for."""

import os
import random

import pytest

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.sources.views import FileBytes, Literal, Slice, View, Zeros
from tests.transforms.audio import sounds

CONTENT = sounds.junk(100_000)
PLACES = [(100, 50_000), (70_000, 30_000), (0, 3)]


@pytest.fixture
def view(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    with open_source(str(tmp_path / "a")) as source:
        first, second, third = (Slice(Slice(source.data, 0, 100_000), *place) for place in PLACES)
        yield View(Literal(b"head"), first, second, Zeros(6000), third, Literal(b""))


EXPECTED = b"head" + CONTENT[100:50_100] + CONTENT[70_000:] + bytes(6000) + CONTENT[:3]


def test_reads_and_seeks_of_all_sizes(view):
    rng = random.Random(1)
    for _ in range(2000):
        if rng.random() < 0.5:
            view.seek(rng.choice((0, 3, 4, 50_003, 50_004, len(EXPECTED), rng.randrange(len(EXPECTED) + 9))))
        at, length = view.tell(), rng.choice((0, 1, 100, 4095, 4096, 8190, 60_000))
        if rng.random() < 0.3:
            found = view.read(length)
        else:
            buffer = bytearray(b"?" * length)
            count = view.readinto(buffer)
            found = bytes(buffer[:count])
            assert buffer[count:] == b"?" * (length - count)
        assert found == EXPECTED[at : at + length]
        assert view.tell() == at + len(found)


def test_a_read_error_is_kept_and_ends_the_file(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    view = View(FileBytes(fd, len(CONTENT), "a"))
    os.close(fd)
    assert view.readinto(bytearray(8192)) == 0
    assert isinstance(view.error, BadAudio)
