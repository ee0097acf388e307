"""Sends triggers to where the file says: a topic, or a URL."""

from __future__ import annotations

from collections.abc import Sequence

from gapheal.model.passes import Delivery, Message
from gapheal.model.pipeline import Trigger
from gapheal.publisher.http import HttpPublisher
from gapheal.publisher.pubsub import NO_CREDENTIALS, PubSubPublisher

__all__ = ["NO_CREDENTIALS", "HttpPublisher", "PubSubPublisher", "TargetPublisher"]


class TargetPublisher:
    """The real publisher: each trigger goes by the way of its target."""

    def __init__(self, project: str) -> None:
        self._topics = PubSubPublisher(project)
        self._urls = HttpPublisher()

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        """Send all and wait for the answers; a delivery says what is known of each."""
        return (self._urls if trigger.http else self._topics).publish(trigger, messages)

    def subscriptions(self, topic: str) -> int | None:
        """How many subscriptions listen to `topic`; None where we may not know.

        Raises:
            ConfigError: there is no such topic, or there are no credentials.
            Unavailable: Pub/Sub did not answer.
        """
        return self._topics.subscriptions(topic)
