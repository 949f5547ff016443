"""What can go wrong between a file or an object and its bytes."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from beamprint.transforms.audio.errors import BadAudio, Reason

_HTTP_REASONS = {401: Reason.PERMISSION, 403: Reason.PERMISSION, 404: Reason.NOT_FOUND}


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn the failures of file systems and stores into their reasons; a full disk is the machine's fault.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise BadAudio(Reason.NOT_FOUND, f"no file {uri}") from error
    except PermissionError as error:
        raise BadAudio(Reason.PERMISSION, f"no permission to read {uri}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _failure(uri, error) from error
    except _store_errors() as error:
        raise _failure(uri, error) from error


def _store_errors() -> tuple[type[Exception], ...]:
    """Base exceptions of the stores' clients, as far as these are in use at all."""
    return tuple(
        getattr(sys.modules[module], name)
        for module, name in (
            ("apache_beam.io.aws.clients.s3.messages", "S3ClientError"),
            ("botocore.exceptions", "BotoCoreError"),
            ("botocore.exceptions", "ClientError"),
            ("google.api_core.exceptions", "GoogleAPIError"),
            ("google.auth.exceptions", "GoogleAuthError"),
            ("http.client", "HTTPException"),
            ("urllib3.exceptions", "HTTPError"),
        )
        if module in sys.modules
    )


def _failure(uri: str, error: Exception) -> BadAudio:
    details = getattr(error, "exception_details", None) or {}
    cause = next((e for e in details.values() if isinstance(e, Exception)), error)
    if isinstance(cause, OSError) and cause.errno == errno.ENOENT:
        reason = Reason.NOT_FOUND
    else:
        reason = _HTTP_REASONS.get(getattr(cause, "code", 0), Reason.UNREADABLE)
    return BadAudio(reason, f"{uri}: {cause}")
