"""What the publisher knows after each way in which publishing may end; the real client, a server that plays along."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from datetime import date

import grpc
import pytest
from google.pubsub_v1 import types

from gapheal.errors import ConfigError, Unavailable
from gapheal.model.passes import Message
from gapheal.model.pipeline import PubSubTarget, Trigger
from gapheal.publisher import NO_CREDENTIALS, PubSubPublisher

TOPIC = "projects/gapheal-test/topics/phase3"
TRIGGER = Trigger(pubsub=PubSubTarget(topic="phase3"))
Code = grpc.StatusCode


@dataclass
class Server:
    """Answers each Publish with the next status of its script, and with message ids when that is over."""

    script: list[Code | Callable[[], None]] = field(default_factory=list)
    calls: list[types.PublishRequest] = field(default_factory=list)
    subscriptions: int = 0
    denied: Code | None = None

    def __post_init__(self) -> None:
        self.grpc = grpc.server(futures.ThreadPoolExecutor(8))
        publish = grpc.unary_unary_rpc_method_handler(
            self.publish, types.PublishRequest.deserialize, types.PublishResponse.serialize
        )
        listing = grpc.unary_unary_rpc_method_handler(
            self.list_subscriptions,
            types.ListTopicSubscriptionsRequest.deserialize,
            types.ListTopicSubscriptionsResponse.serialize,
        )
        handlers = {"Publish": publish, "ListTopicSubscriptions": listing}
        self.grpc.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", handlers)]
        )
        self.port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()

    def publish(self, request, context):
        self.calls.append(request)
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, Code):
                context.abort(step, f"the server says {step.name}")
            step()
        number = len(self.calls)
        return types.PublishResponse(message_ids=[f"{number}-{n}" for n, _ in enumerate(request.messages)])

    def list_subscriptions(self, _request, context):
        if self.denied:
            context.abort(self.denied, "no")
        return types.ListTopicSubscriptionsResponse(subscriptions=[f"s{n}" for n in range(self.subscriptions)])


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{server.port}")
    yield server
    server.grpc.stop(None)


@pytest.fixture
def publisher() -> PubSubPublisher:
    return PubSubPublisher("gapheal-test", timeout=3)


def messages(count: int = 1) -> list[Message]:
    return [Message(f"id{n}", (date(2024, 4, 16),), b"{}", {"attempt": str(n)}) for n in range(count)]


def test_a_group_goes_in_one_call_and_comes_back_with_its_ids(server, publisher):
    group = messages(10)

    deliveries = publisher.publish(TRIGGER, group)

    assert [d.outcome for d in deliveries] == ["published"] * 10
    assert [d.message_id for d in deliveries] == [f"1-{n}" for n in range(10)]
    assert [d.message for d in deliveries] == group
    (call,) = server.calls
    assert call.topic == TOPIC
    assert [dict(m.attributes) for m in call.messages] == [{"attempt": str(n)} for n in range(10)]


def test_a_full_topic_name_may_be_of_another_project(server, publisher):
    elsewhere = Trigger(pubsub=PubSubTarget(topic="projects/other-project/topics/phase3"))

    publisher.publish(elsewhere, messages())

    assert server.calls[0].topic == "projects/other-project/topics/phase3"


REFUSALS = {
    Code.NOT_FOUND: f"{TOPIC} does not exist: create it, or name another topic in the file",
    Code.PERMISSION_DENIED: (
        f"no permission to publish to {TOPIC}: grant this service account roles/pubsub.publisher on it"
    ),
    Code.INVALID_ARGUMENT: f"{TOPIC}: Pub/Sub refused: the server says INVALID_ARGUMENT",
    Code.UNAUTHENTICATED: f"{TOPIC}: Pub/Sub refused: the server says UNAUTHENTICATED",
    Code.FAILED_PRECONDITION: f"{TOPIC}: Pub/Sub refused: the server says FAILED_PRECONDITION",
}


@pytest.mark.parametrize(("code", "error"), REFUSALS.items())
@pytest.mark.fault(10)
def test_what_the_server_refuses_was_surely_not_delivered(server, publisher, code, error):
    server.script = [code]

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert (delivery.outcome, delivery.error, delivery.unreachable) == ("failed", error, False)
    assert len(server.calls) == 1


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.ABORTED, Code.UNKNOWN, Code.RESOURCE_EXHAUSTED])
def test_what_may_pass_is_tried_again(server, publisher, code):
    server.script = [code, code]

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert (delivery.outcome, delivery.message_id) == ("published", "3-0")


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.ABORTED, Code.DEADLINE_EXCEEDED])
def test_what_does_not_pass_may_have_been_delivered(server, publisher, code):
    server.script = [code] * 100

    deliveries = publisher.publish(TRIGGER, messages(2))

    assert [d.outcome for d in deliveries] == ["unknown", "unknown"]
    assert deliveries[0].error == (
        f"{TOPIC}: Pub/Sub did not confirm: the server says {code.name}; it may have been delivered"
    )


def test_a_rate_limit_that_does_not_pass_delivered_nothing(server, publisher):
    server.script = [Code.RESOURCE_EXHAUSTED] * 100

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert (delivery.outcome, delivery.unreachable) == ("failed", False)


def test_a_refusal_after_a_doubtful_failure_leaves_the_doubt(server, publisher):
    server.script = [Code.UNAVAILABLE, Code.NOT_FOUND]

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert delivery.outcome == "unknown"


@pytest.mark.fault(8)
def test_a_server_that_does_not_answer_in_time_leaves_a_doubt(server, publisher):
    over = threading.Event()
    server.script = [lambda: over.wait(120)] * 3
    began = time.monotonic()

    (delivery,) = publisher.publish(TRIGGER, messages())
    took = time.monotonic() - began
    over.set()

    assert delivery.outcome == "unknown"
    assert took < 60, "it waits for its own 3 s, not for the server"


def test_a_server_that_vanishes_in_the_middle_leaves_a_doubt(server, publisher):
    server.script = [lambda: server.grpc.stop(None).wait()]

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert delivery.outcome == "unknown"


def test_a_server_that_is_not_there_surely_received_nothing(server, publisher):
    server.grpc.stop(None).wait()

    deliveries = publisher.publish(TRIGGER, messages(2))

    assert [(d.outcome, d.unreachable) for d in deliveries] == [("failed", True)] * 2
    assert f"{TOPIC}: no connection to Pub/Sub: failed to connect to all addresses" in str(deliveries[0].error)


def test_a_server_whose_name_nobody_knows_surely_received_nothing(monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "no name at all:80")

    (delivery,) = PubSubPublisher("gapheal-test", timeout=3).publish(TRIGGER, messages())

    assert (delivery.outcome, delivery.unreachable) == ("failed", True)
    assert "no connection to Pub/Sub" in str(delivery.error)


def test_many_threads_share_one_client(server):
    publisher = PubSubPublisher("gapheal-test")  # in its own time: a call that is late is repeated

    with futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: publisher.publish(TRIGGER, messages(5)), range(40)))

    assert {d.outcome for group in found for d in group} == {"published"}
    assert len(server.calls) == 40


@pytest.mark.usefixtures("server")
def test_a_single_message_waits_for_no_batch_to_fill(publisher):
    publisher.publish(TRIGGER, messages())
    took = []
    for _ in range(21):
        began = time.perf_counter()
        publisher.publish(TRIGGER, messages())
        took.append(time.perf_counter() - began)

    assert min(took) < 0.05


def test_without_credentials_nothing_is_sent_and_the_mend_is_told(monkeypatch, tmp_path, publisher):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")

    (delivery,) = publisher.publish(TRIGGER, messages())

    assert (delivery.outcome, delivery.error) == ("failed", NO_CREDENTIALS)
    assert NO_CREDENTIALS == (
        "no Google credentials: run `gcloud auth application-default login`, or set PUBSUB_EMULATOR_HOST for local work"
    )
    with pytest.raises(ConfigError, match="no Google credentials"):
        publisher.subscriptions("phase3")


@pytest.mark.parametrize("count", [0, 3])
def test_the_listeners_of_a_topic_are_counted(server, publisher, count):
    server.subscriptions = count

    assert publisher.subscriptions("phase3") == count


def test_who_may_not_list_subscriptions_does_not_know(server, publisher):
    server.denied = Code.PERMISSION_DENIED

    assert publisher.subscriptions("phase3") is None


@pytest.mark.parametrize(("code", "kind"), [(Code.NOT_FOUND, ConfigError), (Code.UNAVAILABLE, Unavailable)])
def test_a_topic_that_cannot_be_asked_is_an_error(server, publisher, code, kind):
    server.denied = code

    with pytest.raises(kind, match=TOPIC):
        publisher.subscriptions("phase3")
