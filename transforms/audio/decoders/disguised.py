"""Streams of DTS, AC-3 and the like that are stored as if they were PCM samples: on CDs, and by digital inputs.

Played as samples they are noise at full scale, so their numbers would say nothing of the music.
"""

import re

import numpy as np

from beamprint.transforms.audio.decoders.decoder import Buffer
from beamprint.transforms.audio.errors import BadAudio, Reason

_SYNC = re.compile(
    rb"\xfe\x7f\x01\x80.[\xfc-\xff]|\x7f\xfe\x80\x01[\xfc-\xff]"
    rb"|\xff\x1f\x00\xe8[\xf0-\xff]\x07|\x1f\xff\xe8\x00\x07[\xf0-\xff]"
    rb"|\x72\xf8\x1f\x4e|\xf8\x72\x4e\x1f",
    re.DOTALL,
)
"""DTS in words of 16 and of 14 bits (ETSI TS 102 114), and bursts of IEC 61937, each in both orders of bytes.

The sync word of DTS alone is also the edge of a square wave near full scale: the six bits behind it are set, too."""
_NEAR = 24 << 10
"""Bytes that hold at least three frames, which are up to 6144 bytes apart."""
_ENOUGH = 3


def refuse_disguised(block: Buffer) -> None:
    """Make sure that samples of 16 bits are samples.

    Args:
        block: int16, shape (frames, channels), the first ones of a track or of a segment.

    Raises:
        BadAudio: ``unsupported_format``.
    """
    first = block[: _NEAR // (block.shape[1] * block.itemsize)]
    if len(_SYNC.findall(first.astype(np.dtype("<i2")).tobytes())) >= _ENOUGH:
        message = (
            "what should be PCM samples is a stream of DTS, AC-3 or the like, which cannot be decoded here"
        )
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
