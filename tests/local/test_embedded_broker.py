"""What the embedded broker does better than the official emulator, or says it does not do."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from google.api_core.exceptions import MethodNotImplemented

from gapheal.local.broker import Broker
from gapheal.local.wiring import Clients, clients

CALL = {"retry": None, "timeout": 10.0}
TOPIC = "projects/test/topics/alpha"
SUBSCRIPTION = "projects/test/subscriptions/alpha-sub"


@pytest.fixture
def broker():
    with Broker() as broker, clients(broker.address) as both:
        both.publisher.create_topic(name=TOPIC, **CALL)
        yield both


def subscribe(broker: Clients, **spec) -> None:
    broker.subscriber.create_subscription(request={"name": SUBSCRIPTION, "topic": TOPIC, **spec}, **CALL)


def publish(broker: Clients, *messages: dict) -> None:
    broker.publisher.publish(topic=TOPIC, messages=list(messages), **CALL)


def numbers(requests) -> list[str]:
    return [json.loads(request.body)["message"]["messageId"] for request in requests]


def test_202_acknowledges_as_in_the_service(broker, endpoint):
    subscribe(broker, push_config={"push_endpoint": endpoint.url})
    endpoint.statuses = [202]

    publish(broker, {"data": b"x"})
    endpoint.wait_for(1)
    time.sleep(1.5)

    assert len(endpoint.received) == 1


def test_a_failing_push_waits_a_second_and_then_twice_as_long_each_time(broker, endpoint):
    subscribe(broker, push_config={"push_endpoint": endpoint.url})
    endpoint.statuses = [500, 500]

    publish(broker, {"data": b"x"})
    first, second, third = (request.at for request in endpoint.wait_for(3))

    assert second - first >= 0.9  # a busy machine may be late, never early; two clocks are read
    assert third - second >= 1.9


def test_an_endpoint_that_does_not_answer_in_the_ack_deadline_gets_the_message_again(broker, endpoint):
    subscribe(broker, push_config={"push_endpoint": endpoint.url}, ack_deadline_seconds=1)
    endpoint.pauses = [3]

    publish(broker, {"data": b"x"})
    first, second = endpoint.wait_for(2)

    assert numbers([first]) == numbers([second])
    assert second.at - first.at >= 1.9  # the deadline, and the first delay; two clocks are read


def test_an_attribute_that_cannot_be_a_header_does_not_stop_the_next_message(broker, endpoint):
    config = {"push_endpoint": endpoint.url, "no_wrapper": {"write_metadata": True}}
    subscribe(broker, push_config=config)

    publish(broker, *({"data": b"bad", "attributes": {"note": "two\nlines"}} for _ in range(10)))
    publish(broker, {"data": b"good"})

    assert endpoint.wait_for(1)[0].body == b"good"


def test_a_push_takes_milliseconds(broker, endpoint):
    subscribe(broker, push_config={"push_endpoint": endpoint.url})
    seconds = []
    for count in range(1, 31):
        published = time.monotonic()
        publish(broker, {"data": b"x"})
        seconds.append(endpoint.wait_for(count)[-1].at - published)

    assert min(seconds) < 0.02


def test_pulled_messages_come_in_the_order_of_publishing(broker):
    subscribe(broker)
    for n in range(30):
        publish(broker, {"data": b"%d" % n})

    pulled = broker.subscriber.pull(request={"subscription": SUBSCRIPTION, "max_messages": 30}, **CALL)

    assert [received.message.data for received in pulled.received_messages] == [b"%d" % n for n in range(30)]


@pytest.mark.parametrize(
    "spec",
    [
        {"filter": 'attributes.part = "1/2"'},
        {"enable_message_ordering": True},
        {"dead_letter_policy": {"dead_letter_topic": TOPIC, "max_delivery_attempts": 5}},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_what_it_cannot_do_it_refuses_instead_of_ignoring_it(broker, spec):
    with pytest.raises(MethodNotImplemented, match="no filters, ordering or dead letters here"):
        subscribe(broker, **spec)


def test_two_brokers_do_not_share_a_port():
    with Broker() as first:
        port = first.address.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, "-m", "gapheal.local.broker", "--port", port],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert second.returncode != 0
    assert port in second.stderr


def test_brokers_of_two_stacks_know_nothing_of_each_other():
    with Broker() as first, Broker() as second, clients(first.address) as one, clients(second.address) as other:
        one.publisher.create_topic(name="projects/test/topics/alpha", **CALL)

        assert list(other.publisher.list_topics(project="projects/test", **CALL)) == []
