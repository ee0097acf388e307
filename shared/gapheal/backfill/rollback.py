"""The way back from a backfill: dates that failed their post-check get what their tables held before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from gapheal.app import App
from gapheal.backfill import kept
from gapheal.backfill.doubts import Asked, doubt
from gapheal.backfill.ends import POST_CHECK
from gapheal.backfill.kept import ROLLED_BACK, Kept
from gapheal.backfill.words import AFTER
from gapheal.errors import ConfigError, RequestError
from gapheal.intervals import fold
from gapheal.model.passes import Count, Observations, Scope
from gapheal.model.past import Back
from gapheal.ports import HOLD, Past


@dataclass(frozen=True, slots=True)
class Part:
    """One date of one table."""

    transition: str
    table: str
    day: date
    at: datetime
    """When the backfill first triggered the date: it goes back to that moment."""
    then: Count
    """What the table held of it."""
    now: Count

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "transition": self.transition,
            "table": self.table,
            "date": str(self.day),
            "at": self.at.isoformat(),
            "before": {"rows": self.then.rows, "entities": self.then.entities},
            "now": {"rows": self.now.rows, "entities": self.now.entities},
            "after": {"rows": self.then.rows, "entities": self.then.entities},
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """One date that stays as it is, and why."""

    transition: str
    day: date
    why: str

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"transition": self.transition, "date": str(self.day), "why": self.why}


@dataclass(frozen=True, slots=True)
class Rollback:
    """What would be put back, and what not."""

    found: Kept
    parts: list[Part] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    now: datetime | None = None
    """By BigQuery's clock; None: there was nothing to look at."""

    @property
    def days(self) -> dict[str, list[date]]:
        """The dates to be put back, by transition."""
        days: dict[str, set[date]] = defaultdict(set)
        for part in self.parts:
            days[part.transition].add(part.day)
        return {name: sorted(some) for name, some in days.items()}

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "id": self.found.order.id,
            "parts": [part.plain() for part in self.parts],
            "refused": [refusal.plain() for refusal in self.refusals],
        }


def planned(app: App, past: Past, found: Kept, only: Collection[date] | None = None) -> Rollback:
    """What would be done; nothing is written.

    Args:
        app: the pipeline.
        past: what its tables held before.
        found: the backfill.
        only: of the dates that failed their post-check these; None: all.

    Raises:
        ConfigError: the backfill has no end, or a table is not as the file says.
        RequestError: a date did not fail its post-check.
        GaphealError: the ledger or a table cannot be read.
    """
    _must_be_finished(found)
    failed = _failed(found)
    if unknown := sorted(set(only or ()) - {day for days in failed.values() for day in days}):
        known = ", ".join(str(run) for run in fold({day for days in failed.values() for day in days})) or "none"
        listed = ", ".join(str(run) for run in fold(unknown))
        raise RequestError(f"--dates: expected dates that failed their post-check ({known}), found {listed}")
    asked = {
        name: {day: each for day, each in days.items() if only is None or day in only} for name, days in failed.items()
    }
    rollback = Rollback(found)
    for name, ends in asked.items():
        if ends:
            rollback = _with(rollback, app, past, name, ends)
    return rollback


def performed(app: App, past: Past, rollback: Rollback, who: str, why: str) -> list[Part]:
    """Put the dates back, table by table, and keep it: from now on they are held, so that no pass asks for them.

    Raises:
        GaphealError: a table could not be put back; what was done before is kept, and typing it again goes on.
    """
    order, ledger = rollback.found.order, app.loop.ledger
    at = (rollback.now or app.loop.clock.now()) + AFTER
    ledger.decide(
        [
            {
                "observed_at": at.isoformat(),
                "transition": name,
                "decision": HOLD,
                "partition_date": str(day),
                "who": who,
                "why": why,
                "until": None,
                "backfill_id": order.id,
            }
            for name, days in rollback.days.items()
            for day in days
        ]
    )
    done: list[Part] = []
    for (name, table), parts in _by_table(rollback.parts):
        past.restore(name, table, [Back(part.day, part.at, part.now.rows, part.then.rows) for part in parts])
        done += parts
        # At once: whoever types it again after a crash must not take this for somebody else's write.
        _keep(app, rollback.found, done, who)
    return done


def _with(rollback: Rollback, app: App, past: Past, name: str, ends: Mapping[date, Mapping[str, Any]]) -> Rollback:
    """The same with the dates of one transition."""
    order, loop = rollback.found.order, app.loop
    rows = loop.ledger.backfill_dates([name], order.wish.window, order.started_at)
    told = {date.fromisoformat(row["partition_date"]): row for row in rows}
    seen = loop.warehouse.observe(name, Scope(dates=frozenset(ends)))
    now = _held(app, name, seen, ends)
    restored = {(part["table"], part["date"]) for part in _done(rollback.found) if part["transition"] == name}
    asked = Asked(
        rollback.found,
        name,
        app.pipeline.transitions[name].policy.lease_minutes,
        past.reach(name),
        [each for each in kept.every(loop.ledger) if each.is_open and name in each.order.wish.transitions],
        seen.now,
    )
    refusals, moments = list(rollback.refusals), dict[date, datetime]()
    todo = {day: [table for table in now if (table, str(day)) not in restored] for day in sorted(ends)}
    for day, tables in todo.items():
        why = doubt(asked, day, ends[day], told.get(day), {table: now[table][day] for table in tables})
        if why:
            refusals.append(Refusal(name, day, why))
        elif tables:
            moments[day] = datetime.fromisoformat(told[day]["first_at"])
    then = past.held(name, moments) if moments else {}
    parts = [
        Part(name, table, day, at, then[table][day], now[table][day])
        for table in now
        for day, at in moments.items()
        if table in todo[day]
    ]
    return Rollback(rollback.found, [*rollback.parts, *parts], refusals, seen.now)


def _must_be_finished(found: Kept) -> None:
    name = found.order.id
    if found.is_open:
        raise ConfigError(
            f"expected a backfill that is finished, found {name}, {found.state}: let it end "
            f"(`gapheal backfill --resume {name}`); what it has not checked cannot be put back"
        )
    if found.finished_at is None:
        raise ConfigError(
            f"expected a backfill that is finished, found {name}, {found.state}: it has checked nothing at its end, "
            "so none of its dates failed a post-check"
        )


def _failed(found: Kept) -> dict[str, dict[date, Mapping[str, Any]]]:
    """By transition, the dates that failed their post-check, with what was seen of them."""
    steps = (found.report or {}).get("steps", [])
    return {
        step["transition"]: {
            date.fromisoformat(end["date"]): end for end in step["not_done"] if end["code"] == POST_CHECK
        }
        for step in steps
    }


def _done(found: Kept) -> list[Mapping[str, Any]]:
    """What earlier rollbacks of this backfill have put back."""
    return list((found.report or {}).get(ROLLED_BACK, []))


def _held(app: App, name: str, seen: Observations, days: Iterable[date]) -> dict[str, dict[date, Count]]:
    phase = app.pipeline.transitions[name].downstream
    return {
        key.table: {day: held.get(day, Count()) for day in days}
        for key, held in seen.counts.items()
        if key.phase == phase
    }


def _by_table(parts: Iterable[Part]) -> Iterator[tuple[tuple[str, str], list[Part]]]:
    tables: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        tables[part.transition, part.table].append(part)
    yield from tables.items()


def _keep(app: App, found: Kept, done: Sequence[Part], who: str) -> None:
    """A state more of the backfill: its report, with all that was put back by now."""
    tables = len({(part.transition, part.table) for part in done})
    at = max(app.loop.clock.now(), found.states[-1].at) + tables * AFTER
    rows = [{**part.plain(), "who": who, "done_at": at.isoformat()} for part in done]
    report = {**(found.report or {}), ROLLED_BACK: [*_done(found), *rows]}
    app.loop.ledger.keep_backfill(found.order.row(ROLLED_BACK, at, report, who))
