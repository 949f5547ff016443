"""Why a command ends without having done its work; each kind has its exit code."""


class TooManyGone(Exception):  # noqa: N818 - what was found, not an error of anyone
    """More tracks of the dataset are not listed any more than the user allows; nothing was done."""

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


class DatasetHeld(Exception):  # noqa: N818 - what happened, not an error of anyone
    """Another run holds the dataset; the message names it."""

    exit_code = 3


class NotFinished(Exception):  # noqa: N818
    """The store failed (disk full, output removed ...): what is recorded is safe, run it again."""

    exit_code = 4
