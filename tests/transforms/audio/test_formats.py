"""Files that FFmpeg decodes: the samples are those of the WAV, lengths are those of the music, cuts are noticed."""

import importlib
import struct
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.pipeline.one_file import fingerprint
from beamprint.transforms.audio.container import inspect
from beamprint.transforms.audio.contents import LENGTH_UNKNOWN, TRUNCATED
from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.decoders import decoder_versions, open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.source import open_source
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import packets, sounds

RATE = 44_100
MUSIC = sounds.music(2.0, RATE)
EXACT = [*packets.LOSSLESS, "m4a", "faststart", "mp4-mp3", "caf-aac", "ape"]
"""Containers that say which samples are audio."""
DAMAGE = {Reason.TRUNCATED, Reason.DECODE_ERROR, Reason.CHECKSUM_MISMATCH}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {
        kind: packets.made(folder, kind, MUSIC, 48_000 if kind == "webm-opus" else RATE)
        for kind in packets.ALL
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "file"


def opened(path, data, **how):
    path.write_bytes(data)
    return open_segment(str(path), **how)


def reason_of(path, data, **how):
    with pytest.raises(BadAudio) as caught:
        opened(path, data, **how)
    return caught.value.reason


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


# Cuts and damage


@pytest.mark.parametrize("kind", packets.ALL)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_a_file_is_never_a_record(made, scratch, kind, share):
    data = made[kind]
    if kind == "ape" and share > 0.9:
        share = 0.95  # it has 170 bytes
    reason = reason_of(scratch, data[: int(len(data) * share)])
    assert reason in (DAMAGE if kind == "ape" else {Reason.TRUNCATED})


@pytest.mark.parametrize("kind", packets.ALL)
@settings(max_examples=6, deadline=None)
@given(share=st.floats(0, 0.998))
def test_a_cut_anywhere_is_never_a_record(made, scratch, kind, share):
    data = made[kind]
    length = int(len(data) * share)
    reason = reason_of(scratch, data[:length])
    assert reason in DAMAGE or (length < 1000 and reason in {Reason.UNSUPPORTED_FORMAT, Reason.EMPTY})


@pytest.mark.parametrize("kind", ["faststart", "adts", "wma2", "wavpack", "tta", "dsf", "dff", "mka-aac"])
def test_the_audio_of_a_truncated_file_is_measured_on_demand(made, scratch, kind):
    whole = opened(scratch, made[kind]).segment.pcm
    part = opened(scratch, made[kind][: len(made[kind]) * 6 // 10], limits=Limits(accept_truncated=True))
    assert TRUNCATED in part.identity.notes
    length = part.segment.pcm.shape[1]
    assert 0.45 * whole.shape[1] < length < 0.7 * whole.shape[1]
    assert np.array_equal(part.segment.pcm[:, : length - 4096], whole[:, : length - 4096])


@pytest.mark.parametrize("kind", ["wavpack", "tta"])
def test_one_changed_bit_is_noticed_where_there_are_checksums(made, scratch, kind):
    data = bytearray(made[kind])
    data[len(data) // 2] ^= 1
    assert reason_of(scratch, bytes(data)) in DAMAGE


def test_samples_missing_from_a_damaged_ape_frame_are_noticed(made, scratch):
    data = bytearray(made["ape"])
    data[-12] ^= 1  # the checksum of the last frame
    assert reason_of(scratch, bytes(data)) is Reason.DECODE_ERROR


@pytest.mark.parametrize("kind", packets.ALL)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_changed_bytes_give_a_record_or_a_reason(made, scratch, kind, data):
    content = bytearray(made[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        reach = data.draw(st.sampled_from([64, 1024, len(content)]))
        at = data.draw(st.integers(0, min(reach, len(content)) - 1))
        content[at : at + 4] = data.draw(
            st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x01"])
        )
    scratch.write_bytes(content)
    with suppress(BadAudio):
        open_segment(str(scratch))


@pytest.mark.parametrize("kind", packets.ALL)
def test_tags_and_zeros_around_a_file_change_nothing(made, scratch, kind):
    whole = opened(scratch, made[kind]).identity
    for data in (
        sounds.id3() + made[kind],
        made[kind] + sounds.ID3V1,
        made[kind] + sounds.ape_tag(),
        made[kind] + bytes(5000),
    ):
        found = opened(scratch, data).identity
        assert (found.frames, found.audio_hash, found.notes) == (whole.frames, whole.audio_hash, whole.notes)


@pytest.mark.parametrize("kind", packets.ALL)
def test_the_second_of_two_files_in_one_is_never_lost_silently(made, scratch, kind):
    if kind == "adts":
        assert (
            opened(scratch, made[kind] * 2).identity.frames == 2 * opened(scratch, made[kind]).identity.frames
        )
    else:
        assert reason_of(scratch, made[kind] * 2) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("kind", packets.ALL)
def test_lost_or_inserted_bytes_are_noticed(made, scratch, kind):
    data, middle = made[kind], len(made[kind]) // 2
    lost = min(3000, middle // 2)
    assert reason_of(scratch, data[:middle] + data[middle + lost :]) in DAMAGE
    assert reason_of(scratch, data[:middle] + sounds.junk(5000) + data[middle:]) in DAMAGE


def with_number(data, after, offset, form, value):
    """The file with another number ``offset`` bytes after the last place where some bytes stand."""
    at = data.rindex(after) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


CLAIMS = {
    "2^31 packets": ("m4a", b"stsz", 12, ">I", 1 << 31),
    "2^32 packets of a byte": ("m4a", b"stsz", 8, ">Q", 1 << 32 | 0xFFFFFFFF),
    "2^31 places": ("m4a", b"stco", 8, ">I", 1 << 31),
    "2^31 runs of times": ("m4a", b"stts", 8, ">I", 1 << 31),
    "no ticks a second": ("m4a", b"mdhd", 16, ">I", 0),
    "the largest box": ("m4a", b"moov", -4, ">I", 0xFFFFFFFF),
    "2^62 bytes of clusters": ("mka-aac", b"\x18\x53\x80\x67", 4, ">Q", 1 << 56 | 1 << 55),
    "2^31 data packets": ("wma2", bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"), 24 + 32, "<Q", 1 << 31),
    "2^32 samples of TTA": ("tta", b"TTA1", 14, "<I", 0xFFFFFFFF),
    "rate 2^32 of TTA": ("tta", b"TTA1", 10, "<I", 0xFFFFFFFF),
    "2^31 frames of APE": ("ape", b"MAC ", 64, "<I", 1 << 31),
    "2^63 samples of DSD": ("dsf", b"fmt ", 36, "<Q", 1 << 63),
    "2^31 channels of DSD": ("dsf", b"fmt ", 24, "<I", 1 << 31),
    "2^63 bytes of DSD": ("dff", b"DSD ", 4, ">Q", 1 << 63),
    "2^60 samples in CAF": ("caf-aac", b"pakt", 20, ">Q", 1 << 60),
    "2^60 packets in CAF": ("caf-aac", b"pakt", 12, ">Q", 1 << 60),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_an_absurd_claim_is_refused_before_it_costs_anything(made, scratch, claim):
    kind, *change = CLAIMS[claim]
    assert reason_of(scratch, with_number(made[kind], *change)) in DAMAGE | {
        Reason.TOO_LARGE,
        Reason.UNSUPPORTED_FORMAT,
    }


def test_encrypted_audio_is_unsupported_and_not_damaged(made, scratch):
    data = made["m4a"]
    at = data.rindex(b"mp4a", 0, data.rindex(b"esds"))
    assert reason_of(scratch, data[:at] + b"drms" + data[at + 4 :]) is Reason.UNSUPPORTED_FORMAT


# Tags

SAID = {"title": "Étude", "artist": "An Artist", "album": "The Album", "genre": "Folk"}


@pytest.mark.parametrize(
    "kind", ["m4a", "alac", "wma2", "mka-aac", "webm-opus", "wavpack", "tta", "fragmented"]
)
def test_tags_are_read(tmp_path, scratch, kind):
    rate = 48_000 if kind == "webm-opus" else RATE
    data = packets.encode(tmp_path / "a", kind, sounds.music(0.5, rate), rate, tags=SAID)
    found = opened(scratch, data).identity
    assert {name: found.embedded.get(name) for name in SAID} == SAID
    assert not any(note.startswith("embedded") for note in found.notes)


def test_numbers_and_several_texts_of_ape_tags(made, scratch):
    items = {b"Track": b"3/12", b"Album Artist": b"A Band", b"Artist": b"One\0Two", b"Year": b"1999"}
    body = b"".join(struct.pack("<II", len(text), 0) + name + b"\0" + text for name, text in items.items())
    body += struct.pack("<II", 3, 2) + b"Cover\0\1\2\3"
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, 5, 0) + bytes(8)
    found = opened(scratch, made["ape"] + body + footer + sounds.ID3V1)
    assert found.identity.embedded == {
        "tracknumber": "3",
        "tracktotal": "12",
        "albumartist": "A Band",
        "artist": "One; Two",
        "date": "1999",
    }
    assert found.identity.frames == len(MUSIC)


def test_the_id3_tag_of_a_dsf_file(made, scratch):
    text = b"\3A title"
    tag = b"ID3\3\0\0\0\0\0" + bytes([10 + len(text)]) + b"TIT2" + struct.pack(">IH", len(text), 0) + text
    data = made["dsf"]
    pointed = data[:12] + struct.pack("<QQ", len(data) + len(tag), len(data)) + data[28:] + tag
    assert opened(scratch, pointed).identity.embedded == {"title": "A title"}


def test_tags_change_neither_the_audio_hash_nor_the_length(tmp_path, scratch):
    music = sounds.music(0.5, RATE)
    for kind in ("m4a", "wma2", "wavpack"):
        plain = opened(scratch, packets.encode(tmp_path / "a", kind, music)).identity
        tagged = opened(scratch, packets.encode(tmp_path / "b", kind, music, tags=SAID)).identity
        assert (plain.audio_hash, plain.frames) == (tagged.audio_hash, tagged.frames)


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


@pytest.mark.parametrize("between", [sounds.ID3V1, sounds.id3(), bytes(2000), sounds.ID3V1 + sounds.id3()])
def test_tags_between_joined_adts_files_change_nothing(made, scratch, between):
    joined, tagged = (opened(scratch, made["adts"] + lies + made["adts"]) for lies in (b"", between))
    assert np.array_equal(tagged.segment.pcm, joined.segment.pcm)
    assert tagged.identity.audio_hash == joined.identity.audio_hash


@pytest.mark.parametrize("junk", [b"\x11", sounds.junk(700), sounds.id3() + b"\xff\xf1"])
def test_stray_bytes_before_the_first_adts_frame_are_passed_over(made, scratch, junk):
    plain = opened(scratch, made["adts"])
    assert np.array_equal(opened(scratch, junk + made["adts"]).segment.pcm, plain.segment.pcm)
    middle = opened(scratch, made["adts"][200:]).identity
    assert 0 < plain.identity.frames - middle.frames <= 2048


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", bytes(512), b"\n\n"])
@pytest.mark.parametrize("name", ["wav", "vorbis"])
def test_what_looks_like_a_frame_in_other_audio_is_no_adts(tmp_path, scratch, before, name):
    audio = bytearray(before + sounds.encoded(tmp_path, name))
    audio[-50:-43] = b"\xff\xf1\x50\x80\x43\xdf\xfc"
    assert reason_of(scratch, bytes(audio)) is Reason.UNSUPPORTED_FORMAT


def test_a_wavpack_block_of_an_impossible_size_is_damage(made, scratch):
    data = made["wavpack"][:4] + b"\xf0\xff\xff\xff" + made["wavpack"][8:]
    assert reason_of(scratch, data) is Reason.DECODE_ERROR
