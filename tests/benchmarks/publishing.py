"""Sending many triggers, against the raw client in calls of the same size."""

from __future__ import annotations

from datetime import date
from typing import Any
from unittest.mock import patch

from tests.benchmarks.clocks import side_by_side
from tests.benchmarks.tables import Table, time, times

from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.messages import Dated, compose
from gapheal.model.passes import Source
from gapheal.publisher import PubSubPublisher

TRANSITION = "phase2_to_phase3"
_CALL: dict[str, Any] = {"retry": None, "timeout": 60.0}


def measure(stack: Stack, triggers: int, groups: tuple[int, ...], rounds: int) -> tuple[Table, float]:
    """The table, and how fast ours is as a share of the raw client's speed, in the smallest groups."""
    table = Table(
        f"Publishing {triggers:,} triggers",
        ("messages a call", "gapheal", "raw client", "gapheal's speed"),
        note="gapheal composes each message and tells what became of it; the raw client sends the same bytes. A pass "
        "sends 10 a call: a crash in between costs at most these a lease.",
    )
    share = 0.0
    with wiring.clients(stack.pubsub_host) as clients, patch.dict("os.environ", PUBSUB_EMULATOR_HOST=stack.pubsub_host):
        publisher, trigger = PubSubPublisher(stack.project, 60.0), stack.pipeline.transitions[TRANSITION].trigger
        clients.publisher.create_topic(name=wiring.topic_path(stack.project, "bench-raw"), **_CALL)
        trigger = trigger.model_copy(update={"pubsub": trigger.pubsub.model_copy(update={"topic": "bench-raw"})})
        sent = _messages(stack, triggers)
        wire = [{"data": each.data, "attributes": dict(each.attributes)} for each in sent]
        topic = wiring.topic_path(stack.project, "bench-raw")
        for size in groups:
            parts = [slice(start, start + size) for start in range(0, triggers, size)]

            def ours(parts: list[slice] = parts) -> None:
                messages = _messages(stack, triggers)
                for part in parts:
                    if any(done.outcome != "published" for done in publisher.publish(trigger, messages[part])):
                        raise AssertionError("expected every message to be published")

            def raw(parts: list[slice] = parts) -> None:
                for part in parts:
                    clients.publisher.publish(topic=topic, messages=wire[part], **_CALL)

            mine, bare = side_by_side(rounds, ours, raw)
            share = share or bare / mine
            table.rows.append((f"{size:,}", time(mine), time(bare), times(bare / mine)))
    return table, share


def _messages(stack: Stack, number: int) -> list[Any]:
    day = date(2024, 4, 16)
    return [
        message
        for n in range(number)
        for message in compose(stack.pipeline, TRANSITION, [Dated(day, n + 1, "missing")], Source.SCAN)
    ]
