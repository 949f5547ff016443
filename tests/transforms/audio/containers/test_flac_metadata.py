"""Metadata of FLAC that contradicts itself takes nothing from intact audio."""

import re
import struct

import numpy as np
import pytest

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds


def block(kind, body, *, last=False):
    return bytes([kind | 0x80 * last]) + len(body).to_bytes(3, "big") + body


def comments(count, *texts):
    return struct.pack("<I3sI", 3, b"abc", count) + b"".join(struct.pack("<I", len(t)) + t for t in texts)


def picture(declared, content, type_length=3):
    return struct.pack(">II3s20xI", 3, type_length, b"a/b", declared) + content


@pytest.fixture(scope="module")
def flac(tmp_path_factory):
    """The marker and the stream information of a FLAC file, and its frames."""
    data = sounds.encoded(tmp_path_factory.mktemp("flac"), "flac", sounds.music(0.5))
    at, is_last = 4, False
    while not is_last:
        is_last = data[at] >= 0x80
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return data[:42], data[at:]


def opened(tmp_path, data):
    (tmp_path / "file.flac").write_bytes(data)
    return open_segment(str(tmp_path / "file.flac"))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (0, bytes(10)),
        (0, bytes(34)),
        (2, b""),
        (2, b"ab"),
        (3, sounds.junk(19)),
        (3, sounds.junk(36)),
        (4, b""),
        (4, bytes(6)),
        (4, comments(1, b"A=b", b"C=d")),
        (4, comments(5, b"A=b")),
        (4, comments(0xFFFFFFFF, b"A=b")),
        (4, struct.pack("<I", 0x7FFFFFFF) + bytes(30)),
        (5, b""),
        (5, bytes(396)),
        (5, sounds.junk(500)),
        (6, b""),
        (6, picture(5, b"12345678")),
        (6, picture(50, b"12345678")),
        (6, picture(5, b"12345", type_length=0x7FFFFFFF)),
        (126, sounds.junk(100)),
    ],
)
def test_a_block_that_is_not_what_its_kind_asks_for(tmp_path, flac, kind, body, last):
    info, frames = flac
    padding = block(1, b"", last=True)
    plain = opened(tmp_path, info + padding + frames)
    found = opened(tmp_path, info + block(kind, body, last=last) + (b"" if last else padding) + frames)
    assert np.array_equal(found.segment.pcm, plain.segment.pcm)
    assert found.identity.audio_hash == plain.identity.audio_hash


def test_a_faulty_block_before_a_wrong_length(tmp_path, flac):
    info, frames = flac
    wrong = info[:22] + (1000).to_bytes(4, "big") + info[26:]
    found = opened(tmp_path, wrong + block(5, b"", last=True) + frames)
    assert (found.identity.frames, found.identity.notes) == (22_050, ("length_corrected",))


def test_a_frame_that_does_not_match_its_checksum_is_told(tmp_path, flac):
    info, frames = flac
    middle = len(frames) // 2
    bent = frames[:middle] + bytes([frames[middle] ^ 1]) + frames[middle + 1 :]
    with pytest.raises(BadAudio, match="checksum") as caught:
        opened(tmp_path, info + block(5, b"", last=True) + bent)
    assert caught.value.reason is Reason.CHECKSUM_MISMATCH


@pytest.mark.parametrize("moved", [0, 100, 1 << 40])
@pytest.mark.parametrize("sample", [4096, 5000])
@pytest.mark.parametrize("index", [None, 0, 1])
def test_a_seek_table_that_leads_elsewhere(tmp_path, flac, moved, sample, index):
    head, frames = flac
    second = re.compile(rb"\xff\xf8..\x01", re.DOTALL).search(frames).start()
    plain = opened(tmp_path, head[:4] + block(0, head[8:], last=True) + frames).segment.pcm
    points = struct.pack(">QQHQQH", 0, moved, 4096, sample, second + moved, 4096)
    (tmp_path / "file.flac").write_bytes(head[:4] + block(0, head[8:]) + block(3, points, last=True) + frames)
    borders = {} if index is None else {"index": index, "borders": (11_000,)}
    segment = open_segment(str(tmp_path / "file.flac"), block=1024, **borders).segment
    assert np.array_equal(segment.pcm, plain[:, segment.start : segment.start + segment.pcm.shape[1]])
