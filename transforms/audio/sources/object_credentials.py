"""Credentials for stores, as the vendors' own libraries find them: within seconds, or one line says why not."""

import functools
import logging
import os
from datetime import datetime, timedelta, timezone
from typing import Any

from beamprint.transforms.audio.sources.object_errors import CredentialsRefused, NoAnswer, NoCredentials

_ANSWER_S = 4
"""How long a service that gives credentials is waited for."""
_OF_OTHERS = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""Exceptions that the vendors' libraries do not wrap: files, programs and services are missing or give something else."""
_UNFIT = "they hold a line break, or other characters that cannot be sent"


def can_be_sent(*values: str) -> bool:
    """Whether headers can hold these credentials. A line break is a common mistake, as when a file is read whole."""
    return all(value.isascii() and value.isprintable() for value in values)


class AwsCredentials:
    """S3 credentials: from variables, a profile, a role, a machine. obstore calls it.

    Attributes:
        region: Region from the same sources.

    Raises:
        CredentialsRefused: There are none, or they do not work.
    """

    def __init__(self) -> None:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415
        from botocore.utils import ContainerMetadataFetcher  # noqa: PLC0415

        ContainerMetadataFetcher.RETRY_ATTEMPTS = 2  # of three seconds each
        # It prints tracebacks; our error is one line.
        logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)

        session = get_session()
        quick = Config(connect_timeout=_ANSWER_S, read_timeout=_ANSWER_S, retries={"total_max_attempts": 1})
        session.set_default_client_config(quick)
        try:
            self._found = session.get_credentials()
            region = session.get_config_variable("region")
        except (BotoCoreError, *_OF_OTHERS) as error:
            raise CredentialsRefused(f"s3:// needs credentials: {_line(error)}") from error
        if self._found is None:
            raise CredentialsRefused(
                "s3:// needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        self.region: str = region or "us-east-1"
        _try(self)

    def __call__(self) -> Any:
        """Keys, as obstore takes them.

        Raises:
            NoAnswer, NoCredentials: They cannot be had, at this moment or at all.
        """
        frozen = self._frozen()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + timedelta(minutes=10),
        }

    def authorised(self, region: str, method: str, url: str, headers: dict[str, str]) -> dict[str, str]:
        """Headers of a plain request, with its signature.

        Raises:
            NoAnswer, NoCredentials: As for obstore.
        """
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest(method, url, headers=headers)
        S3SigV4Auth(self._frozen(), "s3", region).add_auth(request)
        return dict(request.headers)

    def _frozen(self) -> Any:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            ConnectionError,
            HTTPClientError,
        )
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        try:
            frozen = self._found.get_frozen_credentials()
        except (ConnectionError, HTTPClientError) as error:
            raise NoAnswer(f"no answer from the service that gives credentials: {_line(error)}") from None
        except (BotoCoreError, ClientError, ResponseParserError, *_OF_OTHERS) as error:
            raise NoCredentials(f"s3:// needs other credentials: {_line(error)}") from None
        if not can_be_sent(frozen.access_key, frozen.secret_key, frozen.token or ""):
            raise NoCredentials(f"s3:// needs other credentials: {_UNFIT}")
        return frozen


class GoogleCredentials:
    """Application default credentials: from a variable, a user, a machine. obstore calls it.

    Attributes:
        found: google-auth's credentials, with a valid token.

    Raises:
        CredentialsRefused: There are none, or they do not work.
    """

    def __init__(self) -> None:
        # A machine that has the service answers at once. google-auth reads these when it is imported.
        os.environ.setdefault("GCE_METADATA_TIMEOUT", "1")
        os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "2")
        import google.auth  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        self.found: Any
        try:
            self.found, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        except (GoogleAuthError, *_OF_OTHERS) as error:
            named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
            is_of_form = isinstance(error, GoogleAuthError | OSError | ValueError)
            said = _line(error) if is_of_form else f"{named} holds something else"
            raise CredentialsRefused(
                f"Google Cloud needs credentials: GOOGLE_APPLICATION_CREDENTIALS: {said}"
                if named
                else "Google Cloud needs credentials: set GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth"
                " application-default login"
            ) from error
        _try(self)

    def __call__(self) -> Any:
        """A token, as obstore takes it.

        Raises:
            NoAnswer, NoCredentials: It cannot be had, at this moment or at all.
        """
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415

        found = self.found
        try:
            if not found.valid:
                found.refresh(functools.partial(Request(), timeout=_ANSWER_S))
        except GoogleAuthError as error:
            if isinstance(error, TransportError) or error.retryable:
                raise NoAnswer(f"no answer from the service that gives credentials: {_line(error)}") from None
            raise NoCredentials(f"Google Cloud needs other credentials: {_line(error)}") from None
        except _OF_OTHERS as error:
            raise NoCredentials(f"Google Cloud needs other credentials: {_line(error)}") from None
        if not can_be_sent(found.token):
            raise NoCredentials(f"Google Cloud needs other credentials: {_UNFIT}")
        expiry = found.expiry and found.expiry.replace(tzinfo=timezone.utc)
        return {"token": found.token, "expires_at": expiry}

    def authorised(self, method: str, url: str, headers: dict[str, str]) -> dict[str, str]:
        """Headers of a plain request, with a token.

        Raises:
            NoAnswer, NoCredentials: As for obstore.
        """
        return {**headers, "Authorization": f"Bearer {self()['token']}"}


def _try(credentials: AwsCredentials | GoogleCredentials) -> None:
    """Test the credentials before anything is done, without the retries of a run in progress."""
    try:
        credentials()
    except (NoAnswer, NoCredentials) as error:
        raise CredentialsRefused(str(error)) from error


def _line(error: Exception) -> str:
    """An error in one line: its first argument, as others may hold a whole answer."""
    is_of_system = isinstance(error, OSError | UnicodeError)  # their arguments are numbers and names
    said = str(error) if is_of_system or not error.args else str(error.args[0])
    return " ".join(said.split())[:200] or type(error).__name__
