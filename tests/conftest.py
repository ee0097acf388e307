"""Emulators for the whole session: started when a test first asks for them, ended after the last.

Each test works in a Google Cloud project of its own, so tests share the servers and nothing else.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from hypothesis import settings

from gapheal.errors import ConfigError
from gapheal.local import bqemulator
from gapheal.local import pubsub as brokers
from gapheal.local.ports import HOST, Ports
from gapheal.local.processes import Child, Supervisor

# A law says what holds, never how fast: the machine may be busy.
settings.register_profile("gapheal", settings.default, deadline=None)
settings.load_profile("gapheal")


class Figures:
    """What the tests measured, from whichever process ran them; it stands at the end of the run, passed or not."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.told += [str(value) for name, value in report.user_properties if name == "measured"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.told:
            terminalreporter.section("measured")
            for figure in self.told:
                terminalreporter.line(figure)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Figures())


@pytest.fixture
def measured(request) -> Callable[[str], None]:
    """Keeps a figure for the end of the run."""
    return lambda figure: request.node.user_properties.append(("measured", figure))


@pytest.fixture(scope="session")
def supervisor(tmp_path_factory) -> Iterator[Supervisor]:
    with Supervisor(tmp_path_factory.mktemp("emulators")) as supervisor:
        yield supervisor


Start = Callable[[Supervisor], Child]


@pytest.fixture(scope="session")
def running(supervisor) -> Callable[[Start], str]:
    """The address of what is started. What is not installed skips on a laptop, and fails in CI."""

    def running(start: Start) -> str:
        try:
            child = start(supervisor)
        except ConfigError as missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        supervisor.wait_until_ready(child)
        return child.address

    return running


@pytest.fixture(scope="session")
def bigquery_emulator(running) -> str:
    """The URL for BIGQUERY_EMULATOR_HOST."""
    return running(lambda supervisor: bqemulator.start(supervisor, Ports()))


@pytest.fixture(scope="session")
def remembering_emulator(running) -> str:
    """The same with time travel, which costs it a copy of a table for each statement that changes it."""
    return running(lambda supervisor: bqemulator.start(supervisor, Ports(), history_days=7))


@pytest.fixture(scope="session")
def embedded_broker(running) -> str:
    return running(lambda supervisor: brokers.start(supervisor, Ports(), "embedded"))


@pytest.fixture(scope="session")
def official_broker(running) -> str:
    return running(lambda supervisor: brokers.start(supervisor, Ports(), "official"))


@pytest.fixture
def project(monkeypatch) -> str:
    """A fresh Google Cloud project, in which the test's clients work by default."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", name)
    return name


@pytest.fixture
def bq(bigquery_emulator, project, monkeypatch) -> Iterator[bigquery.Client]:
    """A client in the test's project; code under test meets the same emulator. Pass `retry=None` and a `timeout`."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator)
    with bigquery.Client(project=project, credentials=AnonymousCredentials()) as client:
        yield client


@pytest.fixture
def pubsub(request, monkeypatch) -> str:
    """The address of a broker, by default the embedded one: parametrise it (indirect) with `embedded`, `official`."""
    address: str = request.getfixturevalue(f"{getattr(request, 'param', 'embedded')}_broker")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
    return address


@dataclass
class Received:
    """One request to an endpoint."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


class Endpoint:
    """An HTTP server that keeps what it gets and answers as told."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        """Statuses of the next answers; then it is 204."""
        self.pauses: list[float] = []
        """Seconds that the next answers take; then none."""
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer((HOST, port), self._handler())
        self.url = f"http://{HOST}:{self._server.server_port}"

    def wait_for(self, count: int, seconds: float = 60) -> list[Received]:
        """The requests, as soon as there are `count`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, seconds), (
                f"expected {count} requests in {seconds} s, found {len(self.received)}"
            )
            return list(self.received)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(endpoint) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler below
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with endpoint._changed:
                    endpoint.received.append(Received(self.path, headers, body))
                    status = endpoint.statuses.pop(0) if endpoint.statuses else 204
                    pause = endpoint.pauses.pop(0) if endpoint.pauses else 0
                    endpoint._changed.notify_all()
                time.sleep(pause)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def new_endpoint() -> type[Endpoint]:
    """For tests that choose the port."""
    return Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
