"""What gapheal needs of Pub/Sub, of the embedded broker and of the official emulator alike.

Not here, because the official emulator differs from the service: 202 (it does not acknowledge), and how long a
failed push waits.
"""

from __future__ import annotations

import base64
import json
import time

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound

from gapheal.local.ports import Ports
from gapheal.local.wiring import Clients, clients

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.parametrize("pubsub", ["embedded", "official"], indirect=True),
]

CALL = {"retry": None, "timeout": 10.0}


class Bus:
    """One test's corner of the broker: short names, short calls."""

    def __init__(self, project: str, clients: Clients) -> None:
        self.root = f"projects/{project}"
        self.publisher, self.subscriber = clients

    def topic(self, name: str = "alpha") -> str:
        return self.publisher.create_topic(name=f"{self.root}/topics/{name}", **CALL).name

    def subscription(self, topic: str, name: str = "alpha-sub", **spec) -> str:
        request = {"name": f"{self.root}/subscriptions/{name}", "topic": topic, **spec}
        return self.subscriber.create_subscription(request=request, **CALL).name

    def publish(self, topic: str, *messages: dict) -> list[str]:
        return list(self.publisher.publish(topic=topic, messages=list(messages), **CALL).message_ids)

    def pull(self, subscription: str, at_most: int = 10) -> list:
        request = {"subscription": subscription, "max_messages": at_most}
        return list(self.subscriber.pull(request=request, **CALL).received_messages)

    def acknowledge(self, subscription: str, received: list) -> None:
        ids = [message.ack_id for message in received]
        self.subscriber.acknowledge(subscription=subscription, ack_ids=ids, **CALL)


@pytest.fixture
def bus(project, pubsub):
    with clients(pubsub) as both:
        yield Bus(project, both)


def test_a_topic_is_found_and_listed_until_it_is_deleted(bus):
    topic = bus.topic()

    assert bus.publisher.get_topic(topic=topic, **CALL).name == topic
    assert [listed.name for listed in bus.publisher.list_topics(project=bus.root, **CALL)] == [topic]

    bus.publisher.delete_topic(topic=topic, **CALL)

    with pytest.raises(NotFound):
        bus.publisher.get_topic(topic=topic, **CALL)


def test_topics_of_another_project_are_not_listed(bus):
    bus.topic()

    assert list(bus.publisher.list_topics(project=f"{bus.root}-other", **CALL)) == []


def test_the_subscriptions_of_a_topic_are_listed(bus):
    alpha, beta = bus.topic("alpha"), bus.topic("beta")
    names = {bus.subscription(alpha, "first"), bus.subscription(alpha, "second")}
    bus.subscription(beta, "third")

    assert set(bus.publisher.list_topic_subscriptions(topic=alpha, **CALL)) == names


def test_a_subscription_is_found_until_it_is_deleted(bus):
    topic = bus.topic()
    name = bus.subscription(topic, push_config={"push_endpoint": "http://127.0.0.1:9/x"}, ack_deadline_seconds=60)

    found = bus.subscriber.get_subscription(subscription=name, **CALL)
    assert (found.topic, found.push_config.push_endpoint, found.ack_deadline_seconds) == (
        topic,
        "http://127.0.0.1:9/x",
        60,
    )

    bus.subscriber.delete_subscription(subscription=name, **CALL)

    with pytest.raises(NotFound):
        bus.subscriber.get_subscription(subscription=name, **CALL)


def test_a_pulled_message_carries_data_attributes_id_and_time(bus):
    topic = bus.topic()
    subscription = bus.subscription(topic)

    (number,) = bus.publish(topic, {"data": b"x", "attributes": {"partition": "2024-04-16"}})
    (received,) = bus.pull(subscription)

    message = received.message
    assert (message.data, dict(message.attributes), message.message_id) == (b"x", {"partition": "2024-04-16"}, number)
    assert abs(message.publish_time.timestamp() - time.time()) < 60


def test_every_subscription_gets_every_message(bus):
    topic = bus.topic()
    first, second = bus.subscription(topic, "first"), bus.subscription(topic, "second")

    bus.publish(topic, {"data": b"1"}, {"data": b"2"})

    assert [sorted(r.message.data for r in bus.pull(name)) for name in (first, second)] == [[b"1", b"2"]] * 2


def test_a_message_published_before_the_subscription_is_not_delivered(bus):
    topic = bus.topic()
    bus.publish(topic, {"data": b"early"})
    subscription = bus.subscription(topic)
    bus.publish(topic, {"data": b"late"})

    assert [received.message.data for received in bus.pull(subscription)] == [b"late"]


def test_a_message_that_is_not_acknowledged_comes_again_after_the_deadline_and_then_no_more(bus):
    topic = bus.topic()
    subscription = bus.subscription(topic, ack_deadline_seconds=1)  # the service wants 10; emulators do not mind
    bus.publish(topic, {"data": b"x"})

    first = bus.pull(subscription)
    again = bus.pull(subscription) or bus.pull(subscription)
    bus.acknowledge(subscription, again)

    assert [received.message.message_id for received in again] == [first[0].message.message_id]
    assert bus.pull(subscription) == []


def test_a_pull_brings_at_most_as_many_as_asked_for(bus):
    topic = bus.topic()
    subscription = bus.subscription(topic)
    bus.publish(topic, *({"data": b"%d" % n} for n in range(5)))

    batches = [bus.pull(subscription, at_most=3), bus.pull(subscription, at_most=3)]

    assert [len(batch) for batch in batches] == [3, 2]


def test_a_pushed_envelope_has_both_spellings_of_every_name(bus, endpoint):
    topic = bus.topic()
    subscription = bus.subscription(topic, push_config={"push_endpoint": f"{endpoint.url}/phase3"})

    (number,) = bus.publish(topic, {"data": b'{"x": 1}', "attributes": {"part": "1/2"}})
    (request,) = endpoint.wait_for(1)

    envelope = json.loads(request.body)
    message = envelope["message"]
    assert (request.path, request.headers["content-type"]) == ("/phase3", "application/json")
    assert envelope["subscription"] == subscription
    assert base64.b64decode(message["data"]) == b'{"x": 1}'
    assert message["attributes"] == {"part": "1/2"}
    assert message["messageId"] == message["message_id"] == number
    assert message["publishTime"] == message["publish_time"]
    assert message["publishTime"].endswith("Z")


def test_a_message_of_attributes_alone_is_pushed(bus, endpoint):
    topic = bus.topic()
    bus.subscription(topic, push_config={"push_endpoint": endpoint.url})

    bus.publish(topic, {"attributes": {"partition": "2024-04-16"}})
    (request,) = endpoint.wait_for(1)

    assert json.loads(request.body)["message"]["attributes"] == {"partition": "2024-04-16"}


def test_an_unwrapped_push_is_the_data_with_metadata_as_headers(bus, endpoint):
    topic = bus.topic()
    config = {"push_endpoint": endpoint.url, "no_wrapper": {"write_metadata": True}}
    subscription = bus.subscription(topic, push_config=config)

    (number,) = bus.publish(topic, {"data": b'{"x": 1}', "attributes": {"partition": "2024-04-16"}})
    (request,) = endpoint.wait_for(1)

    assert request.body == b'{"x": 1}'
    assert request.headers["partition"] == "2024-04-16"
    assert request.headers["x-goog-pubsub-message-id"] == number
    assert request.headers["x-goog-pubsub-subscription-name"] == subscription
    assert request.headers["x-goog-pubsub-publish-time"].endswith("Z")


def test_an_unwrapped_push_without_metadata_is_the_data_alone(bus, endpoint):
    topic = bus.topic()
    bus.subscription(topic, push_config={"push_endpoint": endpoint.url, "no_wrapper": {}})

    bus.publish(topic, {"data": b'{"x": 1}', "attributes": {"partition": "2024-04-16"}})
    (request,) = endpoint.wait_for(1)

    assert request.body == b'{"x": 1}'
    assert "partition" not in request.headers


def test_a_push_answered_with_success_is_not_repeated(bus, endpoint):
    topic = bus.topic()
    bus.subscription(topic, push_config={"push_endpoint": endpoint.url})
    endpoint.statuses = [200, 201, 204]

    bus.publish(topic, *({"data": b"%d" % n} for n in range(3)))
    endpoint.wait_for(3)
    time.sleep(2.5)  # the official emulator repeats a failed push after one second

    assert len(endpoint.received) == 3


def test_a_push_answered_with_anything_else_comes_again_until_it_succeeds(bus, endpoint):
    topic = bus.topic()
    bus.subscription(topic, push_config={"push_endpoint": endpoint.url})
    endpoint.statuses = failures = [302, 400, 404, 500, 503]

    ids = bus.publish(topic, *({"data": b"%d" % n} for n in range(len(failures))))
    requests = endpoint.wait_for(2 * len(ids))

    assert sorted(json.loads(request.body)["message"]["messageId"] for request in requests) == sorted(ids * 2)


def test_a_push_to_nobody_comes_again_once_somebody_listens(bus, new_endpoint):
    topic = bus.topic()
    port = Ports().take("a late endpoint")
    bus.subscription(topic, push_config={"push_endpoint": f"http://127.0.0.1:{port}"})
    bus.publish(topic, {"data": b"x"})
    time.sleep(0.5)

    with new_endpoint(port) as endpoint:
        assert endpoint.wait_for(1)


def test_a_failing_endpoint_holds_back_no_other(bus, endpoint):
    topic = bus.topic()
    nobody = f"http://127.0.0.1:{Ports().take('nobody')}"
    bus.subscription(topic, "to-nobody", push_config={"push_endpoint": nobody})
    bus.subscription(topic, "to-us", push_config={"push_endpoint": endpoint.url})

    bus.publish(topic, *({"data": b"%d" % n} for n in range(50)))

    assert endpoint.wait_for(50)


def test_after_its_subscription_is_deleted_nothing_is_pushed(bus, endpoint):
    topic = bus.topic()
    subscription = bus.subscription(topic, push_config={"push_endpoint": endpoint.url})
    bus.subscriber.delete_subscription(subscription=subscription, **CALL)

    bus.publish(topic, {"data": b"x"})
    time.sleep(0.5)

    assert endpoint.received == []


def test_ten_thousand_messages_are_published_with_ids_of_their_own(bus):
    topic = bus.topic()
    batch = [{"data": b"x" * 100, "attributes": {"partition": "2024-04-16"}}] * 1000

    ids = [number for _ in range(10) for number in bus.publish(topic, *batch)]

    assert len(set(ids)) == 10_000


def test_what_exists_is_not_created_again(bus):
    topic = bus.topic()
    bus.subscription(topic)

    with pytest.raises(AlreadyExists):
        bus.topic()
    with pytest.raises(AlreadyExists):
        bus.subscription(topic)


@pytest.mark.parametrize(
    "ask",
    [
        lambda bus: bus.publisher.get_topic(topic=f"{bus.root}/topics/none", **CALL),
        lambda bus: bus.publisher.delete_topic(topic=f"{bus.root}/topics/none", **CALL),
        lambda bus: bus.publish(f"{bus.root}/topics/none", {"data": b"x"}),
        lambda bus: bus.subscription(f"{bus.root}/topics/none"),
        lambda bus: bus.subscriber.get_subscription(subscription=f"{bus.root}/subscriptions/none", **CALL),
        lambda bus: bus.subscriber.delete_subscription(subscription=f"{bus.root}/subscriptions/none", **CALL),
        lambda bus: bus.pull(f"{bus.root}/subscriptions/none"),
    ],
    ids=["get topic", "delete topic", "publish", "subscribe", "get subscription", "delete subscription", "pull"],
)
def test_what_does_not_exist_is_not_found(bus, ask):
    with pytest.raises(NotFound):
        ask(bus)


@pytest.mark.parametrize(
    "ask",
    [
        lambda bus: bus.publisher.create_topic(name="alpha", **CALL),
        lambda bus: bus.topic("1st"),
        lambda bus: bus.publish(bus.topic()),
        lambda bus: bus.publish(bus.topic(), {"data": b"x"}, {}),
        lambda bus: bus.subscription(bus.topic(), "a"),
        lambda bus: bus.subscription(bus.topic(), push_config={"push_endpoint": "ftp://x"}),
        lambda bus: bus.pull(bus.subscription(bus.topic()), at_most=0),
    ],
    ids=["topic name", "topic's first letter", "no messages", "empty message", "name", "endpoint", "pull none"],
)
def test_what_makes_no_sense_is_an_invalid_argument(bus, ask):
    with pytest.raises(InvalidArgument):
        ask(bus)
