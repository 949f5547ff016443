"""Streams that are stored as if they were samples are not measured as noise."""

from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


def ac3(path):
    """Two seconds of AC-3 in bursts (IEC 61937), coded by FFmpeg."""
    with av.open(str(path), "w", format="spdif") as file:
        stream = file.add_stream("ac3", rate=48_000, layout="stereo", format="fltp")
        samples = np.ascontiguousarray(sounds.music(2.0, 48_000).astype(np.float32).T)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path.read_bytes()


def dts(sync):
    """Frames of 2048 bytes as on a CD; the word that starts each is that of ETSI TS 102 114, in words of 16 or 14 bits."""
    return b"".join(sync + sounds.junk(2048 - len(sync), seed) for seed in range(100))


@pytest.mark.parametrize("kind", ["ac3", "dts", "dts14"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("lead_in", [0, 1000])
def test_dts_and_ac_3_that_are_called_pcm(tmp_path, kind, swapped, lead_in):
    word = {"dts": b"\xfe\x7f\x01\x80\x3c\xfc", "dts14": b"\xff\x1f\x00\xe8\xf1\x07"}
    stream = dts(word[kind]) if kind in word else ac3(tmp_path / "stream")
    codes = np.frombuffer(stream, ">i2" if swapped else "<i2")
    wav = sounds.wav(bytes(lead_in) + codes.astype("<i2").tobytes())
    assert refusal(tmp_path, wav).reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("container", ["FLAC", "AIFF", "W64", "CAF"])
def test_in_any_container(tmp_path, container):
    codes = np.frombuffer(dts(b"\xfe\x7f\x01\x80\x3c\xfc"), "<i2").reshape(-1, 2)
    soundfile.write(tmp_path / "a", codes, 44_100, subtype="PCM_16", format=container)
    assert refusal(tmp_path, (tmp_path / "a").read_bytes()).reason is Reason.UNSUPPORTED_FORMAT


def test_the_edges_of_a_square_wave_are_samples(tmp_path):
    square = np.tile(np.repeat([32766, -32767], 50), 200).astype("<i2").tobytes()
    assert square.count(b"\xfe\x7f\x01\x80") == 200
    assert opened(tmp_path, sounds.wav(square, channels=1)).identity.frames == 20_000


def test_samples_that_look_like_one_frame_are_samples(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    assert opened(tmp_path, sounds.wav(b"\xfe\x7f\x01\x80\x3c\xfc\0\0" + pcm)).identity.frames == 22_052
