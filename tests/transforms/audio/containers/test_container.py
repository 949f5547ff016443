"""Good files are accepted in any form, and all of their audio is decoded."""

import numpy as np
import pytest
import soundfile

from beamprint.dsp import channels
from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

S = channels.Speaker


def opened(tmp_path, data, name="file.bin"):
    path = tmp_path / name
    path.write_bytes(data)
    return open_segment(str(path))


def reason_of(tmp_path, data):
    with pytest.raises(BadAudio) as caught:
        opened(tmp_path, data)
    return caught.value.reason


@pytest.mark.parametrize("name", sounds.ENCODINGS)
def test_every_format_is_recognised_by_its_bytes_and_decodes_as_soundfile_reads_it(tmp_path, name):
    data = sounds.encoded(tmp_path, name)
    decoded = opened(tmp_path, data, "no-telling-name")
    pcm = decoded.segment.pcm
    assert np.array_equal(pcm, sounds.plain(tmp_path / f"made.{name}")[:, : pcm.shape[1]])
    assert decoded.segment.pcm.dtype == np.float32
    assert decoded.segment.pcm.flags.c_contiguous
    assert decoded.identity.notes == ()
    assert decoded.identity.frames == len(sounds.music(rate=decoded.segment.rate))


@pytest.mark.parametrize(
    ("name", "container", "codec", "bits", "word", "is_float"),
    [
        ("wav", "wav", "pcm_s16", 16, 16, False),
        ("wav24", "wav", "pcm_s24", 24, 24, False),
        ("wav32", "wav", "pcm_s32", 32, 32, False),
        ("wav8", "wav", "pcm_u8", 8, 8, False),
        ("wavfloat", "wav", "pcm_f32", 32, None, True),
        ("wavdouble", "wav", "pcm_f64", 64, None, True),
        ("wavulaw", "wav", "ulaw", None, None, False),
        ("rf64", "rf64", "pcm_s16", 16, 16, False),
        ("w64", "w64", "pcm_s16", 16, 16, False),
        ("aiff24", "aiff", "pcm_s24", 24, 24, False),
        ("caf", "caf", "pcm_s16", 16, 16, False),
        ("alac", "caf", "alac", 16, 16, False),
        ("au", "au", "pcm_s16", 16, 16, False),
        ("flac24", "flac", "flac", 24, 24, False),
        ("vorbis", "ogg", "vorbis", None, None, False),
        ("opus", "ogg", "opus", None, None, False),
        ("mp3", "mp3", "mp3", None, None, False),
    ],
)
def test_container_codec_and_word_length(tmp_path, name, container, codec, bits, word, is_float):
    sounds.encoded(tmp_path, name)
    info = probe(str(tmp_path / f"made.{name}"))
    assert (info.container, info.format.codec, info.format.bit_depth) == (container, codec, bits)
    assert (info.format.coding.bits, info.format.coding.is_float) == (word, is_float)
    assert info.frames_exact


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("name", ["wav", "flac", "vorbis"])
def test_one_to_eight_channels(tmp_path, name, channels):
    samples = sounds.music(0.5, channels=channels)
    decoded = opened(tmp_path, sounds.encoded(tmp_path, name, samples))
    assert decoded.segment.pcm.shape == (channels, len(samples))


@pytest.mark.parametrize(
    "rate", [8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 88_200, 96_000, 176_400, 192_000]
)
def test_rates_from_8_to_192_khz(tmp_path, rate):
    samples = sounds.music(0.3, rate)
    decoded = opened(tmp_path, sounds.encoded(tmp_path, "wav24", samples, rate))
    assert (decoded.identity.sample_rate_hz, decoded.identity.frames) == (rate, len(samples))
    assert decoded.identity.duration_s == len(samples) / rate


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "vorbis", "aiff", "au"])
def test_id3_tags_before_the_audio(tmp_path, name):
    data = sounds.encoded(tmp_path, name)
    expected = sounds.plain(tmp_path / f"made.{name}")
    decoded = opened(tmp_path, sounds.id3() + data)
    assert np.array_equal(decoded.segment.pcm, expected)


def test_two_id3_tags_and_padding_after_them(tmp_path):
    data = sounds.encoded(tmp_path, "mp3")
    decoded = opened(tmp_path, sounds.id3(100) + sounds.id3(2000) + bytes(500) + data)
    assert decoded.identity.frames == len(sounds.music())


@pytest.mark.parametrize("tail", [sounds.ID3V1, sounds.ape_tag(), sounds.ape_tag() + sounds.ID3V1])
@pytest.mark.parametrize("strip", [False, True])
def test_tags_after_an_mp3(tmp_path, tail, strip):
    data = sounds.encoded(tmp_path, "mp3")
    data = sounds.without_xing(data) if strip else data
    alone = opened(tmp_path, data).segment.pcm
    assert np.array_equal(opened(tmp_path, data + tail).segment.pcm, alone)


def test_a_tag_after_ogg_and_flac(tmp_path):
    for name in ("vorbis", "flac"):
        data = sounds.encoded(tmp_path, name)
        assert opened(tmp_path, data + sounds.ID3V1).identity.frames == len(sounds.music())


@pytest.mark.parametrize(
    ("data_size", "riff_size"),
    [(0, 0), (0, None), (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF - 36, 0xFFFFFFFF)]
    + [(0x7FFFF000, 0x7FFFF024), (0x80000000, 0x80000024), (0x7FFFFFFF, 0xFFFFFFFF)],
)
def test_wav_from_a_pipe_is_read_to_its_end(tmp_path, data_size, riff_size):
    samples = sounds.music(0.5)
    decoded = opened(tmp_path, sounds.wav(sounds.pcm16(samples), data_size=data_size, riff_size=riff_size))
    expected = np.round(samples * 32767) / 32768
    assert np.array_equal(decoded.segment.pcm, expected.T.astype(np.float32))
    assert decoded.identity.notes == (LENGTH_UNKNOWN,)


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
@pytest.mark.parametrize("known", [True, False])
def test_rf64_and_bw64(tmp_path, name, known):
    samples = sounds.music(0.5)
    pcm = sounds.pcm16(samples)
    decoded = opened(tmp_path, sounds.rf64(pcm, name=name, data_size=None if known else 0))
    assert decoded.identity.frames == len(samples)
    assert decoded.identity.notes == (() if known else (LENGTH_UNKNOWN,))


def test_wav_with_chunks_before_and_after_the_audio(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    note = sounds.chunk(b"LIST", b"INFO" + sounds.chunk(b"ISFT", b"by hand\0")) + sounds.chunk(
        b"odd ", b"odd"
    )
    data = sounds.wav(
        pcm, before=note + sounds.chunk(b"bext", bytes(602)), after=note + sounds.chunk(b"id3 ", b"x")
    )
    assert opened(tmp_path, data).identity.frames == len(pcm) // 4


def test_wav_with_an_odd_size_with_and_without_its_padding(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))[:-1]
    for after in (b"", b"\0", b"\0" + sounds.chunk(b"LIST", b"INFO")):
        assert opened(tmp_path, sounds.wav(pcm, after=after)).identity.frames == len(pcm) // 4


def test_wav_whose_size_counts_part_of_a_frame_too_much(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    assert opened(tmp_path, sounds.wav(pcm, data_size=len(pcm) + 3)).identity.frames == len(pcm) // 4


def test_caf_without_a_size_is_read_to_its_end(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "caf"))
    at = data.find(b"data")
    data[at + 4 : at + 12] = b"\xff" * 8
    decoded = opened(tmp_path, bytes(data))
    assert np.array_equal(decoded.segment.pcm, sounds.plain(tmp_path / "made.caf"))
    assert decoded.identity.notes == (LENGTH_UNKNOWN,)


@pytest.mark.parametrize("extra", [b"", sounds.ID3V1])
def test_flac_from_a_pipe_does_not_declare_its_length(tmp_path, extra):
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[8 + 13] &= 0xF0
    data[8 + 14 : 8 + 18] = bytes(4)
    decoded = opened(tmp_path, bytes(data) + extra)
    assert np.array_equal(decoded.segment.pcm, sounds.plain(tmp_path / "made.flac"))
    assert decoded.identity.notes == (LENGTH_UNKNOWN,)


@pytest.mark.parametrize("name", ["vorbis", "opus"])
def test_all_links_of_a_chained_ogg_are_decoded(tmp_path, name):
    rate = 48_000
    parts = [
        sounds.encoded(tmp_path, name, sounds.music(s, rate, seed=i), rate) for i, s in enumerate((1.0, 0.5))
    ]
    alone = [opened(tmp_path, part).segment.pcm for part in parts]
    decoded = opened(tmp_path, parts[0] + parts[1])
    assert np.array_equal(decoded.segment.pcm, np.concatenate(alone, axis=1))
    same_serial = opened(tmp_path, parts[0] + parts[0])
    assert np.array_equal(same_serial.segment.pcm, np.concatenate([alone[0]] * 2, axis=1))


def test_links_that_differ_in_rate_are_not_one_track(tmp_path):
    parts = [sounds.encoded(tmp_path, "vorbis", sounds.music(0.5, rate), rate) for rate in (44_100, 48_000)]
    assert reason_of(tmp_path, parts[0] + parts[1]) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("rate", [1, 999, 1_000_000])
def test_a_rate_that_no_recording_has_is_unsupported(tmp_path, rate):
    soundfile.write(tmp_path / "odd.wav", sounds.music(0.1), rate)
    with pytest.raises(BadAudio, match=f"a sample rate of {rate} Hz") as caught:
        probe(str(tmp_path / "odd.wav"))
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_appended_mp3s_are_decoded_one_after_the_other(tmp_path):
    parts = [sounds.encoded(tmp_path, "mp3", sounds.music(s, seed=i)) for i, s in enumerate((1.0, 0.7))]
    alone = [opened(tmp_path, part).segment.pcm for part in parts]
    for data in (parts[0] + parts[1], parts[0] + sounds.id3() + parts[1] + sounds.ID3V1):
        assert np.array_equal(opened(tmp_path, data).segment.pcm, np.concatenate(alone, axis=1))


def test_mp3_without_a_frame_count_is_read_to_its_end(tmp_path):
    data = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    decoded = opened(tmp_path, data)
    assert abs(decoded.identity.frames - len(sounds.music())) < 3 * 1152
    assert decoded.identity.notes == (LENGTH_UNKNOWN,)


def test_mp3_of_variable_rate_without_a_frame_count_is_read_beyond_the_decoders_guess(tmp_path):
    samples = sounds.music(6.0)
    samples[44_100:] *= 0.001  # the first frames are the largest: a guess by their size is far too short
    data = sounds.without_xing(sounds.encoded(tmp_path, "mp3vbr", samples))
    decoded = opened(tmp_path, data)
    assert soundfile.info(tmp_path / "file.bin").frames < 0.8 * len(samples)
    assert abs(decoded.identity.frames - len(samples)) < 4 * 1152


def test_mp3_at_24_khz_and_below_is_decoded_like_in_one_piece(tmp_path):
    for rate in (8_000, 16_000, 22_050):
        data = sounds.encoded(tmp_path, "mp3", sounds.music(20.0, rate, 1), rate)
        assert np.array_equal(opened(tmp_path, data).segment.pcm, sounds.plain(tmp_path / "made.mp3"))


@pytest.mark.parametrize(
    ("mask", "layout"),
    [
        (0x3, (S.L, S.R)),
        (0x0, (S.L, S.R)),
        (0x60F, (S.L, S.R, S.C, S.LFE, S.LS, S.RS)),
        (0x3F, (S.L, S.R, S.C, S.LFE, S.LB, S.RB)),
    ],
)
def test_channel_mask_of_a_wav(tmp_path, mask, layout):
    samples = sounds.music(0.2, channels=len(layout))
    decoded = opened(tmp_path, sounds.wavex(sounds.pcm16(samples), mask, len(layout)))
    assert decoded.segment.layout == layout


def test_channel_mask_among_the_tags_of_a_flac(tmp_path):
    data = sounds.encoded(tmp_path, "flac", sounds.music(0.2, channels=4))
    tag = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x33"
    comment = bytes(4) + (1).to_bytes(4, "little") + len(tag).to_bytes(4, "little") + tag
    assert data[4] & 0x7F == 0
    block = b"\x04" + len(comment).to_bytes(3, "big") + comment
    decoded = opened(tmp_path, data[:4] + b"\0" + data[5:42] + block + data[42:])
    assert decoded.segment.layout == (S.L, S.R, S.LB, S.RB)


def test_vorbis_and_opus_come_in_the_order_of_the_vorbis_specification(tmp_path):
    for name in ("vorbis", "opus"):
        samples = sounds.music(0.5, 48_000, channels=6)
        decoded = opened(tmp_path, sounds.encoded(tmp_path, name, samples, 48_000))
        assert decoded.segment.layout == (S.L, S.C, S.R, S.LS, S.RS, S.LFE)


def test_a_mask_that_does_not_fit_and_nine_channels_are_unsupported_layouts(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.2))
    six = sounds.pcm16(sounds.music(0.2, channels=6))
    assert reason_of(tmp_path, sounds.wavex(six, 0x7, 6)) is Reason.UNSUPPORTED_LAYOUT
    for mask, count, layout in ((0x7, 2, (S.L, S.R)), (0x3, 1, (S.M,))):
        assert opened(tmp_path, sounds.wavex(pcm, mask, count)).segment.layout == layout
    nine = sounds.wav(sounds.pcm16(sounds.music(0.2, channels=9)), channels=9)
    assert reason_of(tmp_path, nine) is Reason.UNSUPPORTED_LAYOUT


@pytest.mark.parametrize(
    "data",
    [
        b"just some text\n" * 50,
        b"\0\0\0\x20ftypM4A " + bytes(500),
        b"MThd" + bytes(100),
        b"<html></html>",
        b"\0" * 9000,
    ]
    + [b"OggS\0\x02" + bytes(20) + b"\x01\x08fishead\0"],
)
def test_files_that_are_no_audio_or_cannot_be_decoded_are_unsupported(tmp_path, data):
    assert reason_of(tmp_path, data) in (Reason.UNSUPPORTED_FORMAT, Reason.TRUNCATED)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\n<!doctype html><p>404 Not Found", "web page"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "web page"),
        (b"#EXTM3U\na.mp3\n", "playlist"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(4000), "AppleDouble"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not fetched"),
        (b"BZh91AY&SY" + bytes(100), "an archive"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(100), "a picture"),
        (b"MPCKSH" + bytes(100), "Musepack"),
        (bytes(100_000), "did not finish"),
    ],
)
def test_what_other_files_look_like(tmp_path, data, name):
    (tmp_path / "a.mp3").write_bytes(data)
    with pytest.raises(BadAudio, match=name) as caught:
        probe(str(tmp_path / "a.mp3"))
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("junk", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x0b\x77", bytes(64)])
def test_an_mp3_after_what_looks_like_another_file(tmp_path, junk):
    mp3 = sounds.encoded(tmp_path, "mp3")
    found = opened(tmp_path, junk + mp3).segment.pcm
    assert np.array_equal(found, opened(tmp_path, mp3).segment.pcm)


def test_no_bytes_and_no_samples_are_empty(tmp_path):
    assert reason_of(tmp_path, b"") is Reason.EMPTY
    for name in ("wav", "flac", "aiff", "caf", "au", "rf64", "w64"):
        assert reason_of(tmp_path, sounds.encoded(tmp_path, name, np.zeros((0, 2)))) is Reason.EMPTY, name
    listed = sounds.wav(b"", after=sounds.chunk(b"LIST", b"INFOISFT" + bytes(400)))
    assert reason_of(tmp_path, listed) is Reason.EMPTY


def test_one_sample_is_a_track(tmp_path):
    for name in ("wav", "flac", "aiff", "caf"):
        assert opened(tmp_path, sounds.encoded(tmp_path, name, np.full((1, 1), 0.5))).identity.frames == 1
