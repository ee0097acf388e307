"""A small Pub/Sub of our own, for machines without the official emulator: the same gRPC, as far as gapheal needs it.

Topics, push and pull subscriptions, at-least-once delivery; in memory, without ordering, filters or dead letters (who
asks for those is refused), and with its own retry policy. `python -m gapheal.local.broker --port 8085` runs it.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import re
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import Any, Self

import grpc
from google.protobuf.empty_pb2 import Empty
from google.pubsub_v1 import types

from gapheal.local import push
from gapheal.local.ports import HOST

API = {
    "Publisher": "CreateTopic GetTopic ListTopics DeleteTopic ListTopicSubscriptions Publish",
    "Subscriber": "CreateSubscription GetSubscription DeleteSubscription Pull Acknowledge",
}
PUSHES = 64  # at once, per subscription: each has its own threads, so that a slow endpoint holds back no other
PULL_SECONDS = 2.0  # what an empty pull waits for a message, as in the official emulator
INVALID = grpc.StatusCode.INVALID_ARGUMENT


class Refused(Exception):
    """The answer is an error: a status code and a sentence."""


@dataclass(slots=True)
class Delivery:
    """One message on its way to one subscription."""

    message: Any
    attempt: int = 0
    due: float = 0.0


class Queue:
    """One subscription. What is taken falls due again, until it is settled; its own threads take and push."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec
        self.closed = False
        self._open: dict[str, Delivery] = {}
        self._heap: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self._pushers = 0

    def put(self, messages: Sequence[Any]) -> None:
        """Deliver these, at once."""
        with self._changed:
            for message in messages:
                self._schedule(Delivery(message), time.monotonic())
            while self.spec.push_config.push_endpoint and self._pushers < min(PUSHES, len(self._open)):
                self._pushers += 1
                threading.Thread(target=self._keep_pushing, daemon=True).start()

    def take(self, at_most: int, lease: float, wait: float) -> list[Delivery]:
        """What is due, as soon as there is anything within `wait` seconds; due again after `lease` seconds."""
        with self._changed:
            until = time.monotonic() + wait
            taken: list[Delivery] = []
            while not self.closed:
                now = time.monotonic()
                while self._heap and self._heap[0][0] <= now and len(taken) < at_most:
                    due, message_id = heapq.heappop(self._heap)
                    delivery = self._open.get(message_id)
                    if delivery and delivery.due == due:  # else it was settled meanwhile
                        delivery.attempt += 1
                        self._schedule(delivery, now + lease)
                        taken.append(delivery)
                if taken or now >= until:
                    break
                self._changed.wait(min(until, self._heap[0][0] if self._heap else until, now + 60) - now)
            return taken

    def settle(self, message_id: str, again_in: float | None = None) -> None:
        """It is done, or to be delivered again in so many seconds; a late or repeated word is nothing."""
        with self._changed:
            delivery = self._open.pop(message_id, None)
            if delivery and again_in is not None:
                self._schedule(delivery, time.monotonic() + again_in)

    def close(self) -> None:
        """Deliver nothing more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _schedule(self, delivery: Delivery, due: float) -> None:
        delivery.due = due
        self._open[delivery.message.message_id] = delivery
        heapq.heappush(self._heap, (due, delivery.message.message_id))
        self._changed.notify_all()

    def _keep_pushing(self) -> None:
        while not self.closed:
            for delivery in self.take(1, lease=self.spec.ack_deadline_seconds + 5, wait=inf):
                again_in = None
                if fault := push.deliver(self.spec, delivery.message):
                    again_in = min(2.0 ** min(delivery.attempt - 1, 16), 30.0)
                    print(f"{self.spec.name}: {fault}, again in {again_in:.0f} s", flush=True)  # noqa: T201 - its log
                self.settle(delivery.message.message_id, again_in)


class Broker:
    """The gRPC server: for each method of `API`, one of the same name in Python's spelling."""

    def __init__(self, port: int = 0) -> None:
        self._topics: dict[str, Any] = {}
        self._queues: dict[str, Queue] = {}
        self._ids = itertools.count(1)
        # With so_reuseport, the default, two servers on one port would share it without a word.
        self._server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        self.address = f"{HOST}:{self._server.add_insecure_port(f'{HOST}:{port}')}"
        for service, methods in API.items():
            handlers = {method: self._handler(method) for method in methods.split()}
            service_handler = grpc.method_handlers_generic_handler(f"google.pubsub.v1.{service}", handlers)
            self._server.add_generic_rpc_handlers([service_handler])

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for queue in self._queues.values():
            queue.close()
        self._server.stop(grace=None).wait()

    def _handler(self, name: str) -> grpc.RpcMethodHandler:
        method: Callable[[Any], Any] = getattr(self, re.sub("([A-Z])", r"_\1", name).lower())
        nouns = {"CreateTopic": "Topic", "CreateSubscription": "Subscription"}
        plain = getattr(types, nouns.get(name, f"{name}Request")).pb()

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return method(request)
            except Refused as refused:
                context.abort(*refused.args)

        # `pb()` is the plain class under the wrapped one: a tenth of the cost per message.
        return grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=plain.FromString, response_serializer=lambda reply: reply.SerializeToString()
        )

    def _create_topic(self, topic: Any) -> Any:
        return _add(self._topics, "topics", topic.name, topic)

    def _get_topic(self, request: Any) -> Any:
        return _find(self._topics, request.topic)

    def _list_topics(self, request: Any) -> Any:
        topics = [topic for name, topic in list(self._topics.items()) if name.startswith(f"{request.project}/")]
        return types.ListTopicsResponse.pb()(topics=topics)

    def _delete_topic(self, request: Any) -> Any:
        for queue in self._subscribed(request.topic):
            queue.spec.topic = "_deleted-topic_"
        self._topics.pop(request.topic, None)
        return Empty()

    def _list_topic_subscriptions(self, request: Any) -> Any:
        names = [queue.spec.name for queue in self._subscribed(request.topic)]
        return types.ListTopicSubscriptionsResponse.pb()(subscriptions=names)

    def _publish(self, request: Any) -> Any:
        queues = self._subscribed(request.topic)
        if not request.messages or not all(message.data or message.attributes for message in request.messages):
            raise Refused(INVALID, "no messages, or one without data and attributes")
        for message in request.messages:
            message.message_id = str(next(self._ids))
            message.publish_time.FromMilliseconds(time.time_ns() // 1_000_000)
        for queue in queues:
            queue.put(request.messages)
        return types.PublishResponse.pb()(message_ids=[message.message_id for message in request.messages])

    def _create_subscription(self, spec: Any) -> Any:
        _find(self._topics, spec.topic)
        if spec.filter or spec.enable_message_ordering or spec.HasField("dead_letter_policy"):
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, "no filters, ordering or dead letters here")
        if not re.match(r"(https?://|$)", spec.push_config.push_endpoint):
            raise Refused(INVALID, f"push_endpoint {spec.push_config.push_endpoint!r} is no http(s) URL")
        spec.ack_deadline_seconds = spec.ack_deadline_seconds or 10
        return _add(self._queues, "subscriptions", spec.name, Queue(spec)).spec

    def _get_subscription(self, request: Any) -> Any:
        return _find(self._queues, request.subscription).spec

    def _delete_subscription(self, request: Any) -> Any:
        _find(self._queues, request.subscription).close()
        self._queues.pop(request.subscription, None)
        return Empty()

    def _pull(self, request: Any) -> Any:
        queue = _find(self._queues, request.subscription)
        if request.max_messages < 1:
            raise Refused(INVALID, "max_messages must be at least 1")
        wait = 0 if request.return_immediately else PULL_SECONDS
        taken = queue.take(request.max_messages, queue.spec.ack_deadline_seconds, wait)
        received = [{"ack_id": delivery.message.message_id, "message": delivery.message} for delivery in taken]
        return types.PullResponse.pb()(received_messages=received)

    def _acknowledge(self, request: Any) -> Any:
        for ack_id in request.ack_ids:
            _find(self._queues, request.subscription).settle(ack_id)
        return Empty()

    def _subscribed(self, topic: str) -> list[Queue]:
        _find(self._topics, topic)
        return [queue for queue in list(self._queues.values()) if queue.spec.topic == topic]


def _find(things: dict[str, Any], name: str) -> Any:
    if name not in things:
        raise Refused(grpc.StatusCode.NOT_FOUND, f"{name} does not exist")
    return things[name]


def _add(things: dict[str, Any], kind: str, name: str, thing: Any) -> Any:
    if not re.fullmatch(rf"projects/[^/]+/{kind}/[A-Za-z][\w.~+%-]{{2,254}}", name):
        raise Refused(INVALID, f"expected projects/<project>/{kind}/<name>, found {name!r}")
    if things.setdefault(name, thing) is not thing:
        raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"{name} exists")
    return thing


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m gapheal.local.broker", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8085)
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before any thread starts: they inherit it, and `sigwait` gets them
    with Broker(parser.parse_args().port):
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
