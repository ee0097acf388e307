"""A pass that finds nothing and one that heals a date, against the bare calls that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.benchmarks.clocks import seconds, side_by_side
from tests.benchmarks.tables import Table, time, times

from gapheal import app
from gapheal.bigquery import Connection
from gapheal.claims import BigQueryClaims
from gapheal.ledger import BigQueryLedger
from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.model.passes import Action, Delivery, Message, Request, Source
from gapheal.model.pipeline import Trigger
from gapheal.publisher import PubSubPublisher
from gapheal.warehouse import BigQueryWarehouse

QUIET = "phase5_to_phase6"
"""What phase 5 lacks nobody asks of phase 6, so nothing is open here."""
HEALING = "phase2_to_phase3"
_CALL: dict[str, Any] = {"retry": None, "timeout": 60.0}


class Asked(NamedTuple):
    """One call of a pass."""

    kind: str
    """`read`, `insert`, `claim` or `publish`."""
    again: Callable[[], int]
    """Asks the same again, under no stable id; the rows that come back."""


class Found(NamedTuple):
    """What targets speak of, and what is left for others."""

    jobs: int
    """BigQuery jobs of the quiet pass."""
    healing: float
    """The healing pass, as a multiple of the four calls it needs."""
    gaps: list[str]
    """Dates that nobody has healed yet."""


class Recording(bigquery.Client):
    """A client that remembers what it was asked."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[Asked] = []
        self._fresh = count(1)

    def query(self, query: str, **settings: Any) -> bigquery.QueryJob:
        """As always."""
        again = {**settings, "job_id": None, "job_retry": None}
        raw = super().query
        kind = "insert" if query.startswith("INSERT") else "read"
        self.asked.append(Asked(kind, lambda: len(list(raw(query, **again).result(retry=None, timeout=60)))))
        return raw(query, **settings)

    def create_table(self, table: bigquery.Table, **settings: Any) -> bigquery.Table:
        """As always; again under another name."""
        raw = super().create_table

        def again() -> int:
            other = bigquery.Table(f"{table.project}.{table.dataset_id}.bench_{next(self._fresh)}")
            raw(other, **settings)
            return 0

        self.asked.append(Asked("claim", again))
        return raw(table, **settings)


class Publisher(PubSubPublisher):
    """The real one, remembering what it sent."""

    def __init__(self, stack: Stack, client: Recording, raw: wiring.Clients) -> None:
        super().__init__(stack.project)
        self._asked = client.asked
        self._raw = raw

    def publish(self, trigger: Trigger, messages: list[Message]) -> list[Delivery]:
        """As always."""
        wire = [{"data": each.data, "attributes": dict(each.attributes)} for each in messages]
        topic = self._path(trigger.pubsub.topic)
        raw = self._raw.publisher.publish
        self._asked.append(Asked("publish", lambda: len(raw(topic=topic, messages=wire, **_CALL).message_ids)))
        return super().publish(trigger, messages)


def measure(stack: Stack, rounds: int) -> tuple[Table, Found]:
    """The table, and what its targets are held against."""
    table = Table(
        "A pass",
        ("pass", "dates", "reads", "inserts", "claims", "rows back", "gapheal", "the same calls alone", "ratio"),
        note="In one process against bqemulator. A claim is the creation of an empty table, no query job. The last "
        "line sets the healing pass against the four calls without which nobody could heal: one observation, one "
        "claim, one publish, one insert.",
    )
    with loop(stack) as (application, client):
        scan = Request(Source.SCAN)
        application.run(QUIET, scan)  # the first one looks the tables up and has every verdict to write
        client.asked.clear()
        found = application.run(QUIET, scan)
        calls = list(client.asked)
        if found["gaps_found"] or found["errors"]:
            raise AssertionError(f"expected a quiet scan, found {found}")
        ours, bare = side_by_side(rounds, lambda: application.run(QUIET, scan), lambda: [c.again() for c in calls])
        table.rows.append(("quiet scan", *_cells(found, calls, ours, bare)))
        jobs = sum(call.kind in {"read", "insert"} for call in calls)

        times_of: list[tuple[float, float, float]] = []
        looked = application.loop.look(HEALING, Request(Source.SCAN, dry_run=True))
        gaps = [verdict.day for verdict in looked.verdicts if verdict.action is Action.WOULD_HEAL]
        for day in gaps[: rounds + 1]:
            client.asked.clear()
            event = Request(Source.EVENT, frozenset({day}))
            report: dict[str, Any] = {}
            took = seconds(lambda event=event, report=report: report.update(application.run(HEALING, event)))
            if report["triggered"] != 1:
                raise AssertionError(f"expected one trigger for {day}, found {report}")
            calls = list(client.asked)
            least = [
                [call for call in calls if call.kind == kind][-1] for kind in ("read", "claim", "publish", "insert")
            ]
            alone = seconds(lambda calls=calls: [call.again() for call in calls])
            times_of.append((took, alone, seconds(lambda least=least: [call.again() for call in least])))
        took, alone, four = (sorted(column)[len(column) // 2] for column in zip(*times_of[1:], strict=True))
        table.rows.append(("heal one date", *_cells(report, calls, took, alone)))
        table.rows.append(("heal one date, four calls", *_cells(report, least, took, four)))
    return table, Found(jobs, took / four, [str(day) for day in gaps[rounds + 1 :]])


def _cells(report: dict[str, Any], calls: list[Asked], ours: float, bare: float) -> list[str]:
    kinds = [call.kind for call in calls]
    counted = [str(kinds.count(kind)) for kind in ("read", "insert", "claim")]
    rows = sum(call.again() for call in calls if call.kind == "read")
    dates = str(sum(report["conditions"].values()))
    return [dates, *counted, f"{rows:,}", time(ours), time(bare), times(ours / bare)]


@contextmanager
def loop(stack: Stack) -> Iterator[tuple[app.App, Recording]]:
    """The application against the stack in this process, and the client that remembers."""
    pipeline = stack.pipeline
    client = Recording(
        project=stack.project,
        location=pipeline.location,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": stack.bigquery_host},
    )
    to_emulator = Connection(client, stack.project, pipeline.location, {}, emulator=True)
    with wiring.clients(stack.pubsub_host) as raw, patch.dict("os.environ", stack.env()):
        built = app.build(
            pipeline,
            warehouse=BigQueryWarehouse(pipeline, to_emulator),
            ledger=BigQueryLedger(pipeline, to_emulator),
            claims=BigQueryClaims(pipeline, to_emulator),
            publisher=Publisher(stack, client, raw),
        )
        yield built, client
