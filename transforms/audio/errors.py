"""Why a track could not be measured: one code a cause, and the exception that carries it."""

from enum import Enum
from typing import Any


class Reason(str, Enum):
    """A stable code of the quarantine, with what it means and what to do."""

    description: str

    def __new__(cls, code: str, description: str) -> "Reason":
        member = str.__new__(cls, code)
        member._value_ = code
        member.description = description
        return member

    def __str__(self) -> str:
        return str(self.value)

    NOT_FOUND = ("not_found", "No such file or object: correct the uri, or restore the file.")
    PERMISSION = ("permission", "Access was refused: grant read permission.")
    UNREADABLE = ("unreadable", "Not a regular file, or the storage failed while it was read: retry later.")
    CHANGED_WHILE_READING = (
        "changed_while_reading",
        "The file changed while it was read: run again when it is complete.",
    )
    TOO_LARGE = ("too_large", "Larger than is allowed: split it, or raise the limit that the message names.")
    EMPTY = ("empty", "No bytes, or a header without a single sample: replace the file.")
    UNSUPPORTED_FORMAT = (
        "unsupported_format",
        "Not audio, or a format or codec that cannot be decoded: install what the message names, or convert it, for "
        "example to FLAC.",
    )
    UNSUPPORTED_LAYOUT = (
        "unsupported_layout",
        "More than eight channels, or a channel mask that does not fit: mix it down or correct the mask.",
    )
    TRUNCATED = ("truncated", "The file ends before its audio does: fetch or copy it again.")
    DECODE_ERROR = (
        "decode_error",
        "The audio is damaged, so that the decoder failed: fetch or encode it again.",
    )
    CHECKSUM_MISMATCH = (
        "checksum_mismatch",
        "The audio is not what was encoded, as the file's own checks show: fetch or copy it again.",
    )
    NON_FINITE_SAMPLES = ("non_finite_samples", "There are NaN or infinite samples: export the file again.")
    IMPLAUSIBLE_LEVEL = (
        "implausible_level",
        "Samples beyond 64 times full scale, such as integers stored as floats: export the file again.",
    )
    TIMEOUT = (
        "timeout",
        "The track took longer than the limit: look for a damaged file, or raise the limit.",
    )
    DECODER_CRASH = (
        "decoder_crash",
        "The process died while it worked on the track: the file breaks the decoder.",
    )
    OUT_OF_MEMORY = ("out_of_memory", "The track needed more memory than a worker may have: raise the limit.")
    INTERNAL_ERROR = (
        "internal_error",
        "A fault of this program, not of the file: report it with the traceback.",
    )


class BadAudio(Exception):  # noqa: N818 - it says what is bad
    """A track that cannot be measured, for a reason that lies in the file or its storage.

    Args:
        reason: the code under which it is quarantined.
        message: one line that says what was found.

    Attributes:
        decoder: name and version of the decoder that was at work on the track; None where none was.
        rest: for a file that is cut, the contents that are there (``Contents``), if they can be decoded.
        missing_s: seconds of declared audio that are missing; None where that is not known.

    Examples:
        >>> import beamprint
        >>> try:
        ...     beamprint.fingerprint("examples/broken.ogg")
        ... except beamprint.BadAudio as error:
        ...     print(error.reason)
        truncated
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.decoder: str | None = None
        self.rest: Any = None
        self.missing_s: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"
