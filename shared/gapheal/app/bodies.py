"""Reads a request's body whole, and keeps of it what may be of use."""

from __future__ import annotations

from typing import Protocol

from werkzeug.exceptions import ClientDisconnected

from gapheal.errors import RequestError
from gapheal.events import LIMIT

_CHUNK = 64 * 1024


class Stream(Protocol):
    """What WSGI gives: an empty read is the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        ...


def read(stream: Stream) -> bytes:
    """The body, or of a larger one its first `LIMIT` + 1 bytes.

    All of it is read: an answer to a half-read request resets the connection, and the caller never sees it.

    Raises:
        RequestError: the caller went away.
    """
    kept = bytearray()
    try:
        while chunk := stream.read(_CHUNK):
            kept += chunk[: LIMIT + 1 - len(kept)]
    except (ClientDisconnected, OSError):
        raise RequestError("expected the whole body, found the connection closed before its end") from None
    return bytes(kept)
