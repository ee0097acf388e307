"""The shapes in which an event arrives: Pub/Sub push (wrapped or not) and CloudEvent (binary or structured).

Only the body's shape and the `ce-` and `x-goog-pubsub-` headers count. A content type says nothing (Cloud
Scheduler's default is octet-stream), and message attributes may arrive as headers of the publisher's choosing:
being an event never gives a request more power, it takes power away.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from gapheal.events.strict import Malformed, parse, show

_CLOUD_EVENT_HEADERS = frozenset({"ce-id", "ce-type", "ce-specversion"})
_PUSH_HEADER = "x-goog-pubsub-"

# `{`, any pairs of a key and a scalar, then a key that only an event has. Possessive, so that it stays linear.
_SCALAR = rb'(?:"(?:[^"\\]++|\\.)*+"|[-+.\w]++)'
_EVENT_START = re.compile(
    rb'\s*+\{\s*+(?:(?!"(?:specversion|subscription|message)")"[^"\\]*+"\s*+:\s*+' + _SCALAR + rb"\s*+,\s*+)*+"
    rb'(?:"(?:specversion|subscription)"\s*+:\s*+"|"message"\s*+:\s*+\{|"data"\s*+:\s*+\{\s*+"message"\s*+:\s*+\{)',
    re.DOTALL,
)


def marked(headers: Mapping[str, str]) -> bool:
    """Whether the headers alone say that this is an event."""
    names = {name.lower() for name in headers}
    return bool(names & _CLOUD_EVENT_HEADERS) or any(name.startswith(_PUSH_HEADER) for name in names)


def looks_like_event(prefix: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a body that is too large or too broken to read is an event, by its first bytes.

    An event is acknowledged whatever is wrong with it: a refusal would only bring it back.
    """
    return marked(headers) or _EVENT_START.match(prefix) is not None


def is_event(value: Any) -> bool:
    """Whether a JSON value is an envelope, with no help from headers."""
    return isinstance(value, dict) and (_is_push(value) or _is_cloud_event(value))


def fields(value: Any) -> dict[str, Any]:
    """What the event says: its data, or its attributes where it has no data.

    Raises:
        Malformed: the envelope or the data cannot be read.
    """
    if isinstance(value, dict) and _is_cloud_event(value):
        value = _cloud_event_data(value)
    if isinstance(value, dict) and _is_push(value):
        value = _push_data(value)
    if not isinstance(value, dict):
        raise Malformed(f"expected the event to be a JSON object, found {show(value)}")
    return value


def _is_push(value: dict[str, Any]) -> bool:
    return isinstance(value.get("message"), dict) or isinstance(value.get("subscription"), str)


def _is_cloud_event(value: dict[str, Any]) -> bool:
    return "specversion" in value and not value.keys().isdisjoint({"type", "data", "data_base64"})


def _cloud_event_data(event: dict[str, Any]) -> Any:
    if "data_base64" in event:
        return parse(_decoded(event["data_base64"], "data_base64"))
    if event.get("data") is None:
        raise Malformed("expected the CloudEvent to have data, found none")
    return event["data"]


def _push_data(envelope: dict[str, Any]) -> Any:
    message = envelope.get("message")
    if not isinstance(message, dict):
        raise Malformed(f"expected message to be an object, found {show(message)}")
    data = message.get("data")
    if data is None or data == "":  # a message may consist of its attributes alone
        return message.get("attributes") or {}
    return parse(_decoded(data, "message.data"))


def _decoded(text: Any, where: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise Malformed(f"{where}: expected base64, found {show(text)}") from None
