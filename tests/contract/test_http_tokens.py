"""Who a target is told that gapheal is: ID tokens of the real Google client; a metadata server that plays along."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

import pytest
from google.auth.compute_engine import _metadata
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from gapheal.errors import ConfigError, Unavailable
from gapheal.model.passes import Delivery, Message
from gapheal.model.pipeline import HttpTarget, Trigger
from gapheal.publisher import HttpPublisher
from gapheal.publisher.tokens import IdTokens

URL = "https://runner.example/start"
MESSAGE = Message("id1", (date(2024, 4, 16),), b"{}", {"attempt": "1"})


class Plain(HTTPAdapter):
    """Carries what goes to any https URL to one local server, without TLS."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: PreparedRequest, *args, **kwargs) -> Response:
        assert request.url is not None
        request.url = self._url + urlsplit(request.url).path
        return super().send(request, *args, **{**kwargs, "proxies": {}})


@dataclass
class Tokens:
    """Gives a token for each audience, or no token."""

    asked: list[str] = field(default_factory=list)
    fails: Exception | None = None

    def __call__(self, audience: str) -> str:
        self.asked.append(audience)
        if self.fails:
            raise self.fails
        return f"token-for-{audience}"


@pytest.fixture(autouse=True)
def no_emulator(monkeypatch, tmp_path) -> None:
    for name in ("BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))


def send(endpoint, tokens, url: str = URL, audience: str | None = None) -> Delivery:
    target = Trigger(http=HttpTarget(url=url, audience=audience))
    (delivery,) = HttpPublisher(tokens, https=Plain(endpoint.url)).publish(target, [MESSAGE])
    return delivery


@pytest.mark.parametrize(
    ("url", "audience", "told"),
    [
        (URL, None, "https://runner.example"),
        ("https://runner.example:8443/a/b?c=d", None, "https://runner.example:8443"),
        (URL, "https://runner-abc.a.run.app", "https://runner-abc.a.run.app"),
    ],
)
def test_an_https_target_gets_a_token_for_its_audience(endpoint, url, audience, told):
    endpoint.statuses = [202]

    delivery = send(endpoint, tokens := Tokens(), url, audience)

    assert (delivery.outcome, delivery.error, tokens.asked) == ("published", None, [told])
    assert endpoint.received[0].headers["authorization"] == f"Bearer token-for-{told}"


def test_over_plain_http_no_token_is_asked_for_and_none_is_sent(endpoint):
    send(endpoint, tokens := Tokens(), url=f"{endpoint.url}/start", audience="https://runner.example")

    assert (tokens.asked, "authorization" in endpoint.received[0].headers) == ([], False)


@pytest.mark.parametrize("emulator", ["BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"])
def test_beside_an_emulator_no_token_is_asked_for_and_none_is_sent(endpoint, monkeypatch, emulator):
    monkeypatch.setenv(emulator, "127.0.0.1:1")

    send(endpoint, tokens := Tokens())

    assert (tokens.asked, "authorization" in endpoint.received[0].headers) == ([], False)


@pytest.mark.parametrize("error", [ConfigError("no credentials"), Unavailable("no answer")])
def test_without_a_token_nothing_is_sent(endpoint, error):
    delivery = send(endpoint, Tokens(fails=error))

    assert (delivery.outcome, delivery.unreachable, endpoint.received) == ("failed", False, [])
    assert delivery.error == f"{URL}: {error}"


def test_a_target_that_repeats_what_it_was_sent_repeats_no_token(monkeypatch, endpoint):
    monkeypatch.setattr(
        BaseHTTPRequestHandler,
        "end_headers",
        lambda self: self.wfile.write(b"\r\n\r\nyou said " + self.headers["Authorization"].encode()),
    )
    monkeypatch.setattr(BaseHTTPRequestHandler, "send_response", lambda self, _: self.wfile.write(b"HTTP/1.1 400 No"))

    delivery = send(endpoint, Tokens())

    assert f"{URL} answered 400: you said Bearer [token]; " in str(delivery.error)


def test_a_secure_connection_that_fails_surely_delivered_nothing(endpoint):
    target = Trigger(http=HttpTarget(url=endpoint.url.replace("http:", "https:")))

    (delivery,) = HttpPublisher(Tokens()).publish(target, [MESSAGE])

    assert (delivery.outcome, delivery.unreachable, endpoint.received) == ("failed", False, [])
    assert "no secure connection: " in str(delivery.error)


@dataclass
class Metadata:
    """Google's metadata server, as far as identity goes: each token lives `seconds`."""

    seconds: float = 3600
    flavor: str = "Google"
    status: int = 200
    audiences: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        metadata = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = metadata.answer(self.path)
                self.send_response(status)
                self.send_header("metadata-flavor", metadata.flavor)
                self.send_header("content-type", "application/json" if "recursive" in self.path else "text/plain")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str) -> tuple[int, bytes]:
        if not path.startswith("/computeMetadata/v1/instance/service-accounts/default/identity"):
            return 200, b'{"email": "gapheal@p.iam.gserviceaccount.com"}'
        self.audiences += parse_qs(urlsplit(path).query)["audience"]
        claims = {"aud": self.audiences[-1], "exp": int(time.time() + self.seconds), "number": len(self.audiences)}
        parts = ({"alg": "RS256"}, claims)
        text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
        return self.status, f"{text}.c2ln".encode()


@pytest.fixture
def metadata(monkeypatch) -> Iterator[Metadata]:
    with Metadata() as metadata:
        address = f"127.0.0.1:{metadata.server.server_port}"
        monkeypatch.setenv("GCE_METADATA_IP", address)
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield metadata


def test_a_token_is_fetched_once_for_each_audience(metadata):
    tokens = IdTokens()

    first, again, other = tokens("https://a"), tokens("https://a"), tokens("https://b")

    assert first == again != other
    assert metadata.audiences == ["https://a", "https://b"]


def test_a_token_that_has_expired_is_fetched_again(metadata):
    metadata.seconds = -1
    tokens = IdTokens()

    assert tokens("https://a") != tokens("https://a")
    assert metadata.audiences == ["https://a", "https://a"]


def test_the_token_of_google_reaches_the_target(endpoint, metadata):
    endpoint.statuses = [202]

    delivery = send(endpoint, None)

    assert (delivery.outcome, metadata.audiences) == ("published", ["https://runner.example"])
    payload = endpoint.received[0].headers["authorization"].removeprefix("Bearer ").split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload))["aud"] == "https://runner.example"


def test_where_there_are_no_credentials_the_mend_is_told(endpoint, metadata):
    metadata.flavor = "none of Google's"

    delivery = send(endpoint, None)

    assert (delivery.outcome, endpoint.received) == ("failed", [])
    assert delivery.error == (
        f"{URL}: no credentials that give an ID token: run as a service account, or set GOOGLE_APPLICATION_CREDENTIALS "
        "to the file of one (its key, or impersonation; `gcloud auth application-default login` alone gives none)"
    )


def test_a_token_that_is_refused_is_told(endpoint, metadata):
    metadata.status = 404

    delivery = send(endpoint, None)

    assert (delivery.outcome, endpoint.received) == ("failed", [])
    assert str(delivery.error).startswith(f"{URL}: no ID token for https://runner.example: ")
