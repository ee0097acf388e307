"""What Pub/Sub says of a topic and of who listens to it: read by the real clients, nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions as google
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from gapheal.errors import ConfigError, Unavailable, brief
from gapheal.publisher import NO_CREDENTIALS
from gapheal.pubsub import topic_path

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherClient, SubscriberClient

CALL_SECONDS = 15.0
_PASSING = if_exception_type(google.InternalServerError, google.ServiceUnavailable, google.TooManyRequests)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription, as far as it can be set up wrong."""

    name: str
    """Without its project."""
    endpoint: str
    """Where it pushes to; empty: it is pulled."""
    account: str
    """Whose identity a push carries; empty: nobody's."""
    ack_seconds: int
    expires_after: timedelta | None
    """Deleted after so long without use; None: never."""
    dead_topic: str | None
    """Where what nobody takes is sent; None: nowhere."""
    detached: bool = False


class Topics:
    """The topics of one project.

    Args:
        project: of topics that are named without one.
        publisher: for tests; by default the environment's.
        subscriber: the same.

    Raises:
        ConfigError: there are no credentials.
    """

    def __init__(
        self, project: str, publisher: PublisherClient | None = None, subscriber: SubscriberClient | None = None
    ) -> None:
        self._project = project
        self._publisher, self._subscriber = (publisher, subscriber) if publisher and subscriber else _clients()
        self._known: dict[str, list[Subscription]] = {}
        self._away: Unavailable | None = None
        """Pub/Sub could not be reached at all: every further question would wait as long."""

    def path(self, topic: str) -> str:
        """A topic's full name."""
        return topic_path(self._project, topic)

    def listeners(self, topic: str) -> list[str]:
        """The full names of all subscriptions of a topic.

        Raises:
            ConfigError: there is no such topic, or we may not look.
            Unavailable: Pub/Sub did not answer.
        """
        path = self.path(topic)
        with self._asking(path):
            return list(self._publisher.list_topic_subscriptions(request={"topic": path}, **_call()))

    def subscriptions(self, topic: str) -> list[Subscription]:
        """The same, as they are set up.

        Raises:
            ConfigError: there is no such topic, or we may not look.
            Unavailable: Pub/Sub did not answer.
        """
        if topic not in self._known:
            self._known[topic] = [self._read(name) for name in self.listeners(topic)]
        return self._known[topic]

    def may_publish(self, topic: str) -> bool:
        """Whether the account that asks may publish to it.

        Raises:
            ConfigError: there is no such topic.
            Unavailable: Pub/Sub did not answer.
        """
        wanted, path = "pubsub.topics.publish", self.path(topic)
        with self._asking(path):
            request = {"resource": path, "permissions": [wanted]}
            answer = self._publisher.test_iam_permissions(request=request, **_call())
        return wanted in answer.permissions

    def create(self, topic: str) -> None:
        """Create a topic.

        Raises:
            ConfigError: it is there already, or we may not.
            Unavailable: Pub/Sub did not answer.
        """
        with self._asking(f"creating {self.path(topic)}"):
            self._publisher.create_topic(request={"name": self.path(topic)}, **_call())

    def delete(self, topic: str) -> None:
        """Delete a topic; one that is not there is no fault.

        Raises:
            ConfigError: we may not.
            Unavailable: Pub/Sub did not answer.
        """
        with self._asking(f"deleting {self.path(topic)}"):
            try:
                self._publisher.delete_topic(request={"topic": self.path(topic)}, **_call())
            except google.NotFound:
                return

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        if self._away:
            raise Unavailable(f"{what}: not asked: Pub/Sub does not answer") from self._away
        try:
            with translated(what):
                yield
        except Unavailable as error:
            if isinstance(error.__cause__, (google.ServiceUnavailable, google.RetryError)):
                self._away = error
            raise

    def _read(self, name: str) -> Subscription:
        with self._asking(name):
            found = self._subscriber.get_subscription(request={"subscription": name}, **_call())
        # `expiration_policy` without a time to live says never; without the policy it is Pub/Sub's default.
        policy = found.expiration_policy if "expiration_policy" in found else None
        never = policy is not None and not policy.ttl
        return Subscription(
            name=name.rpartition("/")[2],
            endpoint=found.push_config.push_endpoint,
            account=found.push_config.oidc_token.service_account_email,
            ack_seconds=found.ack_deadline_seconds,
            expires_after=None if never else (policy and policy.ttl) or timedelta(days=31),
            dead_topic=found.dead_letter_policy.dead_letter_topic or None,
            detached=found.detached,
        )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the failures of the client into `ConfigError` and `Unavailable`."""
    try:
        yield
    except google.NotFound as error:
        raise ConfigError(f"{what} does not exist") from error
    except google.Forbidden as error:
        raise ConfigError(f"{what}: no permission: {brief(error)}") from error
    except (google.ServerError, google.TooManyRequests, google.RetryError, TransportError, RefreshError) as error:
        raise Unavailable(f"{what}: Pub/Sub did not answer: {brief(error)}") from error
    except google.GoogleAPICallError as error:
        raise ConfigError(f"{what}: {brief(error)}") from error


def _call() -> dict[str, Any]:
    retry = Retry(_PASSING, initial=0.2, maximum=2, timeout=CALL_SECONDS / 3)
    return {"retry": retry, "timeout": CALL_SECONDS}


def _clients() -> tuple[PublisherClient, SubscriberClient]:
    from google.pubsub_v1 import PublisherClient, SubscriberClient  # noqa: PLC0415 - slow to import

    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    credentials = AnonymousCredentials() if emulator else None  # type: ignore[no-untyped-call]  # google-auth has no types
    try:
        return PublisherClient(credentials=credentials), SubscriberClient(credentials=credentials)
    except DefaultCredentialsError as error:
        raise ConfigError(NO_CREDENTIALS) from error
