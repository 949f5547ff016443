"""Sound files of packets for the tests: written by PyAV's encoders, and by hand where FFmpeg has none."""

import io
import struct
import zlib
from fractions import Fraction

import av
import numpy as np

from tests.transforms.audio import sounds

_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "300000"}
KINDS = {
    "m4a": ("ipod", "aac", "fltp", {}),
    "adts": ("adts", "aac", "fltp", {}),
    "faststart": ("mp4", "aac", "fltp", {"movflags": "faststart"}),
    "fragmented": ("mp4", "aac", "fltp", _FRAGMENTED),
    "mp4-mp3": ("mp4", "libmp3lame", "fltp", {}),
    "alac": ("ipod", "alac", "s16p", {}),
    "alac24": ("ipod", "alac", "s32p", {}),
    "wma1": ("asf", "wmav1", "fltp", {}),
    "wma2": ("asf", "wmav2", "fltp", {}),
    "wavpack": ("wv", "wavpack", "s16p", {}),
    "wavpackfloat": ("wv", "wavpack", "fltp", {}),
    "tta": ("tta", "tta", "s16", {}),
    "tta24": ("tta", "tta", "s32", {}),
    "mka-aac": ("matroska", "aac", "fltp", {}),
    "mka-flac": ("matroska", "flac", "s16", {}),
    "webm-opus": ("webm", "libopus", "s16", {}),
}
"""Muxer, encoder, what the encoder takes, and options of each kind."""
BY_HAND = ("caf-aac", "dsf", "dff", "ape")
ALL = [*KINDS, *BY_HAND]
LOSSLESS = ("alac", "alac24", "wavpack", "wavpackfloat", "tta", "tta24", "mka-flac")


def encode(path, kind, samples, rate=44_100, tags=None, options=None):
    """Write samples, shape (frames, channels), full scale 1, as a file of this kind; its bytes."""
    muxer, codec, form, usual = KINDS[kind]
    codes = stored(samples, kind)
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[codes.shape[1]]
    with av.open(str(path), "w", format=muxer, options=options or usual) as file:
        file.metadata.update(tags or {})
        stream = file.add_stream(codec, rate=rate, layout=layout, format=form, bit_rate=128_000)
        for start in range(0, len(codes), 8192):
            block = np.ascontiguousarray(codes[start : start + 8192])
            frame = av.AudioFrame.from_ndarray(
                block.reshape(1, -1), format=_PACKED[codes.dtype.kind + str(codes.itemsize)], layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path.read_bytes()


_PACKED = {"i2": "s16", "i4": "s32", "f4": "flt"}


def stored(samples, kind):
    """The samples as an encoder of this kind is given them."""
    samples = np.asarray(samples)
    if kind.endswith("24"):
        return np.round(samples * (2**23 - 1)).astype(np.int32) << 8
    if kind in LOSSLESS and not kind.endswith("float"):
        return np.round(samples * 32767).astype(np.int16)
    return samples.astype(np.float32)


def made(folder, kind, samples=None, rate=44_100):
    """Bytes of a file of this kind."""
    samples = sounds.music(rate=rate) if samples is None else samples
    if kind == "caf-aac":
        return caf(encode(folder / "made.m4a", "m4a", samples, rate), rate, len(samples))
    if kind in ("dsf", "dff"):
        bits = dsd(samples, 64)
        return dsf(bits, rate=64 * rate) if kind == "dsf" else dff(bits, rate=64 * rate)
    if kind == "ape":
        return ape(len(samples), rate)
    return encode(folder / f"made.{kind}", kind, samples, rate)


DSD_RATE = 64 * 44_100


def dsd(samples, factor):
    """Bits of each channel, shape (channels, bits), by a modulator of first order that keeps the mean."""
    held = np.repeat(np.asarray(samples, np.float64), factor, axis=0).T
    ideal = np.cumsum((held + 1) / 2, axis=1)  # as many ones as the signal has so far
    return np.diff(np.floor(ideal), axis=1, prepend=0).astype(np.uint8)


def dsf(bits, *, samples=None, rate=DSD_RATE):
    """A DSF file: blocks of 4096 bytes a channel, the earliest bit the lowest."""
    channels, count = bits.shape
    as_bytes = np.packbits(bits, axis=1, bitorder="little")
    padded = np.pad(as_bytes, ((0, 0), (0, -as_bytes.shape[1] % 4096)))
    blocks = padded.reshape(channels, -1, 4096).transpose(1, 0, 2).tobytes()
    said = count if samples is None else samples
    fmt = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, channels, channels, rate, 1, said, 4096, 0)
    data = struct.pack("<4sQ", b"data", 12 + len(blocks)) + blocks
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(fmt) + len(data), 0) + fmt + data


def dff(bits, *, rate=DSD_RATE):
    """A DSDIFF file: a byte of each channel in turn, the earliest bit the highest."""
    data = np.packbits(bits, axis=1).T.tobytes()

    def chunk(name, body):
        return name + struct.pack(">Q", len(body)) + body + b"\0" * (len(body) % 2)

    channels = struct.pack(">H", len(bits)) + b"SLFTSRGT"[: 4 * len(bits)]
    about = chunk(b"FS  ", struct.pack(">I", rate)) + chunk(b"CHNL", channels)
    about += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + chunk(b"FVER", b"\x01\x05\0\0") + chunk(b"PROP", b"SND " + about) + chunk(b"DSD ", data)
    return b"FRM8" + struct.pack(">Q", len(body)) + body


def ape(samples, rate=44_100):
    """A Monkey's Audio file of 3.99 with frames that are marked as silent, which hold nothing but a checksum."""
    each = 73_728
    count = -(-samples // each)
    lengths = [each] * (count - 1) + [samples - (count - 1) * each]
    silent = [
        struct.pack("<II", 1 << 31 | zlib.crc32(bytes(4 * length)) >> 1, 3) + bytes(8) for length in lengths
    ]
    wave = sounds.wav(b"", data_size=4 * samples, rate=rate)
    start = 52 + 24 + 4 * count + len(wave)
    table = struct.pack(f"<{count}I", *(start + 16 * number for number in range(count)))
    header = struct.pack("<HHIIIHHI", 2000, 0, each, lengths[-1], count, 16, 2, rate)
    sizes = (52, 24, len(table), len(wave), 16 * count, 0, 0)
    return (
        struct.pack("<4sHH7I16s", b"MAC ", 3990, 0, *sizes, bytes(16))
        + header
        + table
        + wave
        + b"".join(silent)
    )


def caf(m4a, rate, samples):
    """The AAC packets of an M4A file in CAF, with the table that says which samples are audio."""
    path = io.BytesIO(m4a)
    with av.open(path) as file:
        stream = file.streams.audio[0]
        packets = [bytes(packet) for packet in file.demux(stream) if packet.size]
        config = stream.codec_context.extradata
    skip = 1024
    table = struct.pack(">qqii", len(packets), samples, skip, 1024 * len(packets) - samples - skip)
    table += b"".join(_variable(len(packet)) for packet in packets)
    decoder = _descriptor(4, b"\x40\x15" + bytes(11) + _descriptor(5, config))
    cookie = _descriptor(3, bytes(3) + decoder + _descriptor(6, b"\x02"))
    chunks = struct.pack(">4sq", b"desc", 32) + struct.pack(">d4sIIIII", rate, b"aac ", 0, 0, 1024, 2, 0)
    for name, body in ((b"kuki", cookie), (b"pakt", table), (b"data", bytes(4) + b"".join(packets))):
        chunks += struct.pack(">4sq", name, len(body)) + body
    return b"caff\0\x01\0\0" + chunks


def _descriptor(tag, body):
    """As Apple writes it, with four bytes of length."""
    return bytes([tag, 0x80, 0x80, 0x80, len(body)]) + body


def _variable(number):
    """Seven bits a byte, the highest first; all but the last are marked."""
    return bytes([0x80 | number >> 7, number & 0x7F]) if number > 127 else bytes([number])
