"""What the publisher says of a trigger sent to a URL: the real client, and servers that answer in every way."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from typing import Self

import pytest

from gapheal import __version__
from gapheal.local.ports import Ports
from gapheal.messages import Dated, compose
from gapheal.model.passes import Delivery, Message, Source
from gapheal.model.pipeline import HttpTarget, PubSubTarget, Trigger
from gapheal.publisher import HttpPublisher, TargetPublisher
from gapheal.testing import small_pipeline

DAY = date(2024, 4, 16)
NAME = "raw_to_refined"


@dataclass
class Raw:
    """A socket that reads one request on each connection and answers with these bytes, whatever they are."""

    reply: bytes = b""
    received: list[bytes] = field(default_factory=list)
    silent: bool = False
    """Reads nothing, and closes nothing."""

    def __enter__(self) -> Self:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self.open, self.socket):
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.open.append(connection)
            if not self.silent:
                text = b""
                while b"{}" not in text:
                    text += connection.recv(65536)
                self.received.append(text)
                connection.sendall(self.reply)
                connection.close()


def trigger(url: str, seconds: float = 5, **http) -> Trigger:
    target = HttpTarget(url=url, **http).model_copy(update={"timeout_seconds": seconds})
    return Trigger(http=target)


def messages(count: int = 1, **attributes: str) -> list[Message]:
    return [Message(f"id{n}", (DAY,), b"{}", {"attempt": str(n), **attributes}) for n in range(1, count + 1)]


def send(url: str, **http) -> Delivery:
    (delivery,) = HttpPublisher().publish(trigger(url, **http), messages())
    return delivery


def outcome(delivery: Delivery) -> tuple[str, bool]:
    return delivery.outcome, delivery.unreachable


ACCEPTED = [200, 202]
BUSY = [409, 429, 503]
OTHER = [204, 304, 400, 401, 403, 404, 500, 502, 504]


@pytest.mark.parametrize(
    ("status", "expected"),
    [*((s, "published") for s in ACCEPTED), *((s, "busy") for s in BUSY), *((s, "published") for s in OTHER)],
)
def test_the_status_decides_and_whatever_is_not_expected_is_told(endpoint, status, expected):
    endpoint.statuses = [status]

    delivery = send(f"{endpoint.url}/start")

    assert (outcome(delivery), delivery.message_id) == ((expected, False), None)
    assert len(endpoint.received) == 1
    if status in ACCEPTED:
        assert delivery.error is None
    else:
        assert str(delivery.error).startswith(f"{endpoint.url}/start answered {status}; ")


def test_the_file_says_which_answers_accept_and_which_are_busy_and_accepted_wins(endpoint):
    endpoint.statuses = [204, 423, 409, 202]
    mine = {"accepted": (204, 409), "busy": (409, 423)}

    found = [send(endpoint.url, **mine) for _ in range(4)]

    assert [(d.outcome, d.error is None) for d in found] == [
        ("published", True),
        ("busy", False),
        ("published", True),
        ("published", False),
    ]


@pytest.mark.parametrize(
    ("status", "mend"),
    [("403 No", "; grant this service account roles/run.invoker on it"), ("401 No", "; check trigger.http.audience")],
)
def test_an_unexpected_answer_is_quoted_in_one_line_and_never_its_headers(status, mend):
    text = b"no such\n  batch " + b"x" * 500
    head = f"HTTP/1.1 {status}\r\nX-Secret: s3cret\r\nContent-Length: {len(text)}\r\n\r\n"
    with Raw(head.encode() + text) as server:
        delivery = send(f"http://127.0.0.1:{server.port}/start?key=s3cret")

    quoted = ("no such batch " + "x" * 500)[:200]
    start = f"http://127.0.0.1:{server.port}/start answered {status[:3]}: {quoted}; expected one of 200, 202; "
    assert str(delivery.error).startswith(start + "it counts as an attempt" + mend)
    assert "s3cret" not in str(delivery.error)


def test_a_redirect_is_an_answer_and_is_not_followed(endpoint):
    with Raw(f"HTTP/1.1 307 Elsewhere\r\nLocation: {endpoint.url}\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        delivery = send(f"http://127.0.0.1:{server.port}")

    assert (outcome(delivery), endpoint.received) == (("published", False), [])
    assert str(delivery.error).endswith("redirects are not followed: write the URL that it leads to")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 2", b"hello\r\n\r\n"], ids=["none", "cut off", "not HTTP"])
def test_a_reply_that_is_lost_leaves_a_doubt(reply):
    with Raw(reply) as server:
        delivery = send(f"http://127.0.0.1:{server.port}")

    assert (outcome(delivery), len(server.received)) == (("unknown", False), 1), "sent once"
    assert str(delivery.error).endswith("; it may have been delivered")
    assert "object at" not in str(delivery.error)


def test_a_status_counts_even_when_the_text_behind_it_is_lost():
    with Raw(b"HTTP/1.1 409 Conflict\r\nContent-Length: 999\r\n\r\nalready ru") as server:
        delivery = send(f"http://127.0.0.1:{server.port}")

    assert (outcome(delivery), ": already ru; it is busy" in str(delivery.error)) == (("busy", False), True)


def test_an_answer_that_comes_too_late_leaves_a_doubt(endpoint):
    endpoint.pauses = [2]

    delivery = send(endpoint.url, seconds=0.2)

    assert (outcome(delivery), len(endpoint.received)) == (("unknown", False), 1)
    assert delivery.error == f"{endpoint.url}: no answer in time; it may have been delivered"


def test_a_closed_port_surely_received_nothing():
    url = f"http://127.0.0.1:{Ports().take('nobody')}"

    delivery = send(url)

    assert outcome(delivery) == ("failed", True)
    assert str(delivery.error).startswith(f"{url}: no connection: ")
    assert "Connection refused" in str(delivery.error)


def test_a_name_that_nobody_has_surely_received_nothing(monkeypatch):
    def nobody(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", nobody)

    delivery = send("http://runner.invalid/start")

    assert outcome(delivery) == ("failed", True)
    assert "http://runner.invalid/start: no connection: " in str(delivery.error)


def test_a_call_that_nobody_takes_surely_delivered_nothing():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)  # noqa: FBT003 - the standard library's signature
            caller.connect_ex(full.getsockname())
        delivery = send(f"http://127.0.0.1:{full.getsockname()[1]}", seconds=0.2)

    assert outcome(delivery) == ("failed", True)


@pytest.mark.parametrize("url", ["http://[::1/start", "http://a..b/start", "http://:80"])
def test_a_url_that_cannot_be_called_is_told_and_not_sent(url):
    delivery = send(url)

    assert outcome(delivery) == ("failed", False)
    assert str(delivery.error).startswith(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:s3cr3t@runner:99999/start?key=s3cr3t", "https://runner:99999/start: "),
        ("https://?key=s3cr3t", "https://: "),
    ],
)
def test_a_url_that_cannot_be_called_is_told_without_its_secrets(url, shown, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "none: no token is asked for")
    error = str(send(url).error)

    assert error.startswith(shown)
    assert "s3cr3t" not in error


def test_the_payload_is_the_body_and_the_attributes_are_headers(endpoint):
    endpoint.statuses = [202]
    plain, payload = small_pipeline(), {"game_date": "{date}", "try": "{attempt}"}
    start = Trigger(http=HttpTarget(url=endpoint.url), payload=payload)
    transition = plain.transitions[NAME].model_copy(update={"trigger": start})
    pipeline = plain.model_copy(update={"transitions": {NAME: transition}})
    (message,) = compose(pipeline, NAME, [Dated(DAY, 3, "missing")], Source.SCAN)

    TargetPublisher("gapheal-test").publish(start, [message])

    (got,) = endpoint.received
    assert json.loads(got.body) == {"game_date": "2024-04-16", "try": "3"}
    assert (got.headers["content-type"], got.headers["user-agent"]) == ("application/json", f"gapheal/{__version__}")
    assert {name: value for name, value in got.headers.items() if name.startswith("gapheal-")} == {
        "gapheal-pipeline": "small",
        "gapheal-transition": NAME,
        "gapheal-partition": "2024-04-16",
        "gapheal-trigger-id": message.trigger_id,
        "gapheal-attempt": "3",
        "gapheal-reason": "missing",
        "gapheal-source": "scan",
    }


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("2024-04-16..2024-04-30", "2024-04-16..2024-04-30"),
        ("missing,stale", "missing,stale"),
        ("2/5", "2/5"),
        ("a\r\nEvil: yes", "a%0D%0AEvil:%20yes"),
        ("日", "%E6%97%A5"),
        (" 100% ", "%20100%25%20"),
    ],
)
def test_what_no_header_can_hold_is_written_with_percent_signs(endpoint, value, header):
    HttpPublisher().publish(trigger(endpoint.url), messages(reason=value))

    assert endpoint.received[0].headers["gapheal-reason"] == header
    assert "evil" not in endpoint.received[0].headers


@pytest.mark.parametrize("status", [409, None], ids=["busy", "nobody there"])
def test_after_a_message_that_was_not_taken_the_others_are_not_tried(endpoint, status):
    endpoint.statuses = [202, status or 202]
    url = endpoint.url if status else f"http://127.0.0.1:{Ports().take('nobody')}"
    group = messages(4)

    deliveries = HttpPublisher().publish(trigger(url), group)

    refused, untried = (1, 2) if status else (0, 3)
    assert [d.message for d in deliveries] == group
    assert len(endpoint.received) == (2 if status else 0)
    assert {outcome(d) for d in deliveries[refused:]} == {outcome(deliveries[refused])}
    assert [d.error for d in deliveries[-untried:]] == [f"not sent after: {deliveries[refused].error}"] * untried


def test_no_answer_leaves_anything_behind_for_the_next_trigger():
    with Raw(b"HTTP/1.1 202 Yes\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n") as server:
        publisher = HttpPublisher()
        for _ in range(2):
            publisher.publish(trigger(f"http://127.0.0.1:{server.port}"), messages())

    assert len(server.received) == 2
    assert b"cookie" not in server.received[1].lower()


def test_many_threads_share_one_publisher(endpoint):
    endpoint.statuses = [202] * 40
    publisher = HttpPublisher()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: publisher.publish(trigger(endpoint.url), messages()), range(40)))

    assert [d.outcome for group in found for d in group] == ["published"] * 40
    assert len(endpoint.received) == 40


@pytest.fixture
def proxy(endpoint, monkeypatch) -> None:
    """Everything that asks for a proxy gets the endpoint."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", endpoint.url)


@pytest.mark.usefixtures("proxy")
def test_a_proxy_is_asked_for_other_machines_never_for_this_one(endpoint, new_endpoint):
    with new_endpoint() as near:
        near.statuses = [202]
        delivery = send(f"{near.url}/start")

    assert (delivery.outcome, endpoint.received) == ("published", [])

    send("http://runner.invalid/start")

    assert endpoint.received[0].path == "http://runner.invalid/start"


def test_each_publisher_refuses_the_others_targets():
    topic = Trigger(pubsub=PubSubTarget(topic="phase3"))

    (delivery,) = HttpPublisher().publish(topic, messages())

    assert (delivery.outcome, delivery.error) == ("failed", "this publisher sends to URLs only")
