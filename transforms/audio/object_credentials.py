"""Credentials for stores, as the vendors' own libraries find them: within seconds, or one line says why not."""

import functools
import logging
import os
from datetime import datetime, timedelta, timezone
from typing import Any

from beamprint.transforms.audio.object_errors import CredentialsRefused, NoAnswer, NoCredentials

_ANSWER_S = 4
"""How long to wait for a service that gives credentials."""


class AwsCredentials:
    """S3 credentials that are not in variables: from a profile, a role, a machine. obstore calls it.

    Raises:
        CredentialsRefused: There are none, or they do not work.
    """

    def __init__(self) -> None:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        # It prints tracebacks; our error is one line.
        logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)

        session = get_session()
        quick = Config(connect_timeout=_ANSWER_S, read_timeout=_ANSWER_S, retries={"total_max_attempts": 1})
        session.set_default_client_config(quick)
        try:
            self._found = session.get_credentials()
            self.region = session.get_config_variable("region") or "us-east-1"
        except BotoCoreError as error:
            raise CredentialsRefused(f"s3:// needs credentials: {_line(error)}") from error
        if self._found is None:
            raise CredentialsRefused(
                "s3:// needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        _try(self)

    def __call__(self) -> Any:
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
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise NoCredentials(f"s3:// needs other credentials: {_line(error)}") from None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + timedelta(minutes=10),
        }


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
        except (GoogleAuthError, OSError, ValueError) as error:
            named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
            raise CredentialsRefused(
                f"Google Cloud needs credentials: GOOGLE_APPLICATION_CREDENTIALS: {_line(error)}"
                if named
                else "Google Cloud needs credentials: set GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth"
                " application-default login"
            ) from error
        _try(self)

    def __call__(self) -> Any:
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
        expiry = found.expiry and found.expiry.replace(tzinfo=timezone.utc)
        return {"token": found.token, "expires_at": expiry}


def _try(credentials: AwsCredentials | GoogleCredentials) -> None:
    """Test the credentials before anything is done, without the retries of a run in progress."""
    try:
        credentials()
    except (NoAnswer, NoCredentials) as error:
        raise CredentialsRefused(str(error)) from error


def _line(error: Exception) -> str:
    """An error in one line: its first argument, as others may hold a whole answer."""
    said = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(said.split())[:200]
