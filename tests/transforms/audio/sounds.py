"""Sound files for the tests: written by soundfile, then taken apart and put together again byte by byte."""

import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from beamprint.transforms.audio.containers.mpeg_header import FrameHeader

ENCODINGS = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "wav24": {"format": "WAV", "subtype": "PCM_24"},
    "wav32": {"format": "WAV", "subtype": "PCM_32"},
    "wav8": {"format": "WAV", "subtype": "PCM_U8"},
    "wavfloat": {"format": "WAV", "subtype": "FLOAT"},
    "wavdouble": {"format": "WAV", "subtype": "DOUBLE"},
    "wavulaw": {"format": "WAV", "subtype": "ULAW"},
    "wavalaw": {"format": "WAV", "subtype": "ALAW"},
    "wavadpcm": {"format": "WAV", "subtype": "MS_ADPCM"},
    "wavex": {"format": "WAVEX", "subtype": "PCM_24"},
    "rf64": {"format": "RF64", "subtype": "PCM_16"},
    "w64": {"format": "W64", "subtype": "PCM_16"},
    "aiff": {"format": "AIFF", "subtype": "PCM_16"},
    "aiff24": {"format": "AIFF", "subtype": "PCM_24"},
    "aifcfloat": {"format": "AIFF", "subtype": "FLOAT"},
    "aifclittle": {"format": "AIFF", "subtype": "PCM_16", "endian": "LITTLE"},
    "caf": {"format": "CAF", "subtype": "PCM_16"},
    "caffloat": {"format": "CAF", "subtype": "FLOAT"},
    "alac": {"format": "CAF", "subtype": "ALAC_16"},
    "au": {"format": "AU", "subtype": "PCM_16"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "flac24": {"format": "FLAC", "subtype": "PCM_24"},
    "vorbis": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "mp3vbr": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"},
}
"""How soundfile is asked for each kind of file."""

MP2 = Path(__file__).with_name("made.mp2")
"""``music(1.0, 48_000)`` as MPEG layer II of 96 kbit/s, which libsndfile does not write; made by ffmpeg."""

CUT_SHOWS = [name for name in ENCODINGS if name != "alac"]


def music(seconds=2.0, rate=44_100, channels=2, seed=0):
    """Tones and noise, shape (frames, channels), float64, peak below 0.9."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tones = [0.3 * np.sin(2 * np.pi * (110 * 2 ** (c / 4)) * t + c) for c in range(channels)]
    noise = 0.05 * rng.standard_normal((t.size, channels)) * (1 + np.sin(2 * np.pi * 2 * t))[:, None]
    return np.column_stack(tones) + noise


def write(path, samples, rate, **how):
    """Write block by block: libsndfile overflows its stack on a large array of Vorbis."""
    samples = np.asarray(samples)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, **how) as file:
        for start in range(0, len(samples), 4096):
            file.write(samples[start : start + 4096])
    return path


def encoded(folder, name, samples=None, rate=None):
    """Bytes of a file of this kind."""
    rate = rate or (48_000 if name == "opus" else 44_100)
    samples = music(rate=rate) if samples is None else samples
    return write(folder / f"made.{name}", samples, rate, **ENCODINGS[name]).read_bytes()


def every_encoding(folder, samples=None, rate=None):
    """Bytes of the same sound in every kind of file that soundfile writes."""
    return {name: encoded(folder, name, samples, rate) for name in ENCODINGS}


def one_of_each(folder):
    """Bytes of a second of sound at 48 kHz in every kind of file."""
    return every_encoding(folder, music(1.0, 48_000), 48_000) | {"mp2": MP2.read_bytes()}


def planar(samples):
    return np.ascontiguousarray(np.atleast_2d(np.asarray(samples).T))


def plain(path):
    """Samples as soundfile reads them, shape (channels, frames)."""
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T


def wav(
    pcm: bytes, *, data_size=None, riff_size=None, before=b"", after=b"", channels=2, bits=16, rate=44_100
):
    """A WAVE file by hand; sizes that are given stand in for the true ones."""
    align = channels * bits // 8
    chunks = (
        b"WAVE"
        + chunk(b"fmt ", struct.pack("<HHIIHH", 1, channels, rate, rate * align, align, bits))
        + before
    )
    chunks += b"data" + struct.pack("<I", len(pcm) if data_size is None else data_size) + pcm + after
    return b"RIFF" + struct.pack("<I", len(chunks) if riff_size is None else riff_size) + chunks


def wavex(pcm: bytes, mask, channels, rate=44_100):
    """A WAVE_FORMAT_EXTENSIBLE file of 16-bit PCM with a channel mask."""
    guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    align = 2 * channels
    body = struct.pack("<HHIIHHHHI", 0xFFFE, channels, rate, rate * align, align, 16, 22, 16, mask) + guid
    chunks = b"WAVE" + chunk(b"fmt ", body) + chunk(b"data", pcm)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def rf64(pcm: bytes, *, name=b"RF64", data_size=None):
    """An RF64 or BW64 file: the true size stands in the ds64 chunk."""
    size = len(pcm) if data_size is None else data_size
    ds64 = chunk(b"ds64", struct.pack("<QQQI", len(pcm) + 80, size, len(pcm) // 4, 0))
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 44_100, 176_400, 4, 16))
    return name + b"\xff\xff\xff\xffWAVE" + ds64 + fmt + b"data\xff\xff\xff\xff" + pcm


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def pcm16(samples) -> bytes:
    return np.round(np.asarray(samples) * 32767).astype("<i2").tobytes()


def id3(size=300) -> bytes:
    """An ID3v2.4 tag with nothing but padding."""
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + length + bytes(size)


ID3V1 = b"TAG" + b"a title".ljust(125, b"\0")


def ape_tag(size=5000) -> bytes:
    """An APEv2 tag of items without header; long enough to lose libmpg123."""
    body = b"\x01\0\0\0\0\0\0\0K\0v".ljust(size, b"\0")
    return body + b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, 1, 0) + bytes(8)


def without_xing(mp3: bytes) -> bytes:
    """The stream without its first frame, the tag frame."""
    header = FrameHeader.parse(mp3[:4])
    assert header is not None
    assert mp3[header.tag_offset :][:4] in (b"Xing", b"Info")
    return mp3[header.size :]


def mpeg_frames(data: bytes) -> list[tuple[int, int]]:
    """Where each frame starts, and its bytes."""
    frames, at = [], 0
    while at < len(data):
        header = FrameHeader.parse(data[at : at + 4])
        assert header is not None
        frames.append((at, header.size))
        at += header.size
    return frames


def ogg_pages(data: bytes) -> list[bytes]:
    pages, at = [], 0
    while at < len(data):
        count = data[at + 26]
        size = 27 + count + sum(data[at + 27 : at + 27 + count])
        pages.append(data[at : at + size])
        at += size
    return pages


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def sealed(page: bytes) -> bytes:
    """The page with its checksum corrected, as RFC 3533 defines it.

    That is zlib's checksum with the bits in the other order, and without its inversions at the start and the end.
    """
    register = zlib.crc32((page[:22] + bytes(4) + page[26:]).translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return page[:22] + register.to_bytes(4, "big").translate(_MIRRORED) + page[26:]


def junk(size, seed=0) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def plain_flac(codes, bits, rate=44_100, block=4096) -> bytes:
    """A FLAC file of any depth (RFC 9639) whose samples are not compressed.

    Args:
        codes: signed integers of ``bits`` bits, shape (frames, channels).
    """
    return b"fLaC\x80\0\0\x22" + b"".join(_plain_parts(codes, bits, rate, block))


def ogg_flac(codes, bits=16, *, total=None, serial=b"flac") -> bytes:
    """The same in Ogg (RFC 9639, section 10.1), a packet a page; ``total`` is what it declares of its length."""
    info, *frames = _plain_parts(codes, bits, 44_100, 4096, total)
    packets = [b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + info, b"\x84\0\0\x08" + bytes(8), *frames]
    pages = []
    for number, packet in enumerate(packets):
        flags = 2 if number == 0 else 4 if packet is packets[-1] else 0
        position = min(len(codes), max(0, number - 1) * 4096)
        lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        head = b"OggS\0" + struct.pack("<Bq4sI4xB", flags, position, serial, number, len(lacing))
        pages.append(sealed(head + lacing + packet))
    return b"".join(pages)


def _plain_parts(codes, bits, rate, block, total=None) -> list[bytes]:
    """The stream information, and the frames."""
    frames, channels = codes.shape
    packed = rate << 44 | (channels - 1) << 41 | (bits - 1) << 36 | (frames if total is None else total)
    info = struct.pack(">HH6xQ16x", block, block, packed)
    starts = enumerate(range(0, frames, block))
    return [info, *(_plain_frame(codes[start : start + block], bits, number) for number, start in starts)]


def _plain_frame(codes, bits, number) -> bytes:
    assert number < 128
    head = b"\xff\xf8" + bytes([0x70, (codes.shape[1] - 1) << 4, number]) + struct.pack(">H", len(codes) - 1)
    head += bytes([_crc(head, 0x07, 8)])
    shifts = np.arange(bits - 1, -1, -1)
    body = [np.concatenate([VERBATIM, (row[:, None] >> shifts & 1).ravel()]) for row in codes.T]
    frame = head + np.packbits(np.concatenate(body).astype(np.uint8)).tobytes()
    return frame + struct.pack(">H", _crc(frame, 0x8005, 16))


VERBATIM = np.array([0, 0, 0, 0, 0, 0, 1, 0])
"""Header of a subframe, bit by bit."""


def _crc(data, polynomial, width) -> int:
    table, register, mask = _crc_table(polynomial, width), 0, (1 << width) - 1
    for byte in data:
        register = (register << 8 & mask) ^ table[register >> width - 8 ^ byte]
    return register


@cache
def _crc_table(polynomial, width) -> list[int]:
    """The register after each byte, one bit after the other."""
    table = []
    for byte in range(256):
        register = byte << width - 8
        for _ in range(8):
            register = (register << 1 ^ polynomial * (register >> width - 1)) & ((1 << width) - 1)
        table.append(register)
    return table
