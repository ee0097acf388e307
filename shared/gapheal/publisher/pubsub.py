"""Publishes triggers to Pub/Sub and says of each what is known of its delivery.

A group of messages is one synchronous call. The client's own batching would publish from a background thread,
which could still be sending after the answer is given (and gets no CPU then); here nothing is on its way once
`publish` returns, and a single message waits for no batch to fill.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from google.api_core import exceptions as google
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError

from gapheal.errors import ConfigError, Unavailable, brief
from gapheal.model.passes import Delivery, Message
from gapheal.model.pipeline import Trigger
from gapheal.ports import PUBLISH_SECONDS

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherClient
    from google.pubsub_v1.types import PublishRequest

EMULATOR = "PUBSUB_EMULATOR_HOST"
NO_CREDENTIALS = f"no Google credentials: run `gcloud auth application-default login`, or set {EMULATOR} for local work"

_PASSING = if_exception_type(
    google.Aborted,
    google.Cancelled,
    google.GatewayTimeout,
    google.InternalServerError,
    google.ServiceUnavailable,
    google.TooManyRequests,
    google.Unknown,
)
_NEVER_LEFT = (
    "failed to connect to all addresses",
    "DNS resolution failed",
    "errors resolving",  # the same, by gRPC's newer resolver
    "Getting metadata from plugin failed",
)
"""How gRPC words a call that reached no server; any other break may have come after the delivery."""


class PubSubPublisher:
    """The real publisher, for topics; one client a process, made at the first call."""

    def __init__(self, project: str, timeout: float = PUBLISH_SECONDS) -> None:
        self._project = project
        self._timeout = timeout
        self._made: PublisherClient | None = None
        self._lock = Lock()

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        """Send all in one call and wait for its answer; a delivery says what is known of each."""
        if trigger.pubsub is None:
            return [Delivery(message, "failed", error="this publisher sends to topics only") for message in messages]
        topic = self._path(trigger.pubsub.topic)
        failures: list[Exception] = []
        try:
            answer = self._client().publish(
                request=_wire(topic, messages),
                retry=self._retry(failures),
                timeout=self._timeout,
            )
        except ConfigError as error:
            return [Delivery(message, "failed", error=str(error)) for message in messages]
        except google.GoogleAPIError as error:
            return [_undelivered(message, topic, [*failures, error]) for message in messages]
        ids = answer.message_ids
        return [Delivery(message, "published", name) for message, name in zip(messages, ids, strict=True)]

    def subscriptions(self, topic: str) -> int | None:
        """How many subscriptions listen to `topic`; None where we may not know.

        Raises:
            ConfigError: there is no such topic, or there are no credentials.
            Unavailable: Pub/Sub did not answer.
        """
        path = self._path(topic)
        try:
            found = self._client().list_topic_subscriptions(
                request={"topic": path}, retry=self._retry([]), timeout=self._timeout
            )
            return sum(1 for _ in found)
        except google.Forbidden:
            return None
        except google.NotFound as error:
            raise ConfigError(_sentence(path, error)) from error
        except google.GoogleAPIError as error:
            host = os.environ.get(EMULATOR)
            mend = f"; {EMULATOR} is {host}: is `gapheal local up` at work there?" if host else ""
            raise Unavailable(f"{path}: Pub/Sub did not answer: {brief(error)}{mend}") from error

    def _path(self, topic: str) -> str:
        return topic if "/" in topic else f"projects/{self._project}/topics/{topic}"

    def _retry(self, failures: list[Exception]) -> Retry:
        """Retries what may pass, for far less than the wait, and remembers every failure on the way."""
        return Retry(_PASSING, initial=0.1, maximum=2, timeout=self._timeout / 3, on_error=failures.append)

    def _client(self) -> PublisherClient:
        with self._lock:
            if self._made is None:
                from google.pubsub_v1 import PublisherClient  # noqa: PLC0415 - slow, and most passes publish nothing

                emulator = os.environ.get(EMULATOR)
                credentials = AnonymousCredentials() if emulator else None  # type: ignore[no-untyped-call]  # google-auth has no types
                try:
                    self._made = PublisherClient(credentials=credentials)
                except DefaultCredentialsError as error:
                    raise ConfigError(NO_CREDENTIALS) from error
            return self._made


def _wire(topic: str, messages: Sequence[Message]) -> PublishRequest:
    """The request as protobuf itself: from dicts the client would build each field a second time."""
    from google.pubsub_v1.types import PublishRequest, PubsubMessage  # noqa: PLC0415 - slow, as the client is

    request, message = PublishRequest.pb(), PubsubMessage.pb()
    sent = [message(data=each.data, attributes=each.attributes) for each in messages]
    whole: PublishRequest = PublishRequest.wrap(request(topic=topic, messages=sent))
    return whole


def _undelivered(message: Message, topic: str, failures: Sequence[Exception]) -> Delivery:
    """What is known after `failures`, all of one call: failed only if none of them can have delivered."""
    told = [failure for failure in failures if not isinstance(failure, google.RetryError)]
    error = _sentence(topic, told[-1])
    if all(_never_left(failure) or _refused(failure) for failure in told):
        return Delivery(message, "failed", error=error, unreachable=_never_left(told[-1]))
    return Delivery(message, "unknown", error=f"{error}; it may have been delivered")


def _never_left(failure: Exception) -> bool:
    return isinstance(failure, google.ServiceUnavailable) and any(sign in failure.message for sign in _NEVER_LEFT)


def _refused(failure: Exception) -> bool:
    return isinstance(failure, google.ClientError) and not isinstance(failure, (google.Aborted, google.Cancelled))


def _sentence(topic: str, failure: Exception) -> str:
    match failure:
        case google.NotFound():
            return f"{topic} does not exist: create it, or name another topic in the file"
        case google.Forbidden():
            return f"no permission to publish to {topic}: grant this service account roles/pubsub.publisher on it"
        case _ if _never_left(failure):
            return f"{topic}: no connection to Pub/Sub: {brief(failure)}"
        case _ if _refused(failure):
            return f"{topic}: Pub/Sub refused: {brief(failure)}"
        case _:
            return f"{topic}: Pub/Sub did not confirm: {brief(failure)}"
