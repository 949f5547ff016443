"""Errors of stores: which of them are retried, and how they are reported, in one line and without secrets."""

import random
import re
import sys
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 15.0
"""How long a request to a busy or broken store is retried."""
_DOWN_S = 60.0
"""For how long a store that was found down gets one attempt a request: a run whose store is gone ends soon."""
_LONGEST_PAUSE_S = 4.0

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r'<Code>(\w+)</Code>|"reason": ?"(\w+)"')
_REGION = re.compile(r"<Region>([\w-]+)</Region>")
_WRONG_REGION = re.compile(r"PermanentRedirect|AuthorizationHeaderMalformed|incorrectly configured region")
_REDIRECTED = (301, 307)
_NO_ANSWER = re.compile(
    r"Connection refused|Connection reset|timed? ?out|dns error|certificate|connection closed|Broken pipe",
    re.I,
)
_WRONG_CREDENTIALS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "AuthFailure",
    "RequestTimeTooSkewed",
)
_PROVIDER = re.compile(r"credential provider: (\w+): (.*)")
_PERMANENT = range(300, 500)
_TRANSIENT = (408, 429)

_Found = TypeVar("_Found")


class StoreDown(Exception):  # noqa: N818 - what happened, not an error of anyone
    """A store does not answer, or answers with errors, for longer than requests are retried."""

    exit_code = 4


class CredentialsRefused(StoreDown):
    """There are no credentials for a store, or it does not accept them: every other request would fail, too.

    The message is one line. At the start of a run it is a usage error; credentials that expire later end the run.
    """


class NoCredentials(Exception):  # noqa: N818
    """Raised to obstore in place of credentials; the message is one line and says what to do."""


class NoAnswer(Exception):  # noqa: N818
    """Raised to obstore in place of credentials: their service does not answer now, but may a little later."""


class PlainRequestFailed(Exception):  # noqa: N818
    """A request failed that was not made by obstore; the text has the form of obstore's errors.

    Args:
        status: Status of the store's answer; None if the connection failed.
        said: Body of the answer, or the error of the connection.
    """

    def __init__(self, status: int | None, said: str) -> None:
        super().__init__(f"status code: {status}: {said}" if status else f"HTTP error: {said}")


class StoreRefuses(Exception):  # noqa: N818
    """A store does not accept a request, or its library is not installed; the message is one line."""

    exit_code = 2


class Changed(Exception):  # noqa: N818
    """An object has another version than the one that was asked for."""


class EmptyObject(Exception):  # noqa: N818
    """A range was asked of an object without bytes."""


def retried(uri: str, attempt: Callable[[], _Found]) -> _Found:
    """Result of a request, retried with growing, random pauses while the store is busy or broken.

    Raises:
        FileNotFoundError, Changed, StoreRefuses, StoreDown: As ``get``.
    """
    bucket = "/".join(uri.split("/", 3)[:3])
    began, pause = time.monotonic(), 0.1
    patience = 0.0 if began < _down_until.get(bucket, 0.0) else PATIENCE_S
    while True:
        try:
            found = attempt()
        except request_errors() as error:
            if not is_transient(error):
                raise explained(uri, error) from error
            if time.monotonic() - began > patience:
                _down_until[bucket] = time.monotonic() + _DOWN_S
                raise explained(uri, error) from error
        else:
            _down_until.pop(bucket, None)
            return found
        time.sleep(random.uniform(0, pause))
        pause = min(2 * pause, _LONGEST_PAUSE_S)


_down_until: dict[str, float] = {}


def request_errors() -> tuple[type[Exception], ...]:
    """Exceptions of requests: of plain ones, and of obstore's if it is in use."""
    plain = (PlainRequestFailed, NoAnswer, NoCredentials)
    used = sys.modules.get("obstore.exceptions")
    return (*plain, used.BaseError, ValueError, OSError) if used else plain


def status_of(error: Exception) -> int | None:
    status = _STATUS.search(str(error))
    return int(status[1]) if status else None


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if not _is_general(error):
        provider = _provider_of(error)
        return provider is not None and provider[0] == NoAnswer.__name__
    status = status_of(error)
    if status is None and _WRONG_REGION.search(str(error)):
        return False
    if status is None:
        return _NO_ANSWER.search(str(error)) is not None or "HTTP error" in str(error)
    return status not in _PERMANENT or status in _TRANSIENT


def _is_general(error: Exception) -> bool:
    return type(error).__name__ in ("GenericError", PlainRequestFailed.__name__)


def _provider_of(error: Exception) -> tuple[str, str] | None:
    """Kind and message of the error that kept a request from getting credentials; None for another error."""
    if isinstance(error, NoAnswer | NoCredentials):
        return type(error).__name__, str(error)
    found = _PROVIDER.search(str(error))
    return (found[1], found[2]) if found else None


def explained(uri: str, error: Exception) -> Exception:
    """The error as this program reports it, without obstore's words, which hold whole answers of the store."""
    kind, text = type(error).__name__, str(error)
    provider = _provider_of(error)
    if provider:
        return (StoreDown if is_transient(error) else CredentialsRefused)(f"{uri}: {provider[1]}")
    code = _CODE.search(text)
    answer = " ".join(filter(None, [str(status_of(error) or ""), code and (code[1] or code[2])]))
    if isinstance(error, FileNotFoundError) or status_of(error) == 404:
        return FileNotFoundError(f"{uri}: {answer or 'not found'}")
    if kind in ("PreconditionError", "AlreadyExistsError") or status_of(error) == 412:
        return Changed(uri)
    if kind == "UnauthenticatedError" or status_of(error) == 401 or (code and code[1] in _WRONG_CREDENTIALS):
        return CredentialsRefused(
            f"{uri}: the store does not accept the credentials ({answer}); correct or renew them"
        )
    if kind == "PermissionDeniedError" or status_of(error) == 403:
        return PermissionError(f"{uri}: access refused ({answer})")
    return _general(uri, error, answer)


def _general(uri: str, error: Exception, answer: str) -> Exception:
    text = str(error)
    if _is_general(error):
        silence = _NO_ANSWER.search(text)
        if is_transient(error):
            reason = answer or (silence[0].lower() if silence else "connection failed")
            return StoreDown(f"{uri}: no answer from the store ({reason})")
        if _WRONG_REGION.search(text) or status_of(error) in _REDIRECTED:
            region = _REGION.search(text)
            return StoreRefuses(
                f"{uri}: the bucket is in another region: set AWS_REGION{f'={region[1]}' if region else ''}"
            )
        return StoreRefuses(f"{uri}: {answer or text.splitlines()[0][:200]}")
    return error
