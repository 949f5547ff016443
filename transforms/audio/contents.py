"""What the bytes of a file say about it, as far as libsndfile does not tell or misreads it."""

from dataclasses import dataclass

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.views import Bytes, View


@dataclass(frozen=True, slots=True)
class Contents:
    """A file seen from outside: its container, and what the decoder needs to be told about it.

    Args:
        container: lower-case name of the container.
        mask: WAVE_FORMAT_EXTENSIBLE channel mask, 0 where there is none.
        vorbis_order: the channels come in the order of the Vorbis specification.
        length_known: the file declares where it ends, so that a cut shows.
        views: what to show the decoder, one after the other, in place of the file itself.
        guessed: the decoder's number of frames is no more than a guess.
        beyond_guess: what to show it where its guess turns out too short, for it stops there.
        missing_bytes: declared bytes that are not there, where only decoding tells whether they held audio.
        size_known: the number of audio bytes is declared.
        slack: frames that may be missing from a sound file, because encoders count differently.
        paged: the file is Ogg, and its pages can be checked one by one.
        chatty: the decoder prints to the process's standard error.
    """

    container: str
    mask: int = 0
    vorbis_order: bool = False
    length_known: bool = True
    views: tuple[View, ...] = ()
    guessed: bool = False
    beyond_guess: View | None = None
    missing_bytes: int = 0
    size_known: bool = True
    slack: int = 0
    paged: bool = False
    chatty: bool = False


def truncated(message: str) -> BadAudio:
    return BadAudio(Reason.TRUNCATED, message)


def read_exactly(data: Bytes, offset: int, length: int, what: str) -> bytes:
    """Bytes that must be there.

    Raises:
        BadAudio: ``truncated``, the file ends within them.
    """
    found = data.read_at(offset, length)
    if len(found) < length:
        raise truncated(f"the file ends within its {what}, at byte {data.size}")
    return found


def check_audio_chunk(data: Bytes, start: int, declared: int, tolerance: int = 0) -> None:
    """Hold the declared size of the audio against the file's.

    Raises:
        BadAudio: ``truncated``, more than ``tolerance`` bytes are missing.
    """
    missing = start + declared - data.size
    if missing > tolerance:
        raise truncated(f"the audio should be {declared} bytes long, the last {missing} of them are missing")
