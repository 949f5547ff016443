"""Files as common encoders write them, where these are installed."""

import shutil
import subprocess

import numpy as np
import pytest

from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

PIPED = {
    "ffmpeg-wav": ["ffmpeg", "-i", "IN", "-f", "wav", "-"],
    "ffmpeg-w64": ["ffmpeg", "-i", "IN", "-f", "w64", "-"],
    "ffmpeg-flac": ["ffmpeg", "-i", "IN", "-f", "flac", "-"],
    "ffmpeg-aiff": ["ffmpeg", "-i", "IN", "-f", "aiff", "-"],
    "ffmpeg-au": ["ffmpeg", "-i", "IN", "-f", "au", "-"],
    "sox-wav": ["sox", "IN", "-t", "wav", "-"],
    "sox-aiff": ["sox", "IN", "-t", "aiff", "-"],
    "oggenc": ["oggenc", "-Q", "IN", "-o", "-"],
    "opusenc": ["opusenc", "--quiet", "IN", "-"],
    "lame": ["lame", "--quiet", "IN", "-"],
}
WRITTEN = {
    "ffmpeg-rf64": ["ffmpeg", "-i", "IN", "-rf64", "always", "-f", "wav", "OUT"],
    "ffmpeg-float": ["ffmpeg", "-i", "IN", "-c:a", "pcm_f32le", "-f", "wav", "OUT"],
    "ffmpeg-caf": ["ffmpeg", "-i", "IN", "-f", "caf", "OUT"],
    "ffmpeg-aifc": ["ffmpeg", "-i", "IN", "-c:a", "pcm_f32be", "-f", "aiff", "OUT"],
    "ffmpeg-mp3": ["ffmpeg", "-i", "IN", "-f", "mp3", "OUT"],
    "ffmpeg-mp3-no-count": ["ffmpeg", "-i", "IN", "-write_xing", "0", "-f", "mp3", "OUT"],
    "lame-vbr": ["lame", "--quiet", "-V4", "IN", "OUT"],
    "lame-id3": ["lame", "--quiet", "--add-id3v2", "--tt", "title", "IN", "OUT"],
    "lame-no-count": ["lame", "--quiet", "-t", "-V4", "IN", "OUT"],
    "lame-16k": ["lame", "--quiet", "--resample", "16", "-b", "32", "IN", "OUT"],
    "flac": ["flac", "-s", "-f", "IN", "-o", "OUT"],
    "opus-6": ["ffmpeg", "-i", "IN", "-ac", "6", "-f", "opus", "OUT"],
    "vorbis-6": ["ffmpeg", "-i", "IN", "-ac", "6", "-f", "ogg", "OUT"],
}
NO_LENGTH = ("no-count", "lame-16k")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("in") / "in.wav", sounds.music(3.0), 44_100)


def made(command, original, path):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    filled = [{"IN": str(original), "OUT": str(path)}.get(word, word) for word in command]
    quiet = ["-nostdin", "-loglevel", "error", "-y"] if command[0] == "ffmpeg" else []
    pipe = subprocess.run(filled[:1] + quiet + filled[1:], capture_output=True, check=True)
    if "OUT" not in command:
        path.write_bytes(pipe.stdout)
    return path


@pytest.mark.parametrize("name", PIPED)
def test_piped_files_are_whole(original, tmp_path, name):
    decoded = open_segment(str(made(PIPED[name], original, tmp_path / "piped")))
    assert abs(decoded.identity.duration_s - 3.0) < 0.1
    if name in ("ffmpeg-wav", "ffmpeg-flac", "sox-wav", "ffmpeg-aiff", "ffmpeg-au"):
        assert np.array_equal(decoded.segment.pcm, sounds.plain(original))


@pytest.mark.parametrize("name", WRITTEN)
def test_written_files_are_whole_and_their_cuts_are_noticed(original, tmp_path, name):
    path = made(WRITTEN[name], original, tmp_path / "written")
    decoded = open_segment(str(path))
    assert abs(decoded.identity.duration_s - 3.0) < 0.1
    if LENGTH_UNKNOWN in decoded.identity.notes:
        assert name.endswith(NO_LENGTH)
        return
    data = path.read_bytes()
    for share in (0.1, 0.5, 0.99):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(BadAudio) as caught:
            open_segment(str(path))
        assert caught.value.reason is Reason.TRUNCATED
