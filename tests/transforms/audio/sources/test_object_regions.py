"""A bucket in another region than AWS_REGION says: the answers of S3, as its documentation shows them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import StoreRefuses

ANSWERS = [
    (301, {"x-amz-bucket-region": "eu-west-3"}, "<Error><Code>PermanentRedirect</Code></Error>"),
    (307, {"x-amz-bucket-region": "eu-west-3"}, "<Error><Code>TemporaryRedirect</Code></Error>"),
    (
        400,
        {},
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>",
    ),
]
buckets = (f"elsewhere-{number}" for number in range(100))  # clients are cached by name


@pytest.fixture(params=ANSWERS, ids=["redirect", "new bucket", "signature"])
def elsewhere(request, monkeypatch):
    status, headers, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body.encode())

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield f"s3://{next(buckets)}"
        server.shutdown()


@pytest.mark.parametrize("name", ["a.wav", "a//b.wav"])
def test_the_line_says_which_region_to_set(elsewhere, name):
    with pytest.raises(StoreRefuses, match="is in another region: set AWS_REGION") as caught:
        objects.get(f"{elsewhere}/{name}")
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreRefuses, match="set AWS_REGION=eu-west-3"):
        list(objects.below(elsewhere))


@pytest.mark.parametrize("elsewhere", ANSWERS[:2], ids=["redirect", "new bucket"], indirect=True)
def test_an_answer_without_a_body_says_it_in_its_header(elsewhere):
    with pytest.raises(StoreRefuses, match="set AWS_REGION=eu-west-3"):
        objects.head(f"{elsewhere}/a//b.wav")
