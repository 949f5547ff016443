"""Files that FFmpeg decodes: the samples are those of the WAV, lengths are those of the music, cuts are noticed."""

import importlib
import struct
import sys

import numpy as np
import pytest

from beamprint.pipeline.one_file import fingerprint
from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN
from beamprint.transforms.audio.containers.mp4_tables import Table, packet_chunks
from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.decoders.decoders import decoder_versions, open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.formats import MUSIC, RATE, opened, reason_of

EXACT = [*packets.LOSSLESS, "m4a", "faststart", "mp4-mp3", "caf-aac", "ape"]
"""Containers that say which samples are audio."""


@pytest.mark.parametrize("kind", packets.LOSSLESS)
def test_lossless_audio_is_equal_to_the_bit(made, scratch, kind):
    codes = packets.stored(MUSIC, kind)
    expected = codes.astype(np.float32) / {"i2": 2.0**15, "i4": 2.0**31, "f4": 1.0}[codes.dtype.str[1:]]
    found = opened(scratch, made[kind])
    assert np.array_equal(found.segment.pcm, expected.T)
    bits = {"i2": 16, "i4": 24, "f4": None}[codes.dtype.str[1:]]
    assert found.segment.coding.bits == bits
    assert found.identity.bit_depth == (bits or 32)
    assert found.identity.notes == ()


@pytest.mark.parametrize(
    ("kind", "subtype"), [("alac", "PCM_16"), ("alac24", "PCM_24"), ("wavpackfloat", "FLOAT")]
)
def test_the_audio_hash_is_that_of_the_wav(tmp_path, made, scratch, kind, subtype):
    codes = packets.stored(MUSIC, kind)
    wav = sounds.write(tmp_path / "a.wav", codes, RATE, format="WAV", subtype=subtype)
    assert opened(scratch, made[kind]).identity.audio_hash == open_segment(str(wav)).identity.audio_hash


@pytest.mark.parametrize("kind", EXACT)
def test_a_declared_length_is_that_of_the_music(made, scratch, kind):
    found = opened(scratch, made[kind])
    assert found.identity.frames == found.segment.pcm.shape[1] == len(MUSIC)


@pytest.mark.parametrize(
    ("kind", "most"), [("adts", 2048), ("fragmented", 2048), ("mka-aac", 2048), ("webm-opus", 1)]
)
def test_without_a_declared_length_there_is_at_most_what_the_encoder_added(
    tmp_path, scratch, made, kind, most
):
    rate = 48_000 if kind == "webm-opus" else RATE
    music = sounds.music(2.0, rate)
    data = packets.made(tmp_path, kind, music, rate)
    assert 0 <= opened(scratch, data).identity.frames - len(music) <= most


@pytest.mark.parametrize("kind", ["m4a", "faststart", "caf-aac", "mp4-mp3"])
def test_the_encoders_delay_is_left_out(made, scratch, kind):
    found = opened(scratch, made[kind]).segment.pcm[0, : len(MUSIC)]
    assert _delay(found, MUSIC[:, 0]) == 0


@pytest.mark.parametrize("kind", ["adts", "wma1", "wma2"])
def test_where_no_delay_is_declared_nothing_of_the_start_is_lost(made, scratch, kind):
    assert _delay(opened(scratch, made[kind]).segment.pcm[0], MUSIC[:, 0]) >= 0


def boxed(name, body):
    return struct.pack(">I", 8 + len(body)) + name + body


def with_itunes_comment(m4a, *numbers):
    """The file, whose index comes last, without its edit list but with iTunes's comment on what is audio."""
    at = m4a.rindex(b"moov") - 4
    text = " 00000000 {:08X} {:08X} {:016X}".format(*numbers).encode()
    name = boxed(b"mean", bytes(4) + b"com.apple.iTunes") + boxed(b"name", bytes(4) + b"iTunSMPB")
    comment = boxed(b"----", name + boxed(b"data", b"\0\0\0\1\0\0\0\0" + text))
    tags = boxed(b"udta", boxed(b"meta", bytes(4) + boxed(b"ilst", comment)))
    index = m4a[at + 8 :].replace(b"edts", b"free").replace(b"udta", b"free")
    return m4a[:at] + boxed(b"moov", index + tags)


def test_without_an_edit_list_nothing_is_left_out_of_an_m4a(made, scratch):
    found = opened(scratch, made["m4a"].replace(b"edts", b"free")).segment.pcm
    expected = opened(scratch, made["m4a"]).segment.pcm
    assert found.shape[1] == len(MUSIC) + 1024
    assert np.array_equal(found[:, 1024:], expected)


def test_itunes_comment_says_what_is_audio(made, scratch):
    whole = opened(scratch, made["m4a"].replace(b"edts", b"free")).segment.pcm
    padding = -whole.shape[1] % 1024
    data = with_itunes_comment(made["m4a"], 2000, padding + 500, whole.shape[1] - 2500)
    found = opened(scratch, data)
    assert np.array_equal(found.segment.pcm, whole[:, 2000 : whole.shape[1] - 500])
    assert found.identity.audio_hash != opened(scratch, made["m4a"]).identity.audio_hash


def test_an_itunes_comment_that_does_not_fit_the_packets_is_ignored(made, scratch):
    found = opened(scratch, with_itunes_comment(made["m4a"], 2000, 0, 10_000)).segment.pcm
    assert found.shape[1] == len(MUSIC) + 1024


def test_times_that_do_not_fit_the_packets_lose_no_audio(made, scratch):
    """With half the ticks a packet, the samples that are there count."""
    data = made["m4a"]
    at = data.rindex(b"stts") + 16
    assert struct.unpack_from(">I", data, at) == (1024,)
    found = opened(scratch, data[:at] + struct.pack(">I", 512) + data[at + 4 :]).segment.pcm
    assert found.shape[1] >= len(MUSIC)


def test_packets_for_which_no_time_is_left_are_played_as_long_as_those_before(tmp_path, scratch):
    data = packets.encode(tmp_path / "a.m4a", "m4a", MUSIC[: 60 * 1024])
    at = data.rindex(b"stts") + 8
    runs, count = struct.unpack_from(">II", data, at)
    fewer = data[: at + 4] + struct.pack(">I", count - 5) + data[at + 8 :]
    assert runs == 1
    assert np.array_equal(opened(scratch, fewer).segment.pcm, opened(scratch, data).segment.pcm)
    untimed = data[: at + 8] + bytes(4) + data[at + 12 :]
    assert reason_of(scratch, untimed) is Reason.DECODE_ERROR


def test_a_compact_table_of_sizes(made, scratch):
    """ISO/IEC 14496-12, section 8.7.3.3."""
    data = made["m4a"]
    at = data.rindex(b"stsz") - 4
    (size,) = struct.unpack_from(">I", data, at)
    sizes = np.frombuffer(data, ">u4", (size - 20) // 4, at + 20)
    table = boxed(b"stz2", struct.pack(">III", 0, 16, len(sizes)) + sizes.astype(">u2").tobytes())
    changed = data[:at] + table + boxed(b"free", bytes(size - len(table) - 8)) + data[at + size :]
    assert np.array_equal(opened(scratch, changed).segment.pcm, opened(scratch, data).segment.pcm)


@pytest.mark.parametrize(("bits", "numbers"), [(4, b"\x4f\x10"), (8, b"\4\x0f\1"), (16, b"\0\4\0\x0f\0\1")])
def test_sizes_of_4_8_and_16_bits(bits, numbers):
    boxes = {
        b"stco": Table(struct.pack(">III", 0, 1, 100)),
        b"stsc": Table(struct.pack(">IIIII", 0, 1, 1, 3, 1)),
        b"stz2": Table(struct.pack(">III", 0, bits, 3) + numbers),
    }
    assert [places.tolist() for places in packet_chunks(boxes)] == [[100], [100 + 4 + 15 + 1]]


def test_eight_channels(tmp_path, scratch):
    music = sounds.music(0.5, 48_000, channels=8)
    found = opened(scratch, packets.encode(tmp_path / "a.m4a", "m4a", music, 48_000))
    assert found.segment.pcm.shape == (8, len(music))


def _delay(found, expected):
    """Samples by which one lags behind the other, from the peak of their correlation, up to 8192."""
    piece = expected[20_000:40_000]
    scores = [float(np.dot(found[20_000 + lag : 40_000 + lag], piece)) for lag in range(-8192, 8192)]
    return int(np.argmax(scores)) - 8192


@pytest.mark.parametrize("kind", ["dsf", "dff"])
def test_dsd_is_the_signal_that_was_modulated(tmp_path, scratch, kind):
    tone = 0.4 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE // 10) / RATE)
    found = opened(scratch, packets.made(tmp_path, kind, np.column_stack([tone, -tone])))
    identity = found.identity
    assert (identity.sample_rate_hz, identity.codec, identity.bit_depth) == (8 * RATE, "dsd", 1)
    assert identity.frames == 8 * len(tone)
    t = np.arange(identity.frames) / (8 * RATE)
    middle = slice(20_000, 60_000)
    for channel, sign in ((0, 1), (1, -1)):
        amplitude = 2 * abs(np.mean((found.segment.pcm[channel] * np.exp(-2j * np.pi * 1000 * t))[middle]))
        assert amplitude == pytest.approx(0.4, rel=0.02)
        assert sign * np.dot(found.segment.pcm[channel], found.segment.pcm[0]) > 0


def test_each_record_names_decoder_codec_and_container(made, scratch):
    expected = {
        "m4a": ("mp4", "aac"),
        "alac": ("mp4", "alac"),
        "adts": ("adts", "aac"),
        "wma2": ("asf", "wmav2"),
        "wavpack": ("wavpack", "wavpack"),
        "tta": ("tta", "tta"),
        "ape": ("ape", "ape"),
        "caf-aac": ("caf", "aac"),
        "webm-opus": ("matroska", "opus"),
        "mp4-mp3": ("mp4", "mp3"),
    }
    for kind, (container, codec) in expected.items():
        identity = opened(scratch, made[kind]).identity
        assert (identity.container, identity.codec) == (container, codec)
        assert identity.decoder_version.startswith("libavcodec ")
        assert "PyAV" in identity.decoder_version


def test_six_channels_have_their_speakers(tmp_path, scratch):
    music = sounds.music(0.5, 48_000, channels=6)
    by_ffmpeg = opened(scratch, packets.made(tmp_path, "wavpack", music, 48_000)).segment
    wav = tmp_path / "a.wav"
    wav.write_bytes(sounds.wavex(packets.stored(music, "wavpack").tobytes(), 0x3F, 6, 48_000))
    by_libsndfile = open_segment(str(wav)).segment
    assert by_ffmpeg.layout == by_libsndfile.layout
    assert np.array_equal(by_ffmpeg.pcm, by_libsndfile.pcm)


# Segments


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Three minutes and a bit: over two places where a lossy decoder restarts."""
    folder = tmp_path_factory.mktemp("long")
    music = sounds.music(185.3, 22_050, channels=1)
    found = {}
    for kind in ("m4a", "adts", "wma2", "wavpack", "tta", "caf-aac"):
        music = music if kind != "caf-aac" else np.repeat(music, 2, axis=1)
        path = folder / kind
        path.write_bytes(packets.made(folder, kind, music, 22_050))
        found[kind] = str(path)
    return found


@pytest.mark.slow  # three minutes of audio of each kind
@pytest.mark.parametrize("kind", ["m4a", "adts", "wma2", "wavpack", "tta", "caf-aac"])
def test_any_place_has_the_samples_of_a_track_read_in_one_piece(long, kind):
    rate = 22_050
    with open_source(long[kind]) as source, open_decoder(source, inspect(source.data)) as decoder:
        whole = decoder.format.buffer(200 * rate)
        count = decoder.read(whole)
        assert count >= 185.3 * rate - 1
        places = [
            1,
            777,
            59 * rate,
            60 * rate - 5,
            60 * rate,
            61 * rate + 5,
            121 * rate,
            180 * rate,
            count - 100,
        ]
        for place in [*places, 5, count, count + 10]:
            decoder.seek(place)
            found = decoder.format.buffer(3000)
            read = decoder.read(found)
            assert read == max(0, min(3000, count - place))
            assert np.array_equal(found[:read], whole[place : place + read]), place


@pytest.mark.slow  # three minutes of audio of each kind
@pytest.mark.parametrize("kind", ["m4a", "wma2"])
def test_segments_of_a_track_are_pieces_of_it(long, kind):
    plan = plan_track(long[kind], max_bytes=30 << 20)
    assert plan.borders
    whole = open_segment(long[kind]).segment
    for index in range(len(plan.borders) + 1):
        part = open_segment(long[kind], index=index, borders=plan.borders, frames=plan.frames).segment
        assert np.array_equal(part.pcm, whole.pcm[:, part.start : part.start + part.pcm.shape[1]])


# Without the extra


@pytest.fixture
def without_extra(monkeypatch):
    for name in [
        name for name in sys.modules if name == "av" or name.startswith("av.") or ".ffmpeg_" in name
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError):
        importlib.import_module("av")


@pytest.mark.parametrize("kind", packets.ALL)
def test_without_the_extra_the_message_says_how_to_get_it(made, scratch, without_extra, kind):
    scratch.write_bytes(made[kind])
    with pytest.raises(BadAudio, match=r"pip install 'beamprint\[formats\]'") as caught:
        open_segment(str(scratch))
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_without_the_extra_other_files_are_read_and_runs_start(tmp_path, without_extra):
    assert open_segment(str(sounds.write(tmp_path / "a.wav", MUSIC, RATE, format="WAV", subtype="PCM_16")))
    assert any(version.startswith("libsndfile ") for version in decoder_versions())


def test_a_whole_record_of_an_m4a(made, scratch):
    scratch.write_bytes(made["m4a"])
    record = fingerprint(scratch)
    wav = scratch.with_suffix(".wav")
    sounds.write(wav, MUSIC, RATE, format="WAV", subtype="PCM_16")
    of_wav = fingerprint(wav)
    assert record["lufs"] == pytest.approx(of_wav["lufs"], abs=0.5)  # the encoder leaves out some noise
    assert record["duration_s"] == of_wav["duration_s"]
    assert LENGTH_UNKNOWN not in record["notes"]
