"""A Pub/Sub push: what it looks like on the wire, and what its answer means."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from gapheal.local.calls import FAULTS, call

ACKS = {102, 200, 201, 202, 204}


def deliver(subscription: Any, message: Any) -> str | None:
    """None where the endpoint acknowledged it, else what was found instead."""
    body, headers = request(subscription, message)
    url, seconds = subscription.push_config.push_endpoint, subscription.ack_deadline_seconds
    try:
        status = call("POST", url, body, headers, timeout=seconds).status
    except (*FAULTS, ValueError) as fault:  # ValueError: an attribute that cannot be a header
        return f"no answer ({fault})"
    return None if status in ACKS else f"status {status}"


def request(subscription: Any, message: Any) -> tuple[bytes, Mapping[str, str]]:
    """Body and headers of a push: the envelope with both spellings of a name, as the service sends it, or bare."""
    number, moment = message.message_id, message.publish_time.ToJsonString()
    if subscription.push_config.HasField("no_wrapper"):
        metadata = {"subscription-name": subscription.name, "message-id": number, "publish-time": moment}
        headers = {**message.attributes, **{f"x-goog-pubsub-{name}": value for name, value in metadata.items()}}
        return message.data, headers if subscription.push_config.no_wrapper.write_metadata else {}
    names = {"messageId": number, "message_id": number, "publishTime": moment, "publish_time": moment}
    data = base64.b64encode(message.data).decode()
    inner = {"data": data, "attributes": dict(message.attributes), **names}
    envelope = {"subscription": subscription.name, "message": inner}
    return json.dumps(envelope).encode(), {"Content-Type": "application/json"}
