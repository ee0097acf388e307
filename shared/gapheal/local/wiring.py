"""Topics and push subscriptions of a whole pipeline, as Terraform makes them in the cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import grpc
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from gapheal.model.pipeline import Pipeline, PubSubTarget
from gapheal.pubsub import topic_path

ACK_SECONDS = 60
"""For a pass, and for an example worker."""
_RETRY = {"minimum_backoff": timedelta(seconds=1), "maximum_backoff": timedelta(seconds=30)}
_CALL: dict[str, Any] = {"retry": None, "timeout": 10.0}


class Clients(NamedTuple):
    """The two halves of the API."""

    publisher: PublisherClient
    subscriber: SubscriberClient


@contextmanager
def clients(address: str) -> Iterator[Clients]:
    """Clients of the broker at `address`, whatever the environment says."""
    with grpc.insecure_channel(address) as channel:
        yield Clients(
            PublisherClient(transport=PublisherGrpcTransport(channel=channel)),
            SubscriberClient(transport=SubscriberGrpcTransport(channel=channel)),
        )


def wire(
    pipeline: Pipeline, project: str, clients: Clients, functions: Mapping[str, str], workers: str | None = None
) -> None:
    """Create every topic, and subscribe what listens to it.

    Each transition's function (its URL in `functions`) hears the completion events of the phases on both its sides,
    and `<workers>/<downstream phase>` its triggers.
    """
    for topic in topics(pipeline):
        clients.publisher.create_topic(name=topic_path(project, topic), **_CALL)
    for name, transition in pipeline.transitions.items():
        for topic, phase in pipeline.hears(name).items() if name in functions else ():
            _subscribe(clients, project, topic, f"{name}-hears-{phase}", functions[name])
        if (target := transition.trigger.pubsub) and workers:
            _subscribe(clients, project, target.topic, f"{name}-triggers", f"{workers}/{transition.downstream}")


def topics(pipeline: Pipeline) -> list[str]:
    """Every topic that the pipeline names, once."""
    targets = (transition.trigger.pubsub for transition in pipeline.transitions.values())
    triggers = (target.topic for target in targets if isinstance(target, PubSubTarget))
    completions = (phase.completion_topic for phase in pipeline.phases.values() if phase.completion_topic)
    return list(dict.fromkeys([*completions, *triggers]))


def _subscribe(clients: Clients, project: str, topic: str, name: str, url: str) -> None:
    subscription = {
        "name": f"projects/{project}/subscriptions/{name}",
        "topic": topic_path(project, topic),
        "push_config": {"push_endpoint": url},
        "ack_deadline_seconds": ACK_SECONDS,
        "retry_policy": _RETRY,
    }
    clients.subscriber.create_subscription(request=subscription, **_CALL)
