"""Hostile files: every kind of file with every defect once, and the outcome that is right.

It follows from the format, not from what the decoder does: a truncated file is never a record, an
intact one is never refused, what a format reveals is reported, and no audio is lost without a note.
"""

import struct
from dataclasses import dataclass

from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, LENGTH_UNKNOWN
from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import sounds

RIFF = frozenset({"wav", "wav24", "wav32", "wav8", "wavfloat", "wavdouble", "wavulaw", "wavalaw", "wavex"})
AIFF = frozenset({"aiff", "aiff24", "aifcfloat", "aifclittle"})
CAF = frozenset({"caf", "caffloat"})
FLAC = frozenset({"flac", "flac24"})
OGG = frozenset({"vorbis", "opus"})
COUNTED = frozenset({"mp3", "mp3vbr"})
MPEG = COUNTED | {"mp2"}
PCM = RIFF | AIFF | CAF | {"rf64", "w64", "au"}
DAMAGE = frozenset({Reason.TRUNCATED, Reason.DECODE_ERROR, Reason.CHECKSUM_MISMATCH})
NO_HEADER = DAMAGE | {Reason.UNSUPPORTED_FORMAT, Reason.EMPTY}


@dataclass(frozen=True)
class Case:
    """A hostile file.

    ``share`` is how much of the sound file's audio a record must hold, None where there must be no record. ``notes``
    must be in the record. ``reasons`` are those that the file may be refused for.
    """

    kind: str
    defect: str
    data: bytes
    share: float | None = None
    notes: frozenset[str] = frozenset()
    reasons: frozenset[Reason] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.defect}"


def cases(made):
    """All of them; ``made`` has the bytes of an intact file of each kind of ``sounds.ENCODINGS``."""
    for kind, data in made.items():
        yield from _cut(kind, data)
        yield from _surrounded(kind, data)
        yield from _joined(kind, data)
        yield from _damaged(kind, data)
        yield from _claims(kind, data)
    yield from _no_audio()


def _cut(kind, data):
    if kind != "mp2":  # nothing says how long it should be
        for share in (0.3, 0.9):
            yield Case(kind, f"cut-{share}", data[: int(len(data) * share)], reasons=DAMAGE)
    for length in (1, 7, 20):
        yield Case(kind, f"first-{length}-bytes", data[:length], reasons=NO_HEADER)


def _surrounded(kind, data):
    if kind not in CAF | {"alac", "w64", "rf64"}:  # no tagger puts one before these formats
        yield Case(kind, "id3-before", sounds.id3() + data, share=1)
    yield Case(kind, "id3v1-after", data + sounds.ID3V1, share=1)
    yield Case(kind, "zeros-after", data + bytes(5000), share=1)
    if kind in FLAC | OGG:
        yield Case(kind, "junk-after", data + sounds.junk(300), share=1)
    if kind in MPEG:
        yield Case(kind, "byte-before", b"\x11" + data, share=1)
        yield Case(
            kind, "http-before", b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + data, share=1
        )
        yield Case(kind, "junk-after", data + sounds.junk(3000), share=1)
        yield Case(kind, "ape-after", data + sounds.ape_tag() + sounds.ID3V1, share=1)


def _joined(kind, data):
    if kind in PCM | FLAC | OGG | MPEG:
        yield Case(kind, "joined", data + data, share=2)
        yield Case(kind, "joined-tagged", data + sounds.ID3V1 + sounds.id3() + data, share=2)
    if kind in MPEG:
        yield Case(kind, "joined-ape", data + sounds.ape_tag() + data, share=2)


def _damaged(kind, data):
    middle = len(data) // 2
    bent = data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 64]) + data[middle + 64 :]
    if kind in FLAC | OGG:
        yield Case(kind, "bent", bent, reasons=DAMAGE)
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        yield Case(kind, "one-bit", flipped, reasons=DAMAGE)
    yield Case(kind, "stretch-lost", data[:middle] + data[middle + 3000 :], reasons=DAMAGE)
    if kind in FLAC | OGG | MPEG:
        yield Case(kind, "junk-within", data[:middle] + sounds.junk(5000) + data[middle:], reasons=DAMAGE)


def _claims(kind, data):
    """Lengths that are too large, half, or missing, in the field that has them."""
    at, form = _length_field(kind, data)
    if not form:
        return
    size = struct.calcsize(form)
    (true,) = struct.unpack_from(form, data, at)
    flags = true >> 36 << 36 if kind in FLAC else 0

    def with_length(value):
        return data[:at] + struct.pack(form, flags | value) + data[at + size :]

    length = true - flags
    largest = {4: 0x7000_0000, 8: 1 << 60}[size] if kind not in FLAC else (1 << 36) - 1
    corrected = frozenset({LENGTH_CORRECTED})
    if kind in COUNTED:  # the number of bytes beside it is right, so all are known to be there
        yield Case(kind, "claims-all", with_length(largest), 1, corrected)
        yield Case(kind, "claims-half", with_length(length // 2), 1, corrected)
    else:
        yield Case(kind, "claims-all", with_length(largest), reasons=DAMAGE | {Reason.TOO_LARGE})
        yield Case(kind, "claims-twice", with_length(2 * length), reasons=DAMAGE)
        yield Case(kind, "claims-half", with_length(length // 2 // 48 * 48), 1, corrected)
        if kind in RIFF | AIFF:
            order = "little" if kind in RIFF else "big"
            chunks = b"LIST" + (4).to_bytes(4, order) + b"INFO" if kind in RIFF else b"ANNO\0\0\0\4note"
            more = with_length(length // 2 // 48 * 48) + 3 * chunks
            yield Case(kind, "claims-half-then-chunks", more, 1, corrected)
    if kind not in CAF | {"w64"}:
        yield Case(kind, "claims-nothing", with_length(0), 1, frozenset({LENGTH_UNKNOWN}))


def _length_field(kind, data):
    """Place of the length, and its format for ``struct``."""
    if kind in RIFF:
        return data.index(b"data") + 4, "<I"
    if kind == "rf64":
        return data.index(b"ds64") + 16, "<Q"
    if kind in AIFF:
        return data.index(b"SSND") + 4, ">I"
    if kind in CAF:
        return data.index(b"data") + 4, ">Q"
    if kind == "au":
        return 8, ">I"
    if kind in FLAC:
        return 8 + 10, ">Q"
    if kind in COUNTED:
        at = max(data.find(b"Xing"), data.find(b"Info"))
        return at + 8, ">I"
    return 0, ""


def _no_audio():
    for name, data in {
        "text": b"just some text\n" * 50,
        "html": b"<!DOCTYPE html><html></html>",
        "zip": b"PK\x03\x04" + sounds.junk(500),
        "mp4": b"\0\0\0\x20ftypM4A " + bytes(500),
        "zeros": bytes(9000),
        "ones": b"\xff" * 9000,
        "sync-words": b"\xff\xfb\x92" * 5000,
        "free-format-words": b"\xff\xfb\x00" * 5000,
        "random": sounds.junk(100_000),
        "ogg-magic": b"OggS" + bytes(100),
        "flac-magic": b"fLaC" + b"\xff" * 100,
        "wav-magic": b"RIFF\xff\xff\xff\xffWAVE",
        "many-chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 20_000,
        "id3-only": sounds.id3(500),
        "id3-huge": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(500),
        "nine-channels": sounds.wav(bytes(1800), channels=9),
        "65535-channels": sounds.wav(bytes(1800), channels=65_535 // 8, bits=8),
        "rate-0": sounds.wav(bytes(1800), rate=0),
        "rate-2^31": sounds.wav(bytes(1800), rate=1 << 29),
    }.items():
        yield Case("none", name, data, reasons=NO_HEADER | {Reason.UNSUPPORTED_LAYOUT})
    yield Case("none", "empty", b"", reasons=frozenset({Reason.EMPTY}))
