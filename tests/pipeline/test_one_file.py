"""One record, whether the audio is a path, a file object or an array."""

import io
import os
import subprocess
import sys
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

import beamprint
from tests.sounds import RATE, song, write

OF_THE_FILE = {
    "track_id",
    "uri",
    "content_sha256",
    "source_bytes",
    "source_version",
    "analyzed_at",
    "container",
    "codec",
}


def apart_from_the_file(record):
    return {name: value for name, value in record.items() if name not in OF_THE_FILE}


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "a.wav", song(1.5))


def test_an_address_of_a_file_names_it(tmp_path):
    """As a run and a listing name files whose names are not UTF-8."""
    path = os.fsencode(tmp_path) + b"/a b%41\xff.wav"
    os.rename(write(tmp_path / "a.wav", song(0.1)), path)
    address = "file://" + quote(path)
    for given in (address, os.fsdecode(path)):
        assert beamprint.fingerprint(given)["uri"] == address
    with pytest.raises(ValueError, match="another host"):
        beamprint.fingerprint("file://elsewhere/a.wav")


def test_a_file_object_gives_the_record_of_its_file(path):
    expected = beamprint.fingerprint(path)
    with open(path, "rb") as file:
        named = beamprint.fingerprint(file)
    nameless = beamprint.fingerprint(io.BytesIO(path.read_bytes()))
    assert apart_from_the_file(named) == apart_from_the_file(nameless) == apart_from_the_file(expected)
    assert named["content_sha256"] == nameless["content_sha256"] == expected["content_sha256"]
    assert (named["uri"], nameless["uri"]) == (str(path), "file object")


@pytest.mark.parametrize(
    ("dtype", "subtype"),
    [("int16", "PCM_16"), ("int32", "PCM_32"), ("float32", "FLOAT"), ("float64", "DOUBLE")],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_an_array_gives_the_record_of_the_file_that_holds_it(tmp_path, dtype, subtype, channels):
    wave = song(1.5)[:channels].T
    if dtype.startswith("int"):
        wave = (wave * np.iinfo(dtype).max).astype(dtype)
    samples = wave.astype(dtype)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    expected = beamprint.fingerprint(tmp_path / "a.wav")
    given = samples[:, 0] if channels == 1 else samples
    assert apart_from_the_file(beamprint.fingerprint(given, RATE)) == apart_from_the_file(expected)


def test_tags_are_carried_into_the_record(path):
    assert beamprint.fingerprint(path, tags={"artist": "X"})["tags"] == {"artist": "X"}
    assert beamprint.fingerprint(np.zeros(100), 8000, tags={"artist": "X"})["tags"] == {"artist": "X"}


def test_an_array_of_another_kind_is_refused_with_what_to_do(path):
    with pytest.raises(TypeError, match="needs its sample rate"):
        beamprint.fingerprint(np.zeros(100))
    with pytest.raises(TypeError, match="its own sample rate"):
        beamprint.fingerprint(path, 44100)
    with pytest.raises(TypeError, match="float16"):
        beamprint.fingerprint(np.zeros(100, np.float16), 44100)
    with pytest.raises(ValueError, match=r"\(2, 100\).*\(samples, channels\)"):
        beamprint.fingerprint(np.zeros((2, 100)), 44100)
    for rate in (0, -1, 44100.5, 2**32, float("nan")):
        with pytest.raises(ValueError, match="a sample rate of"):
            beamprint.fingerprint(np.zeros(100), rate)


def test_bytes_that_are_no_audio_are_bad_audio():
    with pytest.raises(beamprint.BadAudio):
        beamprint.fingerprint(io.BytesIO(b"no audio at all"))


WITHOUT_BEAM = """
import sys
sys.modules["apache_beam"] = None  # an import of it raises ImportError
import beamprint
from beamprint.pipeline.commands.command_line import main
record = beamprint.fingerprint(sys.argv[1])
table = beamprint.scan([sys.argv[1]])
beamprint.group_loudness([record])
beamprint.similar(table, record)
assert main(["analyze", sys.argv[1]], {}) == 0
"""


def test_analysis_works_where_beam_is_not_installed(path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_BEAM, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
