"""Whatever the bytes, there is a track or a reason, never another exception."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

MAGIC = [
    b"",
    b"RIFF\0\0\0\0WAVE",
    b"RF64\xff\xff\xff\xffWAVEds64",
    b"FORM\0\0\1\0AIFF",
    b"FORM\0\0\1\0AIFCCOMM",
]
MAGIC += [
    b"caff\0\1\0\0desc",
    b".snd\0\0\0\x18",
    b"fLaC\0\0\0\x22",
    b"OggS\0\2",
    b"ID3\4\0\0\0\0\0\x0a",
    b"\xff\xfb\x90",
]
MAGIC += [
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0",
    b"\xff\xf3\x40",
    b"\xff\xfd\x80",
    b"TAG",
    b"APETAGEX",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return sounds.every_encoding(tmp_path_factory.mktemp("made"), sounds.music(0.4, 48_000), 48_000)


def swallow(path, data):
    path.write_bytes(data)
    for call in (probe, open_segment):
        found = attempt(call, path)
        if isinstance(found, BadAudio):
            assert found.message
            assert "\n" not in str(found)
        elif call is open_segment:
            assert np.isfinite(found.segment.pcm).all()
            assert found.segment.total == found.segment.pcm.shape[1] > 0


def attempt(call, path):
    try:
        return call(str(path))
    except BadAudio as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=400), st.integers(0, 3000))
@example(b"ID3\4\0\0\0\0\0\0", b"", 0)
@example(b"RIFF\xff\xff\xff\xffWAVE", b"data\0\0\0\0", 1)
def test_random_bytes_behind_a_known_start(scratch, magic, tail, zeros):
    swallow(scratch, magic + tail + bytes(zeros))


@pytest.mark.parametrize("name", sounds.ENCODINGS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_good_file_with_a_damaged_header(scratch, made, name, data):
    good = bytearray(made[name])
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    swallow(scratch, bytes(good))


@pytest.mark.parametrize("name", sounds.ENCODINGS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1), size=st.integers(1, 3000), seed=st.integers(0, 99), lost=st.booleans())
def test_a_good_file_with_a_stretch_overwritten_or_lost(scratch, made, name, at, size, seed, lost):
    good = made[name]
    start = int(at * len(good))
    swallow(scratch, good[:start] + (b"" if lost else sounds.junk(size, seed)) + good[start + size :])
