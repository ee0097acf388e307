"""What is kept of an event that could not be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

KEPT = 64 * 1024
"""Bytes of a rejected body that are kept."""

# Searched instead of parsed: what is rejected is often not JSON, and these two fields are only for a person's eyes.
_MESSAGE_ID = re.compile(rb'"message_?[iI]d"\s*:\s*"([\w.:-]{1,128})"')
_PUBLISH_TIME = re.compile(rb'"publish_?[tT]ime"\s*:\s*"([\w.:+-]{10,40})"')


def rejection(body: bytes, headers: Mapping[str, str], error: str) -> dict[str, Any]:
    """The ledger's columns about a rejected event: its first 64 KiB, the error, the message's id and time."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {
        "raw": body[:KEPT].decode("utf-8", errors="replace"),
        "error": error,
        "message_id": (lower.get("x-goog-pubsub-message-id") or lower.get("ce-id") or "")[:128]
        or _found(_MESSAGE_ID, body),
        "publish_time": _timestamp(
            lower.get("x-goog-pubsub-publish-time") or lower.get("ce-time") or _found(_PUBLISH_TIME, body)
        ),
    }


def _found(pattern: re.Pattern[bytes], body: bytes) -> str | None:
    match = pattern.search(body)
    return match[1].decode() if match else None


def _timestamp(text: str | None) -> str | None:
    """`text` where it is a moment in time, with its zone; whoever publishes may have written anything there."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.isoformat() if moment.tzinfo else None
