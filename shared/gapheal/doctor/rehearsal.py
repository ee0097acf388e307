"""Every statement that gapheal sends, dry-run: BigQuery checks it and says what it would read, and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import NamedTuple

from gapheal.app import together
from gapheal.bigquery import QUERY_SECONDS, Connection, Parameter, Rows, translated
from gapheal.doctor.check import Check, Group
from gapheal.doctor.history import own
from gapheal.doctor.world import World
from gapheal.errors import GaphealError
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.judge.needs import tables_of
from gapheal.ledger import Asked, BigQueryLedger
from gapheal.ledger.recall import Question
from gapheal.ledger.schema import TABLES, VIEWS, sql
from gapheal.model.passes import Memory, Request, Scope, Source
from gapheal.reconcile.scope import scope_of
from gapheal.warehouse import BigQueryWarehouse, reads_metadata
from gapheal.warehouse.catalog import Catalogue
from gapheal.warehouse.plan import Plan
from gapheal.warehouse.sql import statement

group = Group("canary")
ROLE = "roles/bigquery.jobUser, and roles/bigquery.dataViewer on the datasets"
EXAMPLE, LONG_AGO = date(2024, 4, 16), datetime(2024, 4, 16, tzinfo=UTC)
NAMED = re.compile(r"@(\w+)")
SCANS_A_MONTH, SWEEPS_A_MONTH = 24 * 30, 30
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
DOLLARS_A_TIB = 6.25
"""On-demand list price; regions and contracts differ."""


class Statement(NamedTuple):
    """One statement to rehearse."""

    name: str
    sql: str
    parameters: Mapping[str, Parameter]


class Rehearsal(Connection):
    """A connection on which nothing runs: what is sent to it is checked, and answers no rows."""

    @classmethod
    def of(cls, connection: Connection) -> Rehearsal:
        """The same place. Never as an emulator: there a ledger is created on first use."""
        told = {each.name: getattr(connection, each.name) for each in fields(Connection)}
        return cls(**{**told, "emulator": False})

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Parameter],
        job_id: str | None = None,
        *,
        seconds: float = QUERY_SECONDS,
    ) -> Rows:
        """Have one statement checked."""
        del job_id, seconds
        self.rehearse(sql, parameters)
        return Rows([], 0)


def checks(world: World) -> Iterator[Check]:
    """What passes read of the tables and the ledger, what they add to it, and what all of it would cost."""
    monthly = 0
    for name in world.pipeline.transitions:
        monthly += yield from _observations(world, name)
        yield from _at_once(world, name)
    monthly += yield from _ledger(world)
    yield from _inserts(world)
    if world.connection.emulator:
        yield group.skipped(
            "cost", "a month of scans", "an emulator counts no bytes, and checks what reads, not what writes"
        )
        return
    dollars = monthly / 2**40 * DOLLARS_A_TIB
    yield group.ok(
        "cost",
        "a month of scans",
        f"hourly scans and daily sweeps would read {monthly:,} bytes a month, about ${dollars:,.2f} at "
        f"${DOLLARS_A_TIB} a TiB on demand, the first TiB of the month free; the dry runs cost nothing",
    )


def statements(transition: str, pipeline_names: str, ledger: str, now: datetime) -> list[Statement]:
    """Everything that is read from a ledger, with example values in the place of its parameters."""
    values: dict[str, Parameter] = {
        "transition": transition,
        "names": pipeline_names,
        "everything": True,
        "recalled": [EXAMPLE],
        "first": EXAMPLE,
        "last": EXAMPLE,
        "backfill_id": "canary",
        "characters": 100,
        "most": 10,
        "until": now,
        **dict.fromkeys(("since", "recorded_since", "heals_since", "retried_since"), LONG_AGO),
        "day_ago": now - timedelta(days=1),
        "month_ago": now - timedelta(days=30),
    }
    told = {name: sql(name, ledger) for name in _named("gapheal.ledger") if name not in VIEWS}
    told |= {f"doctor's {name}": own(name, ledger) for name in _named("gapheal.doctor")}
    told |= {f"view {name}": f"SELECT * FROM `{ledger}.{name}`" for name in VIEWS}
    return [
        Statement(name, text, {each: values[each] for each in dict.fromkeys(NAMED.findall(text))})
        for name, text in told.items()
    ]


def _named(package: str) -> list[str]:
    return sorted(each.name.removesuffix(".sql") for each in files(package).iterdir() if each.name.endswith(".sql"))


def _observations(world: World, name: str) -> Generator[Check, None, int]:
    """What observes one transition: a scan, a sweep, an event, the doubts that follow; returns its bytes a month."""
    pipeline, connection = world.pipeline, world.connection
    policy = pipeline.transitions[name].policy
    today = world.now.astimezone(pipeline.zone).date()
    try:
        tables = dict(tables_of(pipeline, name))
        plan = Plan(tables, Catalogue(connection).of(tables), pipeline.zone, reads_metadata(pipeline, connection))
        scopes = {
            asked: scope_of(policy, Request(source), Memory(), today)
            for asked, source in (("a scan", Source.SCAN), ("a sweep", Source.SWEEP))
        }
        few = {"dates of an event": Scope(dates=frozenset({today}))}
        read = {
            asked: _rehearsed(
                connection, name, *statement(plan.sources(plan.counted), scope, plan.zone, plan.partitions())
            )
            for asked, scope in {**scopes, **few}.items()
            if scope
        }
        if plan.partitioned:
            again = statement(plan.sources(plan.partitioned), few["dates of an event"], plan.zone)
            read["a second look"] = _rehearsed(connection, name, *again)
    except GaphealError as error:
        yield group.error("observation", name, error, ROLE)
        return 0
    told = (
        "checked" if connection.emulator else ", ".join(f"{asked} reads {many:,} bytes" for asked, many in read.items())
    )
    yield group.ok("observation", name, f"{len(read)} statements: {told}")
    paused = policy.mode == "paused"
    return 0 if paused else SCANS_A_MONTH * read.get("a scan", 0) + SWEEPS_A_MONTH * read.get("a sweep", 0)


def _at_once(world: World, name: str) -> Iterator[Check]:
    """What a scan reads of ledger and tables by one job; where it cannot run, passes ask for each by itself."""
    pipeline, connection = world.pipeline, world.connection
    if pipeline.recount != "all":
        return
    try:
        with translated(f"rehearsing {name}"):
            first = BigQueryWarehouse(pipeline, connection).first(name, EVER)
        asked = Asked(Question(pipeline, name, world.now), sql("recall", world.ledger))
        _rehearsed(connection, name, *together.statement(first, asked))
    except GaphealError as error:
        yield group.warn("observation", name, f"not at once with the ledger, which costs a job a scan: {error}")
        return
    yield group.ok("observation", name, "at once with the ledger: checked")


def _ledger(world: World) -> Generator[Check, None, int]:
    """What is read from the ledger; returns the bytes that passes read of it in a month."""
    total, monthly, faults = 0, 0, 0
    names = list(world.pipeline.transitions)
    asked = statements(names[0], ",".join(names), world.ledger, world.now)
    for each in asked:
        try:
            many = _rehearsed(world.connection, each.name, each.sql, each.parameters)
        except GaphealError as error:
            faults += 1
            yield group.error("ledger statement", each.name, error, ROLE)
            continue
        total += many
        if each.name == "recall":
            monthly = many * len(names) * (SCANS_A_MONTH + SWEEPS_A_MONTH)
    if not faults:
        told = "checked" if world.connection.emulator else f"each once reads {total:,} bytes"
        yield group.ok("ledger statement", world.ledger, f"{len(asked)} statements and views: {told}")
    return monthly


def _inserts(world: World) -> Iterator[Check]:
    """What is added to the ledger: one INSERT for each table, checked and not run."""
    ledger = BigQueryLedger(world.pipeline, Rehearsal.of(world.connection))
    errors = ledger.record("canary", {table: [{}] for table in TABLES})
    for error in errors:
        yield group.fail(
            "insert",
            world.ledger,
            error,
            "gapheal ledger create; or grant roles/bigquery.dataEditor on the ledger's dataset",
        )
    if not errors:
        yield group.ok("insert", world.ledger, f"{len(TABLES)} INSERT statements: checked, nothing was written")


def _rehearsed(connection: Connection, name: str, text: str, parameters: Mapping[str, Parameter]) -> int:
    with translated(f"rehearsing {name}"):
        return connection.rehearse(text, parameters)
