"""Files of different kinds that were joined: the second is neither left out in silence nor read as part of the first."""

import numpy as np
import pytest

from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.opening import opened, refusal

MUSIC = sounds.music(1.0, 44_100)
ID3 = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)
SOUND_FILES = ["wav", "aiff", "caf", "au", "w64", "flac", "vorbis", "mp3"]
KINDS = [*SOUND_FILES, "m4a", "adts", "wavpack", "tta", "wma2", "mka-flac"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    made = {kind: sounds.encoded(folder, kind, MUSIC) for kind in SOUND_FILES}
    return made | {kind: packets.made(folder, kind, MUSIC) for kind in KINDS if kind not in made}


@pytest.mark.parametrize("between", [b"", ID3, bytes(3000)], ids=["joined", "tag", "zeros"])
@pytest.mark.parametrize("first", KINDS)
def test_a_file_of_another_kind_follows(tmp_path, files, first, between):
    for second in KINDS:
        if second == first or (first, second) == ("flac", "mka-flac"):
            continue
        error = refusal(tmp_path, files[first] + between + files[second])
        assert error.reason is Reason.UNSUPPORTED_FORMAT, second
        assert "another file follows" in error.message, second


def test_flac_frames_in_another_file_that_follows_flac(tmp_path, files):
    """They seem to end the first file, so that a part of that seems to be missing."""
    assert refusal(tmp_path, files["flac"] + files["mka-flac"]).reason is Reason.TRUNCATED


@pytest.mark.parametrize("size", [100, 300_000])
@pytest.mark.parametrize("codec", ["vorbis", "flac"])
def test_bytes_after_an_ogg_stream_that_are_none_of_its_pages(tmp_path, files, codec, size):
    """Fewer than a page may be a page that was cut; more have not been one."""
    codes = np.round(MUSIC * 32767).astype(np.int64)
    ogg = files["vorbis"] if codec == "vorbis" else sounds.ogg_flac(codes)
    data = ogg + sounds.junk(size)
    if size > 1000:
        assert refusal(tmp_path, data).reason is Reason.DECODE_ERROR
    else:
        assert np.array_equal(opened(tmp_path, data).segment.pcm, opened(tmp_path, ogg).segment.pcm)
