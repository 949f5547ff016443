"""Reasons for which a command ends without doing its work; each has its exit code."""

import errno


class TooManyGone(Exception):  # noqa: N818 - a finding, not a programming error
    """More tracks of the dataset are gone than the user allows; nothing was done."""

    exit_code = 1


class UsageError(Exception):
    """Wrong use: the message is one line that says what to change.

    Example:
        >>> import beamprint
        >>> try:
        ...     beamprint.read("examples")
        ... except beamprint.UsageError as error:
        ...     print("is not a dataset" in str(error))
        True
    """

    exit_code = 2


class DatasetHeld(Exception):  # noqa: N818 - a state, not a programming error
    """Another run holds the dataset; the message names it."""

    exit_code = 3


class NotFinished(Exception):  # noqa: N818
    """The store failed (disk full, output removed ...): records are safe; run the command again."""

    exit_code = 4


def unwritable(what: str, error: OSError) -> UsageError | NotFinished:
    """The error for a file or folder that the system refuses to write; a full disk is not wrong use."""
    message = f"{what} cannot be written: {error.strerror or error}"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return NotFinished(message) if full else UsageError(message)
