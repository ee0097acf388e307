"""From an event posted to a running function to its trigger at a subscriber, against a bare publish."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.clocks import p50_p95

from gapheal.local import wiring
from gapheal.local.example import Example
from gapheal.local.stack import Stack

TRANSITION = "phase2_to_phase3"
DEADLINE = 30.0
_CALL = {"retry": None, "timeout": DEADLINE}


def measure(stack: Stack, events: int) -> str:
    """One line: p50 and p95 of both, and the ratio of the p50s."""
    with wiring.clients(stack.pubsub_host) as clients, ThreadPoolExecutor(1) as pool:
        topic = wiring.topic_path(stack.project, stack.pipeline.transitions[TRANSITION].trigger.pubsub.topic)
        name = f"projects/{stack.project}/subscriptions/bench"
        clients.subscriber.create_subscription(name=name, topic=topic, **_CALL)

        def arrival() -> float:
            until = time.monotonic() + DEADLINE
            while time.monotonic() < until:
                got = clients.subscriber.pull(subscription=name, max_messages=1, **_CALL).received_messages
                if got:
                    at = time.perf_counter()
                    clients.subscriber.acknowledge(subscription=name, ack_ids=[got[0].ack_id], **_CALL)
                    return at
            raise AssertionError(f"expected a trigger within {DEADLINE} s, found none")

        def timed(send: Callable[[], object]) -> float:
            arrived = pool.submit(arrival)
            started = time.perf_counter()
            send()
            return arrived.result() - started

        def event(day: str) -> None:
            reply = stack.post(TRANSITION, {"message": {"attributes": {"game_date": day}}})
            if reply.status != 200:
                raise AssertionError(f"expected 200, found {reply.status} {reply.body!r}")

        def publish() -> None:
            clients.publisher.publish(topic=topic, messages=[{"data": b"{}"}], **_CALL)

        days = gaps()[: events + 1]
        timed(lambda: event(days[0]))  # the first request of a process reads the file and looks the tables up
        turns = [(timed(lambda day=day: event(day)), timed(publish)) for day in days[1:]]
    (p50, p95), (bare50, bare95) = (p50_p95(list(column)) for column in zip(*turns, strict=True))
    return (
        f"event to trigger, {len(turns)} events: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms; "
        f"a bare publish p50 {bare50 * 1000:.0f} ms, p95 {bare95 * 1000:.0f} ms: {p50 / bare50:.0f} times as long"
    )


def gaps() -> list[str]:
    """Dates that the example leaves in phase 2: the first playoffs of its calendar."""
    with (Example.nba().folder / "nba_game_dates.csv").open(newline="") as lines:
        return [line["date"] for line in csv.DictReader(lines) if line["kinds"].startswith("playoffs")]
