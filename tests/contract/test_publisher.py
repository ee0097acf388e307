"""The publisher against both brokers: what it says of a delivery is what a subscriber sees."""

from __future__ import annotations

import base64
import json
import time
from datetime import date

import pytest

from gapheal.local.wiring import Clients, clients
from gapheal.messages import Dated, trigger_id
from gapheal.model.passes import Message
from gapheal.model.pipeline import PubSubTarget, Trigger
from gapheal.publisher import PubSubPublisher

pytestmark = [pytest.mark.emulator, pytest.mark.parametrize("pubsub", ["embedded", "official"], indirect=True)]

TRIGGER = Trigger(pubsub=PubSubTarget(topic="phase3-trigger"))
CALL = {"retry": None, "timeout": 10}


@pytest.fixture
def broker(pubsub):
    with clients(pubsub) as found:
        yield found


@pytest.fixture
def topic(broker: Clients, project) -> str:
    name = f"projects/{project}/topics/phase3-trigger"
    broker.publisher.create_topic(name=name, **CALL)
    return name


@pytest.fixture
def subscription(broker: Clients, project, topic) -> str:
    name = f"projects/{project}/subscriptions/listener"
    broker.subscriber.create_subscription(request={"name": name, "topic": topic}, **CALL)
    return name


def message(n: int = 1) -> Message:
    day = date(2024, 4, n)
    run = [Dated(day, n, "missing")]
    name = trigger_id("phase2_to_phase3", [(dated.day, dated.n) for dated in run])
    return Message(name, (day,), json.dumps({"date": str(day)}).encode(), {"trigger_id": name, "partition": str(day)})


def pulled(broker: Clients, subscription: str, count: int) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Data and attributes by message id."""
    found: dict[str, tuple[bytes, dict[str, str]]] = {}
    until = time.monotonic() + 20
    while len(found) < count and time.monotonic() < until:
        answer = broker.subscriber.pull(subscription=subscription, max_messages=100, **CALL)
        for received in answer.received_messages:
            found[received.message.message_id] = (received.message.data, dict(received.message.attributes))
    return found


def test_what_is_published_is_received_under_its_id(broker, project, subscription):
    sent = [message(n) for n in range(1, 11)]

    deliveries = PubSubPublisher(project).publish(TRIGGER, sent)

    assert {delivery.outcome for delivery in deliveries} == {"published"}
    assert pulled(broker, subscription, 10) == {
        delivery.message_id: (m.data, dict(m.attributes)) for delivery, m in zip(deliveries, sent, strict=True)
    }


def test_a_message_is_pushed_to_who_listens(broker, project, topic, endpoint):
    push = {"name": f"projects/{project}/subscriptions/push", "topic": topic}
    broker.subscriber.create_subscription(request={**push, "push_config": {"push_endpoint": endpoint.url}}, **CALL)

    PubSubPublisher(project).publish(TRIGGER, [message()])

    (received,) = endpoint.wait_for(1)
    envelope = json.loads(received.body)
    assert json.loads(base64.b64decode(envelope["message"]["data"])) == {"date": "2024-04-01"}
    assert envelope["message"]["attributes"]["partition"] == "2024-04-01"


@pytest.mark.usefixtures("broker")
@pytest.mark.fault(10)
def test_a_topic_that_does_not_exist_is_named_and_nothing_was_delivered(project):
    (delivery,) = PubSubPublisher(project).publish(TRIGGER, [message()])

    assert (delivery.outcome, delivery.unreachable) == ("failed", False)
    assert delivery.error == (
        f"projects/{project}/topics/phase3-trigger does not exist: create it, or name another topic in the file"
    )


@pytest.mark.usefixtures("topic")
def test_a_topic_nobody_listens_to_is_told_from_one_that_is_heard(broker, project):
    publisher = PubSubPublisher(project)
    assert publisher.subscriptions("phase3-trigger") == 0

    name = f"projects/{project}/topics/phase3-trigger"
    for listener in ("one", "two"):
        request = {"name": f"projects/{project}/subscriptions/{listener}", "topic": name}
        broker.subscriber.create_subscription(request=request, **CALL)

    assert publisher.subscriptions(name) == 2


@pytest.mark.usefixtures("topic")
def test_publishing_one_message_takes_milliseconds(project):
    publisher = PubSubPublisher(project)
    publisher.publish(TRIGGER, [message()])
    took = []
    for _ in range(40):
        began = time.perf_counter()
        publisher.publish(TRIGGER, [message()])
        took.append(time.perf_counter() - began)

    assert min(took) < 0.05
