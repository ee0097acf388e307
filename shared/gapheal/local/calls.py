"""HTTP to our own servers: one request, one reply, no proxy and no redirect in between."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

FAULTS = (OSError, HTTPException)
"""What `call` raises when there was no reply."""


class Reply(NamedTuple):
    """What came back, whatever its status."""

    status: int
    body: bytes


def call(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, timeout: float = 10
) -> Reply:
    """Send one request and read the whole reply.

    Raises:
        OSError: no connection, or no reply in `timeout` seconds.
        HTTPException: what answered speaks no HTTP.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connection = (HTTPSConnection if secure else HTTPConnection)(parts.netloc, timeout=timeout)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        reply = connection.getresponse()
        return Reply(reply.status, reply.read())
    finally:
        connection.close()
