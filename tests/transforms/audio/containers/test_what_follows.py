"""Audio of wrong or unknown length ends where a tag, a chunk or another file starts, and nowhere before."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import LENGTH_CORRECTED, LENGTH_UNKNOWN
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

FRAMES = 22_050
SIZE = 4 * FRAMES
FIELDS = {
    "wav": (b"data", 4, "<I", 0),
    "rf64": (b"ds64", 16, "<Q", 0),
    "w64": (b"data\xf3", 16, "<Q", 24),
    "aiff": (b"SSND", 4, ">I", 8),
    "caf": (b"data", 4, ">Q", 4),
    "au": (b".snd", 8, ">I", 0),
}
"""Name before the size of the audio, its offset and format, and the bytes that it counts beside the audio."""


def frames_of(tmp_path, data):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    identity = open_segment(str(path)).identity
    return identity.frames, identity.notes


@pytest.fixture(params=FIELDS)
def kind(request):
    return request.param


@pytest.fixture
def intact(tmp_path, kind):
    return sounds.encoded(tmp_path, kind, sounds.music(0.5))


def claiming(kind, data, size):
    """The file with another size of its audio; None is what a pipe leaves."""
    name, behind, form, more = FIELDS[kind]
    at = data.index(name) + behind
    value = (1 << 8 * struct.calcsize(form)) - 1 if size is None else size + more
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize("size", [SIZE // 2, SIZE // 2 + 1, None])
@pytest.mark.parametrize(
    "tags", [b"", sounds.ID3V1, sounds.id3(), sounds.id3() + sounds.ID3V1, sounds.ape_tag() + sounds.ID3V1]
)
def test_tags_after_audio_of_unknown_length_are_no_audio(tmp_path, kind, intact, size, tags):
    note = LENGTH_UNKNOWN if size is None else LENGTH_CORRECTED
    assert frames_of(tmp_path, claiming(kind, intact, size) + tags) == (FRAMES, (note,))


@pytest.mark.parametrize("size", [SIZE // 2, None])
@pytest.mark.parametrize("tag", [b"", sounds.ID3V1])
def test_a_file_after_audio_of_unknown_length_is_one_of_its_own(tmp_path, kind, intact, size, tag):
    wrong = claiming(kind, intact, size)
    assert frames_of(tmp_path, wrong + tag + intact)[0] == 2 * FRAMES
    assert frames_of(tmp_path, wrong + tag + wrong)[0] == 2 * FRAMES


@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "rf64"], indirect=True)
def test_the_last_frame_is_read_although_its_end_is_not_counted(tmp_path, kind, intact):
    assert frames_of(tmp_path, claiming(kind, intact, SIZE - 2))[0] == FRAMES


@pytest.mark.parametrize("kind", ["au"], indirect=True)
@pytest.mark.parametrize("lacking", [1, 2, 3])
def test_a_single_byte_that_is_not_counted_is_no_pad_byte(tmp_path, kind, intact, lacking):
    assert frames_of(tmp_path, claiming(kind, intact, SIZE - lacking)) == (FRAMES, (LENGTH_CORRECTED,))


@pytest.mark.parametrize("made", ["wav", "aiff", "caf", "w64", "au", "flac", "vorbis", "mp3"])
def test_an_http_header_is_skipped(tmp_path, made):
    data = sounds.encoded(tmp_path, made, sounds.music(0.5))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/x\r\n\r\n"
    assert frames_of(tmp_path, head + data) == frames_of(tmp_path, data)


def test_an_mp3_whose_count_has_the_tag_frame_too_ends_where_its_padding_starts(tmp_path):
    data = sounds.encoded(tmp_path, "mp3", sounds.music(0.5))
    at = max(data.find(b"Xing"), data.find(b"Info")) + 8
    (count,) = struct.unpack_from(">I", data, at)
    more = data[:at] + struct.pack(">I", count + 1) + data[at + 4 :]
    assert frames_of(tmp_path, more) == frames_of(tmp_path, data)


@pytest.mark.parametrize(
    ("how", "size"),
    [({"subtype": "PCM_16"}, 4), ({"subtype": "PCM_16", "endian": "LITTLE"}, 4), ({"subtype": "FLOAT"}, 8)],
)
def test_an_aiff_beyond_4_gib(tmp_path, how, size):
    """Sparse: the samples stand at its end, and only they and the header are read here."""
    samples = sounds.music(0.5)
    path = sounds.write(tmp_path / "large.aiff", samples, 44_100, format="AIFF", **how)
    data = path.read_bytes()
    start = data.index(b"SSND") + 16
    audio, silent = data[start : start + size * FRAMES], (1 << 32) // size
    with path.open("r+b") as file:
        file.truncate(start)
        file.seek(start + silent * size)
        file.write(audio)
    info = probe(str(path))
    assert (info.container, info.frames, info.notes) == ("aiff", silent + FRAMES, (LENGTH_CORRECTED,))
    with open_source(str(path)) as source, open_decoder(source, inspect(source.data)) as decoder:
        decoder.seek(silent)
        found = decoder.format.buffer(FRAMES)
        assert decoder.read(found) == FRAMES
    small = sounds.write(tmp_path / "small.aiff", samples, 44_100, format="AIFF", **how)
    unit = 1 if found.dtype == np.float32 else 2.0**-15
    assert np.array_equal((found * np.float32(unit)).T, sounds.plain(small))


def test_a_segment_of_a_file_that_was_replaced_is_that_of_the_new_one(tmp_path):
    path, cut = tmp_path / "a.mp3", {"borders": (2 * 1152,), "frames": 5000, "block": 1024}
    for seed in (1, 2):
        path.write_bytes(sounds.without_xing(sounds.encoded(tmp_path, "mp3", sounds.music(0.5, seed=seed))))
        whole = open_segment(str(path)).segment
        for index in (0, 1, 1):
            part = open_segment(str(path), index=index, **cut).segment
            assert np.array_equal(part.pcm, whole.pcm[:, part.start : part.start + part.pcm.shape[1]])
