"""From an event posted to a running function to its trigger at a subscriber, one at a time and at a rate."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import quantiles
from threading import Event

from tests.benchmarks.tables import Table, time, times

from gapheal.local import wiring
from gapheal.local.stack import Stack

TRANSITION = "phase2_to_phase3"
DEADLINE = 60.0
_CALL = {"retry": None, "timeout": DEADLINE}


def measure(stack: Stack, gaps: Sequence[str], events: int, rates: tuple[int, ...]) -> Table:
    """The table: one event at a time beside a bare publish, then events that do not wait for one another.

    Args:
        stack: the running example.
        gaps: dates that are to be healed; each event takes one.
        events: how many, at most, of each kind.
        rates: events a second.
    """
    table = Table(
        "From event to trigger",
        ("events", "p50", "p95", "p99", "p50 against a bare publish"),
        note="An HTTP POST to a running function until a subscriber has the trigger, all on one machine; the engine "
        "behind it is one bqemulator for everybody, which answers one query after the other, so that a rate above its "
        "own queues. Real BigQuery answers them side by side.",
    )
    with wiring.clients(stack.pubsub_host) as clients, ThreadPoolExecutor(1) as pool:
        topic = wiring.topic_path(stack.project, stack.pipeline.transitions[TRANSITION].trigger.pubsub.topic)
        name = f"projects/{stack.project}/subscriptions/bench"
        clients.subscriber.create_subscription(name=name, topic=topic, **_CALL)

        def arrivals(number: int, stop: Event) -> dict[str, float]:
            """When each date's trigger came."""
            came: dict[str, float] = {}
            until = clock.monotonic() + DEADLINE
            while len(came) < number and clock.monotonic() < until and not stop.is_set():
                got = clients.subscriber.pull(subscription=name, max_messages=100, **_CALL).received_messages
                at = clock.perf_counter()
                came |= {each.message.attributes.get("partition", ""): at for each in got}
                if got:
                    clients.subscriber.acknowledge(subscription=name, ack_ids=[each.ack_id for each in got], **_CALL)
            return came

        def timed(send: Callable[[], object]) -> float:
            arrived = pool.submit(arrivals, 1, Event())
            started = clock.perf_counter()
            send()
            return max(arrived.result().values()) - started

        def event(day: str) -> None:
            reply = stack.post(TRANSITION, {"message": {"attributes": {"game_date": day}}})
            if reply.status != 200:
                raise AssertionError(f"expected 200, found {reply.status} {reply.body!r}")

        def publish() -> None:
            clients.publisher.publish(topic=topic, messages=[{"data": b"{}"}], **_CALL)

        days = iter(gaps)
        first = next(days)
        timed(partial(event, first))  # the first request of a process reads the file and looks the tables up
        turns = [(timed(partial(event, next(days))), timed(publish)) for _ in range(events)]
        ours, bare = (list(column) for column in zip(*turns, strict=True))
        table.rows.append((f"{events}, one at a time", *_percentiles(ours), times(_p(ours, 50) / _p(bare, 50))))
        table.rows.append(("a bare publish", *_percentiles(bare), times(1)))
        for rate in rates:
            number = min(max(rate * 2, events // 2), events)
            chosen, sent, stop = [next(days) for _ in range(number)], dict[str, float](), Event()
            arrived = pool.submit(arrivals, number, stop)
            with ThreadPoolExecutor(32) as senders:
                began = clock.perf_counter()
                for place, day in enumerate(chosen):
                    clock.sleep(max(began + place / rate - clock.perf_counter(), 0))
                    sent[day] = clock.perf_counter()
                    senders.submit(event, day)
            came = arrived.result()
            waits = [came[day] - sent[day] for day in chosen if day in came]
            late = f", {number - len(waits)} not within {DEADLINE:.0f} s" * (len(waits) < number)
            cells = _percentiles(waits) if len(waits) > 1 else ["-"] * 3
            against = times(_p(waits, 50) / _p(bare, 50)) if waits else "-"
            table.rows.append((f"{number} at {rate}/s{late}", *cells, against))
    return table


def _percentiles(waits: list[float]) -> list[str]:
    return [time(_p(waits, percent)) for percent in (50, 95, 99)]


def _p(waits: list[float], percent: int) -> float:
    return quantiles(waits, n=100, method="inclusive")[percent - 1] if len(waits) > 1 else waits[0]
