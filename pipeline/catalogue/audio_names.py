"""Names of audio files, for which folders and globs are searched."""

import re

_ENDING = re.compile(
    r"\.(aac|ac3|aif|aifc|aiff|alac|ape|au|bwf|caf|dff|dsf|flac|m4[abr]|mka|mp[123c]|oga|ogg|opus|rf64|snd|spx|tak"
    r"|tta|w64|wave?|weba|wma|wv)",
    re.IGNORECASE | re.ASCII,
)
"""Suffixes of audio files. A file that cannot be decoded goes to quarantine."""


def is_audio(name: str) -> bool:
    """Whether a file is audio by its name."""
    return _ENDING.fullmatch(name, max(name.rfind("."), 0)) is not None
