"""A second decoder is one module and one line; failures name the decoder that was at work."""

from contextlib import contextmanager

import numpy as np
import pytest

from beamprint.dsp.coding import Coding
from beamprint.transforms.audio.decoders import decoders
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

RAMP = np.arange(30_000, dtype=np.int16).reshape(-1, 2)


class RampDecoder:
    """Decodes any file to the same ramp, and cannot go beyond sample 10 000 of one that is called broken."""

    format = AudioFormat(8_000, 2, "ramp", Coding(bits=16, is_float=False), 16, np.int16, bounded=True)
    frames, frames_exact, notes = len(RAMP), True, ()

    def __init__(self, fails_at):
        self.position, self.fails_at = 0, fails_at

    def read(self, out):
        stop = min(self.position + len(out), len(RAMP))
        if stop > self.fails_at:
            raise BadAudio(Reason.DECODE_ERROR, "the ramp is broken")
        found = RAMP[self.position : stop]
        out[: len(found)] = found
        self.position += len(found)
        return len(found)

    def seek(self, frame):
        self.position = frame


@contextmanager
def open_ramp(source, contents):
    decoder: Decoder = RampDecoder(10_000 if "broken" in source.uri else len(RAMP))
    yield decoder


@pytest.fixture
def ramps(monkeypatch):
    monkeypatch.setitem(
        decoders.DECODERS, "au", decoders.Library(lambda: "ramps 1.0", lambda: "ramps", open_ramp)
    )


def made(tmp_path, name, kind):
    path = tmp_path / name
    path.write_bytes(sounds.encoded(tmp_path, kind))
    return str(path)


def test_a_second_decoder_is_a_line_in_the_table(tmp_path, ramps):
    opened = open_segment(made(tmp_path, "a", "au"))
    assert np.array_equal(opened.segment.pcm, RAMP.T / np.float32(32768))
    assert (opened.identity.codec, opened.identity.decoder_version) == ("ramp", "ramps 1.0")


def test_a_second_decoder_decodes_segments(tmp_path, ramps):
    path = made(tmp_path, "a", "au")
    whole = open_segment(path, block=512).segment
    part = open_segment(path, index=1, borders=(8_000,), block=512).segment
    assert np.array_equal(part.pcm, whole.pcm[:, part.start :])


def test_each_track_names_the_decoder_that_read_it(tmp_path, ramps):
    assert open_segment(made(tmp_path, "a", "wav")).identity.decoder_version.startswith("libsndfile ")
    assert open_segment(made(tmp_path, "a", "au")).identity.decoder_version == "ramps 1.0"


@pytest.mark.parametrize(
    ("name", "kind", "decoder"), [("broken", "au", "ramps 1.0"), ("bent", "flac", "libsndfile")]
)
def test_a_failure_names_the_decoder_that_was_at_work(tmp_path, ramps, name, kind, decoder):
    path = made(tmp_path, name, kind)
    if name == "bent":
        content = bytearray((tmp_path / name).read_bytes())
        content[26] ^= 1  # the MD5 of the samples
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadAudio) as caught:
        open_segment(path)
    assert caught.value.decoder.startswith(decoder)


def test_a_file_that_is_no_audio_names_no_decoder(tmp_path):
    (tmp_path / "text").write_bytes(b"just some text\n" * 50)
    for name in ("text", "missing"):
        with pytest.raises(BadAudio) as caught:
            open_segment(str(tmp_path / name))
        assert caught.value.decoder is None
