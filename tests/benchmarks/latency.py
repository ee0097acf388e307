"""From an event posted to a running function to its trigger at a subscriber, and the raw calls of one likewise."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from statistics import quantiles

from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import SubscriberClient
from tests.benchmarks.passes import HEALING, event, observation, open_dates
from tests.benchmarks.recording import CALL, loop
from tests.benchmarks.tables import Table, time, times

from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.model.passes import Scope
from gapheal.reconcile.scope import remembered

DEADLINE = 45.0
"""Seconds; what has not come by then is told as late."""
SENDERS = 32
SUBSCRIPTION = "bench"

Send = Callable[[str], object]
"""Does what ends in a trigger for the partition that it is given."""
Listen = Callable[[Collection[str]], dict[str, float]]
"""Waits for the triggers of partitions; when each came."""


def measure(stack: Stack, events: int, rates: Sequence[int]) -> tuple[Table, float]:
    """The table, and the middle event as a multiple of the middle raw calls, one at a time.

    Args:
        stack: the running example.
        events: how many of each kind one at a time.
        rates: events a second; each kind then comes for two seconds, but no more than 40 and no fewer than 15.
    """
    table = Table(
        "From event to trigger",
        ("events", "who", "p50", "p95", "p99", "p50 against the raw calls"),
        note="An HTTP POST to a running function until a subscriber has the trigger, all on one machine. The raw calls "
        "are what anybody would need: one query of the ledger, one of the tables, one claim, one publish, from a "
        "process that is there already. The engine behind both is one bqemulator, which answers one query after the "
        "other, so that a rate above its own queues: such lines show its queue, not gapheal's. Real BigQuery answers "
        "queries side by side.",
    )
    with _posting(stack) as (post, raw, dates), _listening(stack) as listen:
        _one(listen, post, next(dates))  # the first of a process reads the file and looks the tables up
        names = (f"raw-{n}" for n in count())
        turns = [(_one(listen, post, next(dates)), _one(listen, raw, next(names))) for _ in range(events)]
        ours, bare = (list(column) for column in zip(*turns, strict=True))
        one = _p(ours, 50) / _p(bare, 50)
        table.rows.append((f"{events}, one at a time", "gapheal", *_percentiles(ours), times(one)))
        table.rows.append((f"{events}, one at a time", "the raw calls", *_percentiles(bare), times(1)))
        for rate in rates:
            number = min(max(rate * 2, min(15, events)), 40)
            mine = _flow(listen, post, [next(dates) for _ in range(number)], rate)
            theirs = _flow(listen, raw, [next(names) for _ in range(number)], rate)
            ratio = times(_p(mine, 50) / _p(theirs, 50)) if mine and theirs else "-"
            for who, waits, against in (("gapheal", mine, ratio), ("the raw calls", theirs, times(1))):
                late = f", {number - len(waits)} not within {DEADLINE:.0f} s" * (len(waits) < number)
                table.rows.append((f"{number} at {rate}/s{late}", who, *_percentiles(waits), against))
    return table, one


@contextmanager
def _listening(stack: Stack) -> Iterator[Listen]:
    """Listens to the triggers while something is sent."""
    name = f"projects/{stack.project}/subscriptions/{SUBSCRIPTION}"
    with wiring.clients(stack.pubsub_host) as clients:
        clients.subscriber.create_subscription(name=name, topic=_topic(stack), **CALL)
        yield partial(_arrivals, clients.subscriber, name)


def _arrivals(client: SubscriberClient, name: str, wanted: Collection[str]) -> dict[str, float]:
    """When each partition's trigger came, of those that are wanted; a late one of before is none."""
    came: dict[str, float] = {}
    until = clock.monotonic() + DEADLINE
    while len(came) < len(wanted) and (left := until - clock.monotonic()) > 0:
        try:
            got = client.pull(subscription=name, max_messages=100, retry=None, timeout=left).received_messages
        except DeadlineExceeded:
            break
        at = clock.perf_counter()
        told = [each.message.attributes.get("partition", "") for each in got]
        came |= {partition: at for partition in told if partition in wanted}
        if got:
            client.acknowledge(subscription=name, ack_ids=[each.ack_id for each in got], **CALL)
    return came


@contextmanager
def _posting(stack: Stack) -> Iterator[tuple[Send, Send, Iterator[str]]]:
    """Posts an event, makes the raw calls of one, and dates that are to be healed."""
    with loop(stack) as (application, client), wiring.clients(stack.pubsub_host) as clients:
        days = open_dates(application)
        policy = stack.pipeline.transitions[HEALING].policy
        client.asked.clear()
        first = days[0]
        application.loop.ledger.recall(HEALING, remembered(policy, event(first)))
        ledger = client.asked[0]
        tables = observation(application, client, Scope(dates=frozenset({first})))
        application.run(HEALING, event(first))
        claim = next(call for call in client.asked if call.kind == "claim")
        topic = _topic(stack)

        def raw(name: str) -> None:
            for call in (ledger, tables, claim):
                call.again()
            message = {"data": b"{}", "attributes": {"partition": name}}
            clients.publisher.publish(topic=topic, messages=[message], **CALL)

        def post(day: str) -> None:
            reply = stack.post(HEALING, {"message": {"attributes": {"game_date": day}}})
            if reply.status != 200:
                raise AssertionError(f"expected 200, found {reply.status} {reply.body!r}")

        yield post, raw, map(str, days[1:])


def _one(listen: Listen, send: Send, name: str) -> float:
    """How long one takes with nothing else on its way."""
    with ThreadPoolExecutor(1) as pool:
        arrived = pool.submit(listen, {name})
        started = clock.perf_counter()
        send(name)
        came = arrived.result()
    if name not in came:
        raise AssertionError(f"expected a trigger for {name} within {DEADLINE:.0f} s, found none")
    return came[name] - started


def _flow(listen: Listen, send: Send, names: Sequence[str], rate: int) -> list[float]:
    """How long each takes that came in time, where none waits for another."""
    sent: dict[str, float] = {}
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(SENDERS) as senders:
        arrived = pool.submit(listen, set(names))
        began = clock.perf_counter()
        for place, name in enumerate(names):
            clock.sleep(max(began + place / rate - clock.perf_counter(), 0))
            sent[name] = clock.perf_counter()
            senders.submit(send, name)
        came = arrived.result()
    return [came[name] - sent[name] for name in names if name in came]


def _topic(stack: Stack) -> str:
    return wiring.topic_path(stack.project, stack.pipeline.transitions[HEALING].trigger.pubsub.topic)


def _percentiles(waits: Sequence[float]) -> list[str]:
    return [time(_p(waits, percent)) if waits else "-" for percent in (50, 95, 99)]


def _p(waits: Sequence[float], percent: int) -> float:
    return quantiles(waits, n=100, method="inclusive")[percent - 1] if len(waits) > 1 else waits[0]
