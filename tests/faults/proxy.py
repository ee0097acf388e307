"""A small proxy between the real clients and the emulators, that breaks things by rule.

One thread a connection. In front of BigQuery it reads HTTP, one request after another; in front of Pub/Sub, which
speaks gRPC, it sees bytes. A rule is asked for every request (every piece of bytes) and says what to do with it.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, Self

HOST = "127.0.0.1"
REASONS = {"400": "invalidQuery", "429": "rateLimitExceeded", "500": "internalError", "503": "backendError"}


class Seen(NamedTuple):
    """One request, or of gRPC one piece of what a client sent."""

    head: bytes
    body: bytes

    def __contains__(self, word: object) -> bool:
        return isinstance(word, bytes) and (word in self.head or word in self.body)


Rule = Callable[[Seen], str | None]
"""What to do: `reset` before it is forwarded, `drop` the reply, `delay`, `hold` it for ever, a status such as
`503`; None: nothing."""


class Held:
    """What a rule holds back, for ever: it was `seen`, and is `forgotten` in the end."""

    def __init__(self) -> None:
        self.seen, self.forgotten = threading.Event(), threading.Event()


class Proxy:
    """Listens on a port of its own, for as long as a `with` block lasts."""

    def __init__(self, upstream: str, *, http: bool) -> None:
        self.upstream = upstream.removeprefix("http://")
        self.http = http
        self.rule: Rule = lambda _: None
        self.delay = 0.5
        self.held = Held()
        self.asked = 0
        self.broken: dict[str, int] = {}
        self._server = socket.create_server((HOST, 0), backlog=256)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address = f"{'http://' if http else ''}{HOST}:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.held.forgotten.set()
        with self._lock:
            for each in (self._server, *self._open):
                _end(each)

    def hold(self, word: bytes) -> Held:
        """Hold the next request with this word in it, and everything like it."""
        self.held = Held()
        self.rule = lambda seen: "hold" if word in seen else None
        return self.held

    def calm(self) -> None:
        """Break nothing more, and forget what is held."""
        self.rule = lambda _: None
        self.held.forgotten.set()

    def once(self, word: bytes, what: str) -> None:
        """Do this to the next request with this word in it."""
        first = iter([what])
        self.rule = lambda seen: next(first, None) if word in seen else None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        host, _, port = self.upstream.rpartition(":")
        try:
            server = socket.create_connection((host, int(port)))
        except OSError:
            _end(client)
            return
        with self._lock:
            self._open |= {client, server}
        with contextlib.suppress(OSError, EOFError):
            (self._talk_http if self.http else self._talk)(client, server)
        with self._lock:
            self._open -= {client, server}
        _end(client)
        _end(server)

    def _verdict(self, seen: Seen) -> str | None:
        with self._lock:
            self.asked += 1
            verdict = self.rule(seen)
            if verdict:
                self.broken[verdict] = self.broken.get(verdict, 0) + 1
        if verdict == "delay":
            time.sleep(self.delay)
        if verdict == "hold":
            self.held.seen.set()
            self.held.forgotten.wait()
            return "reset"
        return verdict

    def _talk_http(self, client: socket.socket, server: socket.socket) -> None:
        from_client, from_server = client.makefile("rb"), server.makefile("rb")
        while True:
            request = _message(from_client)
            verdict = self._verdict(request)
            if verdict == "reset":
                return
            if verdict and verdict.isdigit():
                client.sendall(_refusal(verdict))
                continue
            server.sendall(request.head + request.body)
            reply = _message(from_server)
            if verdict == "drop":
                return
            client.sendall(reply.head + reply.body)

    def _talk(self, client: socket.socket, server: socket.socket) -> None:
        """gRPC: both ways at once. A dropped reply is everything that comes after the piece that was to be dropped."""
        mute = threading.Event()

        def back() -> None:
            with contextlib.suppress(OSError):
                while piece := server.recv(65536):
                    if mute.is_set():
                        server.settimeout(0.3)  # it has heard all, and may say the rest to nobody
                    else:
                        client.sendall(piece)
            _end(client)

        threading.Thread(target=back, daemon=True).start()
        while piece := client.recv(65536):
            verdict = self._verdict(Seen(b"", piece))
            if verdict == "reset":
                return
            if verdict == "drop":
                mute.set()
            server.sendall(piece)


def _message(stream: BinaryIO) -> Seen:
    """One HTTP message, its body as it came.

    Raises:
        EOFError: the connection ended.
    """
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (line := stream.readline()):
            raise EOFError
        head += line
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    if re.search(rb"(?im)^transfer-encoding:.*chunked", head):
        return Seen(head, _chunks(stream))
    return Seen(head, stream.read(int(length[1])) if length else b"")


def _chunks(stream: BinaryIO) -> bytes:
    whole = bytearray()
    while True:
        line = stream.readline()
        size = int(line.split(b";")[0], 16)
        whole += line + stream.read(size + 2)
        if size == 0:
            return bytes(whole)


def _refusal(status: str) -> bytes:
    """As BigQuery words one."""
    reason = REASONS[status]
    errors = [{"reason": reason, "message": "broken by rule"}]
    body = json.dumps({"error": {"code": int(status), "message": "broken by rule", "errors": errors}}).encode()
    head = f"HTTP/1.1 {status} Broken\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _end(each: socket.socket) -> None:
    """End a connection at once, also for the thread that waits for something from it."""
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
