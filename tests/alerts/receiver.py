"""A local server that speaks as Slack's webhooks and PagerDuty's Events API v2 do."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HOOK = "TAAAAAAAA/BBBBBBBBB/cccccccccccccccccccccccc"
ROUTING_KEY = "r" * 32
SLACK, PAGERDUTY = f"slack://{HOOK}/#data", f"pagerduty://{ROUTING_KEY}@unused"
SECRETS = [*HOOK.split("/"), ROUTING_KEY]
PATIENCE = 30
"""Seconds until a hanging answer is let go, should nobody do it."""


class Said(NamedTuple):
    """One message that Slack took."""

    at: datetime | None
    title: str
    text: str


class Event(NamedTuple):
    """One event that PagerDuty took."""

    at: datetime | None
    action: str
    key: str
    payload: dict[str, Any]


@dataclass
class Receiver:
    """Answers by `answers[service]`: a status, or `hang`; by what it is asked to otherwise."""

    now: Callable[[], datetime | None] = lambda: None
    said: list[Said] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """`slack` and `pagerduty`: what every call is answered with; a list: one after the other, then all is well."""
    asked: int = 0

    def __post_init__(self) -> None:
        self.let_go = threading.Event()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def incidents(self) -> set[str]:
        """The keys that are open: what PagerDuty makes of the events."""
        found: set[str] = set()
        for event in self.events:
            found = found | {event.key} if event.action == "trigger" else found - {event.key}
        return found

    @property
    def titles(self) -> list[str]:
        return [said.title for said in self.said]

    def answer(self, service: str) -> int | str:
        with self.lock:
            self.asked += 1
            answer = self.answers.get(service)
            if isinstance(answer, list):
                answer = answer.pop(0) if answer else None
            return answer or {"slack": 200, "pagerduty": 202}[service]

    def take(self, service: str, body: Any) -> None:
        at = self.now()
        if service == "slack":
            (one,) = body["attachments"]
            self.said.append(Said(at, html.unescape(one["title"]), html.unescape(one["text"])))
        else:
            assert body["routing_key"] == ROUTING_KEY
            self.events.append(Event(at, body["event_action"], body["dedup_key"], body.get("payload", {})))


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            service = "pagerduty" if self.path == "/v2/enqueue" else "slack"
            answer = receiver.answer(service)
            if answer == "hang":
                receiver.let_go.wait(PATIENCE)
                self.close_connection = True
                return
            taken = answer in {200, 202}
            if taken:
                receiver.take(service, body)
            told = (
                {"slack": b"ok", "pagerduty": b'{"status": "success"}'}[service]
                if taken
                else b"no " + SECRETS[2].encode()
            )
            self.send_response(int(answer))
            if answer == 302:
                self.send_header("Location", "/a/page/that/takes/anything")
            if answer == 429:
                self.send_header("Retry-After", "30")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    return Handler
