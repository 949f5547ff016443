"""Intact files of uncommon shape are read to their end; a refusal says why and what allows the file."""

import hashlib
import struct

import numpy as np
import pytest

from beamprint.transforms.audio.container import inspect
from beamprint.transforms.audio.contents import (
    FRAMES_MISSING,
    LENGTH_CORRECTED,
    LENGTH_UNKNOWN,
    MONO_IN_BOTH,
    TRUNCATED,
)
from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.decoders import open_decoder
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.source import OpenSource, Stat, open_source
from beamprint.transforms.audio.track import open_segment
from beamprint.transforms.audio.views import Literal
from tests.transforms.audio import sounds


def opened(tmp_path, data, **options):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    return open_segment(str(path), **options)


def refusal(tmp_path, data, **options):
    with pytest.raises(BadAudio) as caught:
        opened(tmp_path, data, **options)
    return caught.value


def test_a_wav_beyond_4_gib_whose_size_wrapped_around(tmp_path):
    """Sparse: 4 GiB of zeros take no space, and only the header is read here."""
    pcm = sounds.pcm16(sounds.music(0.5))
    size = (1 << 32) + len(pcm)
    path = tmp_path / "large.wav"
    path.write_bytes(sounds.wav(pcm, data_size=size & 0xFFFFFFFF))
    with path.open("r+b") as file:
        file.truncate(44 + size)
    info = probe(str(path))
    assert info.frames == size // 4
    assert info.notes == (LENGTH_CORRECTED,)
    with open_source(str(path)) as source, open_decoder(source, inspect(source.data)) as decoder:
        decoder.seek(info.frames - 10)
        assert decoder.read(decoder.format.buffer(20)) == 10


def wav_of(tag, body, extra=b""):
    fmt = struct.pack("<HHIIHHH", tag, 2, 44_100, 16_000, 1, 0, len(extra)) + extra
    chunks = b"WAVE" + sounds.chunk(b"fmt ", fmt) + sounds.chunk(b"data", body)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(("tag", "kind"), [(0x55, "mp3"), (0x6771, "vorbis")])
def test_a_compressed_stream_in_a_wav(tmp_path, tag, kind):
    stream = sounds.encoded(tmp_path, kind)
    decoded = opened(tmp_path, wav_of(tag, stream))
    assert np.array_equal(decoded.segment.pcm, opened(tmp_path, stream).segment.pcm)
    assert (decoded.identity.container, decoded.identity.codec) == ("wav", kind)


def test_a_wav_of_an_unknown_coding(tmp_path):
    error = refusal(tmp_path, wav_of(0x161, sounds.junk(5000)))
    assert error.reason is Reason.UNSUPPORTED_FORMAT
    assert "cannot be decoded here" in error.message


@pytest.mark.parametrize("subtype", ["MS_ADPCM", "IMA_ADPCM", "GSM610"])
def test_codings_in_blocks_have_the_length_of_the_fact_chunk(tmp_path, subtype):
    path = sounds.write(tmp_path / "a.wav", sounds.music(1.2345, 8000, 1), 8000, subtype=subtype)
    data, true = bytearray(path.read_bytes()), round(1.2345 * 8000)
    at = data.index(b"fact") + 8
    data[at : at + 4] = true.to_bytes(4, "little")  # libsndfile writes the filled-up length of IMA ADPCM
    assert opened(tmp_path, bytes(data)).identity.frames == true


@pytest.mark.parametrize("pad", [b" ", b"\xff", b"\0", b""])
def test_a_chunk_of_odd_size_before_the_audio(tmp_path, pad):
    pcm = sounds.pcm16(sounds.music(0.5))
    odd = b"LIST" + struct.pack("<I", 17) + b"INFOISFT\x05\0\0\0abcde" + pad
    assert opened(tmp_path, sounds.wav(pcm, before=odd)).identity.frames == len(pcm) // 4


def test_audio_in_two_data_chunks_is_refused(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    error = refusal(tmp_path, sounds.wav(pcm, after=sounds.chunk(b"data", pcm)))
    assert error.reason is Reason.UNSUPPORTED_FORMAT


def test_a_format_that_comes_after_the_audio(tmp_path):
    pcm = sounds.pcm16(sounds.music(0.5))
    data = sounds.wav(pcm)
    moved = data[:12] + data[36:] + data[12:36]
    found = opened(tmp_path, moved)
    assert np.array_equal(found.segment.pcm, opened(tmp_path, data).segment.pcm)
    assert found.identity.notes == ()
    wide = sounds.rf64(pcm)
    at = wide.index(b"fmt ")
    found = opened(tmp_path, wide[:at] + wide[at + 24 :] + wide[at : at + 24])
    assert np.array_equal(found.segment.pcm, opened(tmp_path, data).segment.pcm)
    assert refusal(tmp_path, data[:12] + data[36:]).reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_first_of_two_formats_counts(tmp_path, rate):
    pcm = sounds.pcm16(sounds.music(0.5))
    second = sounds.chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, rate, 4 * rate, 4, 16))
    found = opened(tmp_path, sounds.wav(pcm, before=second))
    assert np.array_equal(found.segment.pcm, opened(tmp_path, sounds.wav(pcm)).segment.pcm)


def test_a_list_of_pieces_of_audio_is_unsupported(tmp_path):
    pieces = sounds.chunk(
        b"LIST", b"wavl" + sounds.chunk(b"data", bytes(400)) + sounds.chunk(b"slnt", bytes(4))
    )
    data = sounds.wav(b"")[:-8] + pieces
    assert refusal(tmp_path, data).reason is Reason.UNSUPPORTED_FORMAT


def test_ogg_beside_other_streams(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    alone = opened(tmp_path, b"".join(pages)).segment.pcm
    other = [page[:14] + b"kate" + page[18:] for page in pages]
    other[0] = other[0][:28] + b"fishead\0" + other[0][36:]
    mixed = [sounds.sealed(other[0]), pages[0]]
    for mine, its in zip(pages[1:], other[1:]):
        mixed += [sounds.sealed(its), mine]
    assert np.array_equal(opened(tmp_path, b"".join(mixed)).segment.pcm, alone)


def test_two_audio_streams_in_one_ogg_are_refused(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    other = [sounds.sealed(page[:14] + b"twin" + page[18:]) for page in pages]
    mixed = b"".join(page for pair in zip(pages, other) for page in pair)
    assert refusal(tmp_path, mixed).reason is Reason.UNSUPPORTED_FORMAT


def test_ogg_without_the_end_flag_is_read_and_noted(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    whole = opened(tmp_path, b"".join([*pages, last])).identity.frames
    unflagged = sounds.sealed(last[:5] + b"\0" + last[6:])
    identity = opened(tmp_path, b"".join([*pages, unflagged])).identity
    assert (identity.frames, identity.notes) == (whole, (LENGTH_UNKNOWN,))


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
@pytest.mark.parametrize("position", [5000, -1])
def test_an_ogg_whose_last_page_ends_before_the_others_is_refused(tmp_path, kind, position):
    """The decoder stops at that position, and the rest of the audio would be lost silently."""
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    bent = sounds.sealed(last[:6] + position.to_bytes(8, "little", signed=True) + last[14:])
    assert refusal(tmp_path, b"".join([*pages, bent])).reason is Reason.CHECKSUM_MISMATCH


def test_an_opus_that_starts_before_its_first_page_can_is_read(tmp_path):
    """FFmpeg writes positions that are a little too small for the packets on the first page."""
    head, tags, *pages = sounds.ogg_pages(sounds.encoded(tmp_path, "opus"))
    whole = opened(tmp_path, b"".join([head, tags, *pages])).segment.pcm
    first = int.from_bytes(pages[0][6:14], "little")
    lacing = pages[0][27 : 27 + pages[0][26]]
    early = first - 960 * sum(size < 255 for size in lacing) + 47  # packets of 20 ms
    moved = [
        sounds.sealed(
            page[:6] + (int.from_bytes(page[6:14], "little") - early).to_bytes(8, "little") + page[14:]
        )
        for page in pages
    ]
    decoded = opened(tmp_path, b"".join([head, tags, *moved]))
    assert np.array_equal(decoded.segment.pcm, whole[:, : decoded.identity.frames])
    assert whole.shape[1] - decoded.identity.frames == early - 47


def test_an_opus_that_does_not_say_the_rate_of_its_input(tmp_path):
    data = sounds.encoded(tmp_path, "opus")
    first, *others = sounds.ogg_pages(data)
    silent = sounds.sealed(first[:-7] + bytes(4) + first[-3:])
    plain, found = opened(tmp_path, data), opened(tmp_path, silent + b"".join(others))
    assert np.array_equal(found.segment.pcm, plain.segment.pcm)
    assert found.identity.sample_rate_hz == 48_000


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_a_link_of_an_ogg_that_does_not_end_is_noted(tmp_path, kind):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    identity = opened(tmp_path, b"".join(pages[:-3] + pages)).identity
    assert identity.notes == (LENGTH_UNKNOWN,)
    assert opened(tmp_path, b"".join(pages + pages)).identity.notes == ()


def test_bytes_between_joined_oggs_do_not_change_the_hash(tmp_path):
    data = sounds.encoded(tmp_path, "vorbis")
    plain, tagged = (opened(tmp_path, data + between + data).identity for between in (b"", sounds.ID3V1))
    assert (plain.frames, plain.audio_hash) == (tagged.frames, tagged.audio_hash)


def test_an_ogg_that_declares_a_little_more_than_it_holds_is_noted(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    later = int.from_bytes(last[6:14], "little") + 5000
    data = b"".join([*pages, sounds.sealed(last[:6] + later.to_bytes(8, "little") + last[14:])])
    identity = opened(tmp_path, data).identity
    assert identity.notes == (FRAMES_MISSING,)
    assert identity.missing_s == pytest.approx(5000 / 44_100, abs=0.01)  # the last block holds a little more


def test_mono_joined_to_stereo_stands_in_both_channels(tmp_path):
    parts = [sounds.encoded(tmp_path, "vorbis", sounds.music(0.5, channels=n)) for n in (1, 2)]
    mono, stereo = (opened(tmp_path, part).segment.pcm for part in parts)
    joined = opened(tmp_path, parts[0] + parts[1])
    assert np.array_equal(joined.segment.pcm, np.hstack([np.repeat(mono, 2, 0), stereo]))
    assert joined.identity.notes == (MONO_IN_BOTH,)


@pytest.mark.parametrize("bits", [4, 12, 20, 32])
def test_a_flac_of_a_depth_that_takes_ffmpeg(tmp_path, bits):
    codes = np.round(sounds.music(0.5) * 2.0 ** (bits - 1) * 0.9).astype(np.int64)
    found = opened(tmp_path, sounds.plain_flac(codes, bits))
    assert np.array_equal(found.segment.pcm.T, (codes / 2.0 ** (bits - 1)).astype(np.float32))
    assert (found.identity.codec, found.identity.bit_depth) == ("flac", bits)
    little = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    assert found.identity.audio_hash == f"pcm:{hashlib.md5(little.tobytes()).hexdigest()}"


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24, 32])
@pytest.mark.parametrize("borders", [(), (11_000,)])
def test_the_md5_of_a_flac_of_any_depth_is_compared(tmp_path, bits, borders):
    codes = np.round(sounds.music(0.5) * 2.0 ** (bits - 1) * 0.9).astype(np.int64)
    little = codes.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    md5 = hashlib.md5(little.tobytes()).digest()
    data = sounds.plain_flac(codes, bits)
    how = {"borders": borders, "frames": len(codes), "block": 1024} if borders else {}
    declared = opened(tmp_path, data[:26] + md5 + data[42:], **how)
    assert declared.identity.audio_hash == f"pcm:{md5.hex()}"
    if bits not in (8, 16, 24) or not borders:  # libsndfile's samples are compared if all are read
        wrong = data[:26] + bytes([md5[0] ^ 1]) + md5[1:] + data[42:]
        assert refusal(tmp_path, wrong, **how).reason is Reason.CHECKSUM_MISMATCH


def test_a_flac_of_20_bits_that_is_damaged_or_not_alone(tmp_path):
    codes = np.round(sounds.music(0.5) * 2.0**19 * 0.9).astype(np.int64)
    data = sounds.plain_flac(codes, 20)
    assert opened(tmp_path, data + sounds.ID3V1).identity.frames == len(codes)
    assert refusal(tmp_path, data[: len(data) // 2]).reason is Reason.TRUNCATED
    assert refusal(tmp_path, data + data).reason is Reason.UNSUPPORTED_FORMAT
    bent = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :]
    assert refusal(tmp_path, bent).reason in (Reason.DECODE_ERROR, Reason.CHECKSUM_MISMATCH)


def test_a_flac_whose_samples_are_not_those_that_were_encoded(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[26] ^= 1  # the MD5 in the stream information; every frame's own checksum is right
    assert refusal(tmp_path, bytes(data)).reason is Reason.CHECKSUM_MISMATCH
    data[26:42] = bytes(16)
    assert opened(tmp_path, bytes(data)).identity.notes == ()


def test_a_flac_cannot_claim_more_than_its_bytes_can_hold(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "flac"))
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(BadAudio, match="bytes can hold"):
        plan_track(str(tmp_path / "a.flac"))


def test_mp3_with_fraunhofers_count(tmp_path):
    data = sounds.encoded(tmp_path, "mp3", sounds.music(2.0), 44_100)
    (_, size), *frames = sounds.mpeg_frames(data)
    tag = data[:4] + bytes(32) + b"VBRI" + bytes(6) + struct.pack(">II", len(data), len(frames))
    identity = opened(tmp_path, tag.ljust(size, b"\0") + data[size:]).identity
    assert (identity.frames, identity.notes) == (1152 * len(frames), ())
    cut = tag.ljust(size, b"\0") + data[size : len(data) // 2]
    assert refusal(tmp_path, cut).reason is Reason.TRUNCATED


def test_an_mp3_that_trims_more_than_it_has(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "mp3", sounds.music(0.02)))
    at = data.find(b"LAME", 0, 400) + 21
    data[at : at + 3] = b"\xff" * 3
    frames = len(sounds.mpeg_frames(bytes(data))) - 1
    assert 0.5 * 1152 * frames < opened(tmp_path, bytes(data)).identity.frames <= 1152 * frames


def test_an_mp3_of_a_single_frame(tmp_path):
    stream = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))
    (_, size), *_ = sounds.mpeg_frames(stream)
    assert opened(tmp_path, stream[:size]).identity.frames == 1152
    assert refusal(tmp_path, stream[: size - 1]).reason is Reason.TRUNCATED


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_chunks_after_audio_of_unknown_length_are_no_audio(tmp_path, size):
    pcm = sounds.pcm16(sounds.music(0.5))
    after = sounds.chunk(b"LIST", b"INFOINAM\2\0\0\0a\0") + sounds.chunk(b"id3 ", sounds.id3())
    identity = opened(tmp_path, sounds.wav(pcm, data_size=size, after=after)).identity
    assert (identity.frames, identity.notes) == (len(pcm) // 4, (LENGTH_UNKNOWN,))


@pytest.mark.parametrize("frames", [1, 319, 320, 4095])
def test_a_pad_byte_that_is_counted_is_no_block(tmp_path, frames):
    """GSM 6.10 in WAV has blocks of 65 bytes; writers count the pad byte of an odd number of them."""
    path = sounds.write(tmp_path / "a.wav", sounds.music(1.0, 8000, 1)[:frames], 8000, subtype="GSM610")
    data = bytearray(path.read_bytes())
    at, fact = data.index(b"data") + 4, data.index(b"fact") + 8
    data[fact : fact + 4] = frames.to_bytes(4, "little")
    size = -(-frames // 320) * 65
    data[at:] = (size + size % 2).to_bytes(4, "little") + data[at + 4 : at + 4 + size] + bytes(size % 2)
    assert opened(tmp_path, bytes(data)).identity.frames == frames


def test_speech_at_a_low_rate_is_the_same_after_a_seek(tmp_path):
    """Opus of narrow band remembers longer than the 80 ms that libsndfile goes back."""
    sounds.encoded(tmp_path, "opus", 0.2 * sounds.music(20.0, 8000, 1), 8000)
    path = str(tmp_path / "made.opus")
    whole = open_segment(path, block=1024).segment
    cut = {"borders": (12 * 8000,), "frames": whole.total, "block": 1024}
    part = open_segment(path, index=1, **cut).segment
    assert np.array_equal(part.pcm, whole.pcm[:, part.start :])


@pytest.mark.parametrize(
    ("limits", "option", "reason"),
    [
        (Limits(max_duration=1.0), "--max-duration", Reason.TOO_LARGE),
        (Limits(max_file_size=1000), "--max-file-size", Reason.TOO_LARGE),
        (Limits(max_channels=1), "--max-channels", Reason.UNSUPPORTED_FORMAT),
        (Limits(max_rate=22_050), "--max-rate", Reason.UNSUPPORTED_FORMAT),
    ],
)
def test_a_refusal_by_a_limit_names_the_option(tmp_path, limits, option, reason):
    error = refusal(tmp_path, sounds.encoded(tmp_path, "wav"), limits=limits)
    assert error.reason is reason
    assert option in error.message


@pytest.mark.parametrize("kind", [kind for kind in sounds.ENCODINGS if kind != "alac"])
def test_the_audio_of_a_truncated_file_can_be_accepted(tmp_path, kind):
    data = sounds.encoded(tmp_path, kind)
    whole = opened(tmp_path, data).segment.pcm
    found = opened(tmp_path, data[: int(0.8 * len(data))], limits=Limits(accept_truncated=True))
    pcm = found.segment.pcm
    assert 0.5 < pcm.shape[1] / whole.shape[1] < 0.9
    assert found.identity.notes == (TRUNCATED,)
    missing_s = refusal(tmp_path, data[: int(0.8 * len(data))]).missing_s
    assert found.identity.missing_s == missing_s
    if kind in ("vorbis", "opus"):  # the length of the missing part is not declared
        assert missing_s is None
    else:
        frame = 2 * 4096  # samples of the largest frame or block, which may be cut
        assert missing_s * 44_100 == pytest.approx(whole.shape[1] - pcm.shape[1], abs=frame)
    sure = pcm.shape[1] - 2 * 1152  # the end of a cut MP3 lacks what the next frame would have added
    assert np.array_equal(pcm[:, :sure], whole[:, :sure])


@pytest.mark.parametrize(("channels", "mask"), [(1, 0), (1, 3), (1, 1 << 31), (2, 4), (2, 0x30), (2, 0x600)])
def test_a_mask_that_does_not_fit_one_or_two_channels_is_passed_over(tmp_path, channels, mask):
    pcm = sounds.pcm16(sounds.music(0.5, channels=channels))
    found = opened(tmp_path, sounds.wavex(pcm, mask, channels))
    assert found.identity.frames == len(pcm) // 2 // channels
    assert len(found.segment.layout) == channels


@pytest.mark.parametrize("rate", [0, 0xFFFFFFFF])
def test_a_rate_that_cannot_be_is_said_in_plain_words(tmp_path, rate):
    data = bytearray(sounds.encoded(tmp_path, "wav"))
    data[24:28] = rate.to_bytes(4, "little")
    assert "sample rate" in refusal(tmp_path, bytes(data)).message


@pytest.mark.parametrize("boxes", [b"", b"\0\0\0\x0cfrmaalac\0\0\0\x24alac\0\0\0\0"])
def test_alac_in_caf_whose_description_lacks_the_word_length(tmp_path, boxes):
    """As FFmpeg writes it, with boxes of QuickTime around the settings of the decoder."""
    data = sounds.encoded(tmp_path, "alac")
    whole = opened(tmp_path, data).segment.pcm
    flags = data.index(b"desc") + 12 + 12
    at = data.index(b"kuki") + 4
    settings = (24 + len(boxes)).to_bytes(8, "big") + boxes
    data = data[:flags] + bytes(4) + data[flags + 4 : at] + settings + data[at + 8 :]
    assert np.array_equal(opened(tmp_path, data).segment.pcm, whole)


def test_an_mp3_behind_an_id3_tag_with_a_footer(tmp_path):
    size = b"\0\0\0\x0a"
    tag = b"ID3\x04\0\x10" + size + bytes(10) + b"3DI\x04\0\x10" + size
    data = sounds.encoded(tmp_path, "mp3")
    assert opened(tmp_path, tag + data).identity.frames == opened(tmp_path, data).identity.frames


@pytest.mark.parametrize("tagged", [True, False])
def test_an_mp3_that_is_followed_by_the_beginning_of_a_frame(tmp_path, tagged):
    data = sounds.encoded(tmp_path, "mp3")
    data = data if tagged else sounds.without_xing(data)
    part = sounds.without_xing(sounds.encoded(tmp_path, "mp3"))[:200]
    assert opened(tmp_path, data + part).identity.frames == opened(tmp_path, data).identity.frames


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_that_was_broken_off_at_a_page_is_read_and_noted(tmp_path, kind):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind, sounds.music(5.0, 48_000), 48_000))
    whole = opened(tmp_path, b"".join(pages)).segment.pcm
    found = opened(tmp_path, b"".join(pages[:-1]))
    assert found.identity.notes == (LENGTH_UNKNOWN,)
    frames = found.identity.frames
    assert frames == int.from_bytes(pages[-2][6:14], "little") - (312 if kind == "opus" else 0)
    assert np.array_equal(found.segment.pcm, whole[:, :frames])


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_cannot_claim_more_than_two_weeks(tmp_path, kind):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    claim = sounds.sealed(last[:6] + (1 << 60).to_bytes(8, "little") + last[14:])
    assert refusal(tmp_path, b"".join([*pages, claim])).reason is Reason.CHECKSUM_MISMATCH


def test_an_ogg_in_which_no_stream_begins(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    assert "no Ogg stream begins" in refusal(tmp_path, b"".join(pages[1:])).message


class Counted:
    """Bytes of an object in a store; ``read`` says how many of them were asked for."""

    def __init__(self, data):
        self.data, self.size, self.read = data, len(data), 0

    def read_at(self, offset, length):
        found = self.data[offset : offset + length]
        self.read += len(found)
        return found


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_in_a_store_with_another_stream_first_is_planned(tmp_path, kind):
    head, *pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    other = [page[:14] + b"kate" + page[18:] for page in (head, *pages)]
    other[0] = other[0][:28] + b"fishead\0" + other[0][36:]
    mixed = [other[0], head, *(page for pair in zip(other[1:], pages) for page in pair)]
    data = b"".join(map(sounds.sealed, mixed))
    source = OpenSource("gs://a/b.ogg", Stat(len(data), "1"), Literal(data))
    with open_decoder(source, inspect(source.data, whole=False)) as decoder:
        assert decoder.frames == opened(tmp_path, data).identity.frames


def test_opus_in_a_store_is_inspected_by_its_start_and_its_end(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "opus"))
    page = pages[-1][:26] + b"\xff" * 256 + bytes(255 * 255)
    source = Counted(b"".join([*pages, page * 60, last]))
    inspect(source, whole=False)
    assert source.read < source.size // 2
