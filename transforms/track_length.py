"""Estimated length of a track, before its file is opened."""

from beamprint.transforms.model import Track

_UNKNOWN_AUDIO_S = 240.0
_BYTES_PER_SECOND = {
    "wav": 176_400, "aif": 176_400, "aiff": 176_400, "caf": 176_400, "rf64": 176_400, "bw64": 176_400, "w64": 176_400,
    "au": 176_400, "flac": 90_000, "mp3": 24_000, "ogg": 16_000, "oga": 16_000, "opus": 12_000,
}  # fmt: skip
_OTHER_BYTES_PER_SECOND = 24_000


def audio_seconds(track: Track) -> float:
    """Guess of a track's length as 16-bit stereo at 44.1 kHz, from its size and suffix."""
    if track.size is None:
        return _UNKNOWN_AUDIO_S
    suffix = track.uri.rpartition(".")[2].lower()
    return track.size / _BYTES_PER_SECOND.get(suffix, _OTHER_BYTES_PER_SECOND)
