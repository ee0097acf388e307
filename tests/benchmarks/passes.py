"""A pass that finds nothing and one that heals a date, against the bare calls that they make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks.clocks import seconds, side_by_side
from tests.benchmarks.recording import Asked, Recording, loop
from tests.benchmarks.tables import Table, kib, time, times

from gapheal.app import App
from gapheal.local.example import Example
from gapheal.local.stack import Stack
from gapheal.model.passes import Action, Request, Scope, Source

QUIET = "phase5_to_phase6"
"""What phase 5 lacks nobody asks of phase 6, so nothing is open here."""
HEALING = "phase2_to_phase3"


class Found(NamedTuple):
    """What targets speak of."""

    jobs: int
    """BigQuery jobs of the quiet pass."""
    healing: float
    """The healing pass, as a multiple of the four calls it needs."""


class Healed(NamedTuple):
    """One date's pass: its report and calls, the four of them that are needed, what moved and how long each took."""

    report: dict[str, Any]
    calls: list[Asked]
    least: list[Asked]
    moved: int
    took: float
    alone: float
    four: float


def measure(stack: Stack, rounds: int) -> tuple[Table, Found]:
    """The table, and what its targets are held against."""
    table = Table(
        "A pass",
        (
            "pass",
            "dates",
            "reads",
            "inserts",
            "claims",
            "rows back",
            "bytes back",
            "of gapheal's",
            "gapheal",
            "the same calls alone",
            "ratio",
        ),
        note="In one process against bqemulator. A claim is the creation of an empty table, no query job. Rows and "
        "bytes are what BigQuery answers to the calls alone (bodies of HTTP answers), beside them the bytes that "
        "gapheal got. The last line sets the healing pass against the four calls without which nobody could heal: one "
        "observation, one claim, one publish, one insert; gapheal's inserts go out at once, and bqemulator does one "
        "after the other.",
    )
    with loop(stack) as (application, client):
        scan = Request(Source.SCAN)
        application.run(QUIET, scan)  # the first one looks the tables up and has every verdict to write
        client.asked.clear()
        found: dict[str, Any] = {}
        moved = client.moves(lambda: found.update(application.run(QUIET, scan)))
        calls = list(client.asked)
        if found["gaps_found"] or found["errors"]:
            raise AssertionError(f"expected a quiet scan, found {found}")
        ours, bare = side_by_side(rounds, lambda: application.run(QUIET, scan), partial(_again, calls))
        table.rows.append(("quiet scan", *_cells(found, client, calls, moved, ours, bare)))

        days, job = open_dates(application)[: rounds + 1], _job(stack.project)
        _, *healed = [_heal(application, client, day, job) for day in days]  # the first of them looks the tables up
        last = healed[-1]
        took, alone, four = (median(column) for column in zip(*(each[-3:] for each in healed), strict=True))
        table.rows.append(("heal one date", *_cells(last.report, client, last.calls, last.moved, took, alone)))
        table.rows.append(
            ("heal one date, four calls", *_cells(last.report, client, last.least, last.moved, took, four))
        )
    return table, Found(sum(call.kind in {"read", "insert"} for call in calls), took / four)


def open_dates(application: App) -> list[date]:
    """Dates that nobody has healed yet."""
    looked = application.loop.look(HEALING, Request(Source.SCAN, dry_run=True))
    return [verdict.day for verdict in looked.verdicts if verdict.action is Action.WOULD_HEAL]


def observation(application: App, client: Recording, scope: Scope) -> Asked:
    """The one query that tells what exists in `scope`, with no word of the ledger in it."""
    before = len(client.asked)
    application.loop.warehouse.observe(HEALING, scope)
    return client.asked[before]


def event(day: date) -> Request:
    """An event that names one date."""
    return Request(Source.EVENT, frozenset({day}))


def _job(project: str) -> Callable[[date], None]:
    """What answers a trigger: the example's own, of the phase that is healed."""
    sys.path.append(str(Example.nba().folder))
    import warehouse  # noqa: PLC0415 - the example's, no part of a package
    import world  # noqa: PLC0415

    phase = world.PHASES[HEALING.rpartition("_")[2]]
    written = warehouse.script("".join(warehouse.insert(each.table, each.select) for each in phase.outputs))
    tables = warehouse.Warehouse(project)
    return lambda day: tables.run(written, dates=[day])


def _heal(application: App, client: Recording, day: date, job: Callable[[date], None]) -> Healed:
    """The pass that triggers `day`; then its job is done and seen, so that nothing is open when the next one comes."""
    client.asked.clear()
    done: list[Any] = []
    before = client.moved
    took = seconds(lambda: done.extend(application.passed(HEALING, event(day))))
    moved = client.moved - before
    passed, report = done
    if report["triggered"] != 1:
        raise AssertionError(f"expected one trigger for {day}, found {report}")
    calls = list(client.asked)
    acts = [[call for call in calls if call.kind == kind][-1] for kind in ("claim", "publish", "insert")]
    least = [observation(application, client, passed.seen.judged), *acts]
    alone, four = (seconds(partial(_again, each)) for each in (calls, least))
    job(day)
    if not application.run(HEALING, event(day))["conditions"]["complete"]:
        raise AssertionError(f"expected {day} to be whole after its job")
    return Healed(report, calls, least, moved, took, alone, four)


def _again(calls: Sequence[Asked]) -> None:
    for call in calls:
        call.again()


def _cells(
    report: dict[str, Any], client: Recording, calls: list[Asked], moved: int, ours: float, bare: float
) -> list[str]:
    kinds = [call.kind for call in calls]
    counted = [str(kinds.count(kind)) for kind in ("read", "insert", "claim")]
    rows = sum(call.again() for call in calls if call.kind == "read")
    dates = str(sum(report["conditions"].values()))
    back = client.moves(partial(_again, calls))
    return [dates, *counted, f"{rows:,}", kib(back), kib(moved), time(ours), time(bare), times(ours / bare)]
