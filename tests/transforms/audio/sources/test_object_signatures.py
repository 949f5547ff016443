"""Requests to S3 are signed as the service checks it, whatever the name of the object."""

import itertools
import json
from functools import partial

import pytest
from botocore.session import get_session

from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import CredentialsRefused
from tests.emulators import Emulator

SECRET = "not-to-be-seen"
numbers = itertools.count()


@pytest.fixture(scope="module")
def checking(tmp_path_factory):
    """An emulator of S3 that checks signatures, and the keys of a user who may do everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INITIAL_NO_AUTH_ACTION_COUNT", "3")
        running = Emulator("s3", tmp_path_factory.mktemp("checking") / "data")
    endpoint = {"endpoint_url": f"http://127.0.0.1:{running.port}", "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "first", "aws_secret_access_key": "first"}
    iam = get_session().create_client("iam", **endpoint, **keys)
    iam.create_user(UserName="user")
    key = iam.create_access_key(UserName="user")["AccessKey"]
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="user", PolicyName="policy", PolicyDocument=policy)
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    yield get_session().create_client("s3", **endpoint, **keys), endpoint["endpoint_url"], key
    running.gate.shutdown()
    running.gate.server_close()
    running.stop()


@pytest.fixture
def signing(checking, monkeypatch):
    """The user's bucket, with objects of odd names; the user's keys are in the environment."""
    s3, address, key = checking
    bucket = f"signed-{next(numbers)}"  # clients are cached by name
    s3.create_bucket(Bucket=bucket)
    names = ["plain ä+~.wav", "a//b.wav", "a/../b ~+%2F()!*'ü.wav", "/x.wav"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    return f"s3://{bucket}", names


def test_requests_are_signed(signing):
    bucket, names = signing
    assert sorted(meta.key for meta in objects.below(bucket)) == sorted(names)
    for name in names:
        assert objects.get(f"{bucket}/{name}").data == name.encode()
        assert objects.head(f"{bucket}/{name}").size == len(name.encode())


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("AWS_SECRET_ACCESS_KEY", "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "InvalidAccessKeyId"),
        ("AWS_SESSION_TOKEN", "InvalidToken"),
    ],
)
def test_wrong_keys_are_told(signing, monkeypatch, name, code):
    bucket, names = signing
    monkeypatch.setenv(name, SECRET)
    for call in (
        lambda: list(objects.below(bucket)),
        *(partial(objects.get, f"{bucket}/{name}") for name in names),
    ):
        with pytest.raises(CredentialsRefused, match=code) as caught:
            call()
        assert SECRET not in str(caught.value)
        assert "\n" not in str(caught.value)
