"""Samples: their level, their codes, and the segments of a long track."""

import numpy as np
import pytest
import soundfile

from beamprint.dsp.coding import Coding
from beamprint.dsp.grid import HALO_SECONDS
from beamprint.transforms.audio.cuts import measured_length
from beamprint.transforms.audio.decoders.decoder import AudioFormat
from beamprint.transforms.audio.decoders.pcm import decode
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

BLOCK = 8192


def reason_of(path):
    with pytest.raises(BadAudio) as caught:
        open_segment(str(path))
    return caught.value.reason


def test_a_coding_without_seek_is_decoded_from_its_start(tmp_path):
    path = sounds.write(tmp_path / "a.wav", sounds.music(2.0, 8000, 1), 8000, subtype="GSM610")
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(open_segment(str(path)).segment.pcm[0], expected)
    assert measured_length(str(path)) == len(expected)
    for index in (0, 1):
        segment = open_segment(str(path), index=index, borders=(8000,), block=1024).segment
        cut = expected[segment.start : segment.start + segment.pcm.shape[1]]
        np.testing.assert_array_equal(segment.pcm[0], cut)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_a_sample_that_is_not_a_number(tmp_path, bad, subtype):
    samples = sounds.music(4.0)
    samples[150_000, 1] = bad
    path = sounds.write(tmp_path / "a.wav", samples, 44_100, subtype=subtype)
    assert reason_of(path) is Reason.NON_FINITE_SAMPLES


def test_a_double_beyond_float32_is_no_number_either(tmp_path):
    path = sounds.write(tmp_path / "a.wav", np.array([0.0, 1e300, 0.0]), 44_100, subtype="DOUBLE")
    assert reason_of(path) in (Reason.NON_FINITE_SAMPLES, Reason.IMPLAUSIBLE_LEVEL)


def test_64_times_full_scale_is_the_most_that_is_plausible(tmp_path):
    for level, ok in ((64.0, True), (-64.0, True), (64.01, False), (-64.01, False)):
        path = sounds.write(tmp_path / "a.wav", np.array([0.1, level, 0.1]), 44_100, subtype="FLOAT")
        if ok:
            assert np.abs(open_segment(str(path)).segment.pcm).max() == 64
        else:
            assert reason_of(path) is Reason.IMPLAUSIBLE_LEVEL


def test_samples_over_full_scale_are_kept(tmp_path):
    path = sounds.write(tmp_path / "a.wav", np.array([1.5, -2.0, 0.0]), 44_100, subtype="FLOAT")
    assert open_segment(str(path)).segment.pcm.tolist() == [[1.5, -2.0, 0.0]]


def test_16_bit_codes_are_exact(tmp_path):
    codes = np.arange(-32768, 32768, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", codes, 44_100, subtype="PCM_16")
    assert np.array_equal(open_segment(str(tmp_path / "a.wav")).segment.pcm[0], codes / np.float32(32768))


def test_32_bit_codes_are_or_ed_as_stored(tmp_path):
    codes = np.array([[0x00000100, 0x7FFF0000], [-(2**31), 0x00001000]], np.int32)
    soundfile.write(tmp_path / "a.wav", codes, 44_100, subtype="PCM_32")
    segment = open_segment(str(tmp_path / "a.wav")).segment
    assert segment.coding.code_or == 0x00000100 | 0x7FFF0000 | 0x80000000 | 0x00001000
    assert np.array_equal(segment.pcm, (codes.T / 2.0**31).astype(np.float32))


def test_only_the_own_codes_of_a_segment_are_or_ed(tmp_path):
    codes = np.zeros((60 * 8000, 1), np.int32)
    codes[100] = 1 << 8
    codes[-100] = 1 << 9
    soundfile.write(tmp_path / "a.wav", codes, 8000, subtype="PCM_32")
    cuts = {"borders": (20 * 8000, 40 * 8000), "block": BLOCK}
    found = [open_segment(str(tmp_path / "a.wav"), index=i, **cuts).segment.coding.code_or for i in range(3)]
    assert found == [1 << 8, 0, 1 << 9]


def test_narrower_codings_need_no_codes(tmp_path):
    data = tmp_path / "a.wav"
    soundfile.write(data, np.zeros((10, 1), np.int16), 8000, subtype="PCM_16")
    assert open_segment(str(data)).segment.coding.code_or is None


@pytest.mark.parametrize(
    ("name", "rate", "tolerance"),
    [("wav", 8000, 0), ("wav32", 8000, 0), ("flac", 8000, 0), ("aiff24", 11_025, 0), ("caf", 8000, 0)]
    + [("vorbis", 8000, 0), ("opus", 48_000, 0)]
    # libmpg123 rounds differently after a seek: one unit of float32 at full scale
    + [("mp3", 44_100, 2e-7), ("mp3", 8000, 2e-7), ("mp3", 22_050, 2e-7), ("mp3vbr", 16_000, 2e-7)],
)
def test_a_segment_holds_the_samples_of_the_whole_track_there(tmp_path, name, rate, tolerance):
    sounds.encoded(tmp_path, name, sounds.music(30.0, rate, 1), rate)
    path = str(tmp_path / f"made.{name}")
    whole = open_segment(path, block=BLOCK).segment
    borders = (round(9.3 * rate), round(19.1 * rate))
    parts = [open_segment(path, index=i, borders=borders, frames=whole.total, block=BLOCK) for i in range(3)]
    stop = 0
    for part in parts:
        segment = part.segment
        held = whole.pcm[:, segment.start : segment.start + segment.pcm.shape[1]]
        assert np.abs(segment.pcm - held).max() <= tolerance
        assert segment.total == whole.total
        assert segment.own.start == stop
        assert segment.start == 0 or segment.own.start - segment.start >= HALO_SECONDS * rate
        stop = segment.own.stop
    assert stop == whole.total
    assert [part.identity.content_sha256 is None for part in parts] == [False, True, True]


def test_segments_of_a_chained_ogg_cross_its_links(tmp_path):
    parts = [sounds.encoded(tmp_path, "vorbis", sounds.music(25.0, 8000, 1, seed), 8000) for seed in (1, 2)]
    path = tmp_path / "chained.ogg"
    path.write_bytes(parts[0] + parts[1])
    whole = open_segment(str(path), block=BLOCK).segment
    for index in range(2):
        segment = open_segment(str(path), index=index, borders=(22 * 8000,), block=BLOCK).segment
        held = whole.native.span(segment.start, segment.start + segment.pcm.shape[1])
        assert np.array_equal(segment.pcm, held)


def test_segments_of_an_mp3_whose_length_the_decoder_guesses_too_short(tmp_path):
    samples = sounds.music(40.0, 44_100, 1)
    samples[44_100:] *= 0.001
    data = sounds.without_xing(sounds.encoded(tmp_path, "mp3vbr", samples))
    path = tmp_path / "guessed.mp3"
    path.write_bytes(data)
    whole = open_segment(str(path), block=BLOCK).segment
    frames = measured_length(str(path))
    assert frames == whole.total
    assert abs(frames - len(samples)) < 4 * 1152
    segment = open_segment(str(path), index=1, borders=(25 * 44_100,), frames=frames, block=BLOCK).segment
    assert np.abs(segment.pcm - whole.pcm[:, segment.start :]).max() < 2e-7


def test_a_segment_beyond_the_end_of_a_track_that_became_shorter_is_truncated(tmp_path):
    path = sounds.write(tmp_path / "a.wav", sounds.music(30.0, 8000, 1), 8000)
    with pytest.raises(BadAudio) as caught:
        open_segment(str(path), index=1, borders=(20 * 8000,), frames=60 * 8000, block=BLOCK)
    assert caught.value.reason is Reason.TRUNCATED


def test_an_ogg_whose_positions_are_a_little_late_is_whole(tmp_path):
    """Editors that cut streams leave such files: the last page ends 104 samples after the audio does."""
    path = sounds.write(tmp_path / "a.ogg", sounds.music(2.0), 44_100, format="OGG", subtype="VORBIS")
    content = bytearray(path.read_bytes())
    whole = open_segment(str(path)).segment.total
    pages = [at for at in range(len(content)) if content.startswith(b"OggS\0", at)]
    for at, end in zip(pages[3:], [*pages[4:], len(content)]):
        page = content[at:end]
        page[6:14] = (int.from_bytes(page[6:14], "little") + 104).to_bytes(8, "little")
        content[at:end] = sounds.sealed(bytes(page))
    path.write_bytes(content)
    assert soundfile.info(path).frames != len(soundfile.read(path)[0])
    assert open_segment(str(path)).segment.total == pytest.approx(whole, abs=104)


class NoiseDecoder:
    """Noise from a decoder that may have declared another length."""

    notes = ()
    frames_exact = False

    def __init__(self, declared, *, planar, sample_type=np.float32):
        self.frames = declared
        coding = Coding(None, False)
        self.format = AudioFormat(
            44_100, 2, "aac", coding, None, sample_type, bounded=sample_type is not np.float32, planar=planar
        )
        noise = np.random.default_rng(1).uniform(-1, 1, (300_000, 2))
        full_scale = 1 if sample_type is np.float32 else np.iinfo(sample_type).max
        self.left = (noise * full_scale).astype(sample_type)

    def read(self, out):
        count = min(len(out), len(self.left))
        out[:count], self.left = self.left[:count], self.left[count:]
        return count


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("declared", [None, 1, 200_000, 300_000, 500_000])
def test_samples_are_those_of_the_decoder_whatever_it_declares(declared, planar):
    decoder = NoiseDecoder(declared, planar=planar)
    expected = decoder.left.T
    np.testing.assert_array_equal(decode(decoder, None).samples, expected)
    part = decode(NoiseDecoder(declared, planar=planar), 150_000)
    np.testing.assert_array_equal(part.samples, expected[:, :150_000])


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("sample_type", [np.int16, np.int32])
def test_integers_of_a_lossy_decoder_have_a_full_scale_of_1(planar, sample_type):
    decoder = NoiseDecoder(300_000, planar=planar, sample_type=sample_type)
    expected = (decoder.left / -float(np.iinfo(sample_type).min)).T.astype(np.float32)
    np.testing.assert_allclose(decode(decoder, None).samples, expected, atol=1e-7)
