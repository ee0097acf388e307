"""Sending many triggers, against the raw client in calls of the same size."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import NamedTuple
from unittest.mock import patch

from google.pubsub_v1 import PublisherClient
from tests.benchmarks.clocks import seconds
from tests.benchmarks.recording import CALL
from tests.benchmarks.tables import Table, time, times

from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.messages import Dated, compose
from gapheal.model.passes import Message, Source
from gapheal.model.pipeline import Trigger
from gapheal.publisher import PubSubPublisher

TRANSITION = "phase2_to_phase3"
TOPIC = "bench-raw"
BLOCK = 1_000
"""Messages; so many are sent by the one, then by the other."""


def measure(stack: Stack, triggers: int, groups: tuple[int, ...]) -> tuple[Table, float]:
    """The table, and how fast ours is as a share of the raw client's speed, in the smallest groups."""
    table = Table(
        f"Publishing {triggers:,} triggers",
        ("messages a call", "gapheal", "of it composing", "raw client", "gapheal's speed", "with messages composed"),
        note="gapheal composes each message and tells what became of it; the raw client sends the same bytes. In turns "
        f"of {min(BLOCK, triggers):,}. A pass sends 10 a call: a crash in between costs at most these a lease.",
    )
    shares = []
    with wiring.clients(stack.pubsub_host) as clients, patch.dict("os.environ", PUBSUB_EMULATOR_HOST=stack.pubsub_host):
        clients.publisher.create_topic(name=wiring.topic_path(stack.project, TOPIC), **CALL)
        for size in groups:
            both = Both(stack, clients.publisher, size)
            both.turn(size, raw_first=False)  # the first call of each makes its connection
            turns = [
                both.turn(min(BLOCK, triggers - start), raw_first=bool(turn % 2))
                for turn, start in enumerate(range(0, triggers, BLOCK))
            ]
            composing, sending, raw = map(sum, zip(*turns, strict=True))
            ours = composing + sending
            shares.append(raw / ours)
            cells = time(ours), time(composing), time(raw), times(raw / ours), times(raw / sending)
            table.rows.append((f"{size:,}", *cells))
    return table, shares[0]


class Took(NamedTuple):
    """Seconds for all triggers: of composing, of sending what was composed, and of the raw client."""

    composing: float
    sending: float
    raw: float


class Both:
    """The same messages, sent by gapheal and by the raw client."""

    def __init__(self, stack: Stack, client: PublisherClient, size: int) -> None:
        self._stack, self._client, self._size = stack, client, size
        self._publisher, self._trigger = PubSubPublisher(stack.project, 60.0), _trigger(stack)
        self._topic = wiring.topic_path(stack.project, TOPIC)
        self._messages: list[Message] = []
        self._wire: list[dict[str, object]] = []

    def turn(self, number: int, *, raw_first: bool) -> Took:
        """So many messages, by the one and then by the other."""
        composing = seconds(partial(self._compose, number))
        self._wire = [{"data": each.data, "attributes": dict(each.attributes)} for each in self._messages]
        raw = seconds(self._raw) if raw_first else 0.0
        return Took(composing, seconds(self._ours), raw or seconds(self._raw))

    def _compose(self, number: int) -> None:
        self._messages = composed(self._stack, number)

    def _ours(self) -> None:
        for start in range(0, len(self._messages), self._size):
            done = self._publisher.publish(self._trigger, self._messages[start : start + self._size])
            if any(each.outcome != "published" for each in done):
                raise AssertionError("expected every message to be published")

    def _raw(self) -> None:
        for start in range(0, len(self._wire), self._size):
            self._client.publish(topic=self._topic, messages=self._wire[start : start + self._size], **CALL)


def composed(stack: Stack, number: int) -> list[Message]:
    """So many triggers, as a scan would send them."""
    day = date(2024, 4, 16)
    return [
        message
        for n in range(number)
        for message in compose(stack.pipeline, TRANSITION, [Dated(day, n + 1, "missing")], Source.SCAN)
    ]


def _trigger(stack: Stack) -> Trigger:
    """To a topic that nobody else uses."""
    trigger = stack.pipeline.transitions[TRANSITION].trigger
    return trigger.model_copy(update={"pubsub": trigger.pubsub.model_copy(update={"topic": TOPIC})})
