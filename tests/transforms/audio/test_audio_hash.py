"""One hash for one audio: in every container, under all tags, however it is cut."""

import hashlib
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

RATE = 44_100


def audio_hash(path, **how):
    return open_segment(str(path), **how).identity.audio_hash


def codes(bits, frames=20_000, channels=2):
    """Integers that use every bit, shape (frames, channels), the extremes among them."""
    found = np.random.default_rng(bits).integers(-(1 << bits - 1), 1 << bits - 1, (frames, channels))
    found[0] = -(1 << bits - 1), (1 << bits - 1) - 1
    return found


def stored(found, bits):
    """The samples as RFC 9639 hashes them, written out the slow way."""
    width = -(-bits // 8)
    return b"".join(int(x).to_bytes(width, "little", signed=True) for x in found.ravel())


def write(path, found, bits, **how):
    scaled = (found << (32 - bits)).astype(np.int32)
    soundfile.write(path, scaled, RATE, **how)
    return path


LOSSLESS = {
    8: [("WAV", "PCM_U8", None), ("AIFF", "PCM_S8", None), ("AU", "PCM_S8", None)],
    16: [
        ("WAV", "PCM_16", None),
        ("WAV", "PCM_16", "BIG"),
        ("WAVEX", "PCM_16", None),
        ("RF64", "PCM_16", None),
        ("W64", "PCM_16", None),
        ("AIFF", "PCM_16", None),
        ("AIFF", "PCM_16", "LITTLE"),
        ("CAF", "PCM_16", None),
        ("AU", "PCM_16", None),
    ],
    24: [
        ("WAV", "PCM_24", None),
        ("WAV", "PCM_24", "BIG"),
        ("AIFF", "PCM_24", None),
        ("CAF", "PCM_24", None),
    ],
    32: [("WAV", "PCM_32", None), ("AIFF", "PCM_32", None)],
}


@pytest.mark.parametrize("bits", LOSSLESS)
def test_lossless_audio_has_the_md5_of_its_samples_in_every_container(tmp_path, bits):
    found = codes(bits)
    expected = "pcm:" + hashlib.md5(stored(found, bits)).hexdigest()
    for number, (form, subtype, endian) in enumerate(LOSSLESS[bits]):
        path = write(tmp_path / f"{number}.x", found, bits, format=form, subtype=subtype, endian=endian)
        assert audio_hash(path) == expected, (form, subtype, endian)


@pytest.mark.parametrize("bits", [16, 20, 24, 32])
def test_alac_is_lossless_too(tmp_path, bits):
    # Tones: libsndfile's ALAC is not lossless for noise of 20 bits or more.
    tones = np.sin(np.outer(np.arange(20_000) / 50, [1, 1.5])) * [0.5, 0.3]
    found = (tones * (1 << bits - 1)).astype(np.int64)
    path = write(tmp_path / "a.caf", found, bits, format="CAF", subtype=f"ALAC_{bits}")
    assert audio_hash(path) == "pcm:" + hashlib.md5(stored(found, bits)).hexdigest()


@pytest.mark.parametrize(("bits", "subtype"), [(8, "PCM_S8"), (16, "PCM_16"), (24, "PCM_24")])
def test_a_flac_has_the_hash_that_libflac_wrote_down_and_so_has_one_without(tmp_path, bits, subtype):
    found = codes(bits)
    path = write(tmp_path / "a.flac", found, bits, format="FLAC", subtype=subtype)
    expected = "pcm:" + hashlib.md5(stored(found, bits)).hexdigest()
    assert audio_hash(path) == expected
    data = path.read_bytes()
    assert data[26:42].hex() == expected.removeprefix("pcm:")
    path.write_bytes(data[:26] + bytes(16) + data[42:])
    assert audio_hash(path) == expected


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "FLOAT"), ("AIFF", "FLOAT"), ("CAF", "FLOAT"), ("WAV", "DOUBLE")]
)
def test_float_audio_has_the_md5_of_its_float32_samples(tmp_path, form, subtype):
    found = sounds.music(1.5).astype(np.float32)
    soundfile.write(tmp_path / "a", found, RATE, format=form, subtype=subtype)
    assert audio_hash(tmp_path / "a") == "float:" + hashlib.md5(found.astype("<f4").tobytes()).hexdigest()


CUT = ["wav", "wav8", "wav24", "wavfloat", "wavulaw", "alac", "flac", "vorbis", "opus", "mp3"]


@pytest.mark.parametrize("name", CUT)
def test_a_track_that_is_cut_has_the_same_hash_from_its_first_segment(tmp_path, name):
    rate = 48_000 if name == "opus" else RATE
    sounds.encoded(tmp_path, name, sounds.music(4.0, rate))
    path = tmp_path / f"made.{name}"
    how = {"borders": (60_000, 120_000), "block": 1 << 13}
    assert audio_hash(path, index=0, **how) == audio_hash(path)
    assert audio_hash(path, index=1, **how) is None


def test_a_cut_flac_without_md5_has_the_same_hash(tmp_path):
    data = sounds.encoded(tmp_path, "flac", sounds.music(4.0))
    path = tmp_path / "made.flac"
    whole = audio_hash(path)
    path.write_bytes(data[:26] + bytes(16) + data[42:])
    assert audio_hash(path, index=0, borders=(60_000,), block=1 << 13) == whole


def test_a_segment_is_the_same_with_and_without_the_hash_before_it(tmp_path):
    sounds.encoded(tmp_path, "wav24", sounds.music(4.0))
    path = tmp_path / "made.wav24"
    first = open_segment(str(path), index=0, borders=(60_000,), block=1 << 13).segment
    assert np.array_equal(first.pcm, sounds.plain(path)[:, first.start : first.start + first.pcm.shape[1]])


@pytest.mark.parametrize("name", ["wavulaw", "wavalaw", "wavadpcm"])
def test_companded_audio_has_the_hash_of_its_chunk_whatever_stands_around_it(tmp_path, name):
    data = sounds.encoded(tmp_path, name)
    path = tmp_path / f"made.{name}"
    found = audio_hash(path)
    at = data.index(b"data")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    assert found == "coded:" + hashlib.sha256(data[at + 8 : at + 8 + size]).hexdigest()
    path.write_bytes(data + sounds.chunk(b"LIST", b"INFOINAM\4\0\0\0a\0\0\0"))
    assert audio_hash(path) == found


def test_tags_around_mpeg_frames_do_not_count(tmp_path):
    data = sounds.encoded(tmp_path, "mp3")
    path = tmp_path / "made.mp3"
    found = audio_hash(path)
    frames = sounds.mpeg_frames(data)
    audio = data[frames[1][0] :]
    tag = data[: frames[0][1]]
    xing = max(tag.find(b"Xing"), tag.find(b"Info"))
    trim = tag[xing + 141 : xing + 144]
    assert found == "coded:" + hashlib.sha256(trim + audio).hexdigest()
    for before, after in [
        (sounds.id3(), b""),
        (sounds.id3() + bytes(500), b""),
        (b"", sounds.ID3V1),
        (b"", sounds.ape_tag() + sounds.ID3V1),
        (sounds.id3(5000), sounds.ape_tag()),
    ]:
        path.write_bytes(before + data + after)
        assert audio_hash(path) == found


def test_one_changed_frame_and_other_samples_to_leave_out_count(tmp_path):
    data = bytearray(sounds.encoded(tmp_path, "mp3"))
    path = tmp_path / "made.mp3"
    found = audio_hash(path)
    xing = max(data.find(b"Xing"), data.find(b"Info"))
    changed = bytearray(data)
    changed[xing + 141] ^= 0x08
    path.write_bytes(changed)
    assert audio_hash(path) != found
    changed = bytearray(data)
    changed[-10] ^= 0x10
    path.write_bytes(changed)
    assert audio_hash(path) != found


@pytest.mark.parametrize("name", ["vorbis", "opus"])
def test_comments_and_pages_of_an_ogg_stream_do_not_count(tmp_path, name):
    data = sounds.encoded(tmp_path, name)
    path = tmp_path / f"made.{name}"
    found = audio_hash(path)
    path.write_bytes(retagged(data, comments=b"x" * 70_000))
    assert path.stat().st_size > len(data) + 60_000
    assert audio_hash(path) == found
    body = bytearray(data)
    body[-20] ^= 1
    pages = sounds.ogg_pages(bytes(body))
    path.write_bytes(b"".join([*pages[:-1], sounds.sealed(pages[-1])]))
    assert audio_hash(path) != found


def retagged(data, comments):
    """The stream with a long comment in its comment header, in pages of other sizes than before."""
    pages = sounds.ogg_pages(data)
    headers = 3 if data[29:35] == b"vorbis" else 2
    packets, rest = packets_of(pages, headers)
    magic = 7 if headers == 3 else 8
    old, found = packets[1], len(packets[1])
    vendor = int.from_bytes(old[magic : magic + 4], "little")
    start = old[: magic + 4 + vendor]
    end = old[found - 1 :] if headers == 3 else b""
    text = b"A=" + comments
    packets[1] = start + (1).to_bytes(4, "little") + len(text).to_bytes(4, "little") + text + end
    made = [pages[0]]
    for packet in packets[1:]:
        made += pages_of(packet, serial=pages[0][14:18], first=len(made))
    for number, page in enumerate(rest, len(made)):
        made.append(sounds.sealed(page[:18] + number.to_bytes(4, "little") + page[22:]))
    return b"".join(made)


def packets_of(pages, count):
    """The first packets, and the pages after them."""
    packets, current = [], b""
    for index, page in enumerate(pages):
        lacing, at = page[27 : 27 + page[26]], 27 + page[26]
        for size in lacing:
            current += page[at : at + size]
            at += size
            if size < 255:
                packets.append(current)
                current = b""
        if len(packets) == count:
            return packets, pages[index + 1 :]
    raise AssertionError("too few packets")


def pages_of(packet, serial, first):
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    made = []
    for start in range(0, len(lacing), 100):
        part = lacing[start : start + 100]
        head = b"OggS\0" + bytes([1 if start else 0]) + bytes(8) + serial
        head += (first + len(made)).to_bytes(4, "little") + bytes(4) + bytes([len(part)]) + part
        body, packet = packet[: sum(part)], packet[sum(part) :]
        made.append(sounds.sealed(head + body))
    return made


@pytest.mark.skipif(shutil.which("flac") is None, reason="flac is not installed")
@pytest.mark.parametrize("bits", [8, 16, 24])
def test_flac_itself_says_the_same_and_what_it_decodes_has_the_same_hash(tmp_path, bits):
    subtype = "PCM_U8" if bits == 8 else f"PCM_{bits}"
    source = write(tmp_path / "a.wav", codes(bits), bits, format="WAV", subtype=subtype)
    encoded, decoded = tmp_path / "a.flac", tmp_path / "b.wav"
    subprocess.run(["flac", "-s", str(source), "-o", str(encoded)], check=True)
    subprocess.run(["flac", "-s", "-d", str(encoded), "-o", str(decoded)], check=True)
    shown = subprocess.run(["metaflac", "--show-md5sum", str(encoded)], capture_output=True, check=True)
    expected = f"pcm:{shown.stdout.decode().strip()}"
    assert [audio_hash(path) for path in (source, encoded, decoded)] == [expected] * 3
