"""A month that is planned beforehand, and what people should hear of it.

This knows nothing of gapheal's code, of its alerts least of all: what should be told follows from the plan alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

HOUR = timedelta(hours=1)
LEASE_HOURS, ATTEMPTS = 2, 3
"""Of the policy; a job needs minutes."""
RUNS = 8
"""Runs of dates that a message names."""


@dataclass(frozen=True)
class Plant:
    """Downstream rows that get lost at `at`."""

    dates: tuple[date, ...]
    at: datetime
    mended_at: datetime | None = None
    """Until then the job brings nothing for them; then somebody says retry. None: the job works."""
    accepted_at: datetime | None = None
    """These are too old to be touched; then somebody says accept."""


class Outage(NamedTuple):
    """Hours in which neither Slack nor PagerDuty takes anything."""

    start: datetime
    end: datetime


class News(NamedTuple):
    """One thing that a message says."""

    verb: str
    """opened, more, over, still"""
    kind: str
    dates: frozenset[date]
    """Those that are named; a message names eight runs."""
    left: int = 0
    """How many more there are."""

    def as_named(self) -> News:
        """With as many dates as a message names."""
        named: list[date] = []
        runs = 0
        for day in sorted(self.dates):
            runs += not named or day - named[-1] > timedelta(days=1)
            if runs > RUNS:
                break
            named.append(day)
        return News(self.verb, self.kind, frozenset(named), len(self.dates) - len(named))


class Note(NamedTuple):
    """One message, when it arrives."""

    at: datetime
    news: frozenset[News]


def month(seed: int, first_scan: datetime, hours: int, healthy: list[date], old: list[date]) -> list[Plant]:
    """A plan: every day or so something gets lost; no date twice within what its story takes."""
    dice = random.Random(seed)  # noqa: S311 - a plan, no secret
    young, aged = list(healthy), list(old)
    dice.shuffle(young)
    dice.shuffle(aged)
    plants, at = [], first_scan + timedelta(hours=2, minutes=dice.randrange(60))
    while at < first_scan + (hours - 80) * HOUR:
        kind = dice.choice(["lost", "lost", "dead", "old", "many"])
        size = {"lost": dice.randint(1, 3), "dead": dice.randint(1, 2), "old": dice.randint(1, 2), "many": 8}[kind]
        pool = aged if kind == "old" else young
        if len(pool) < size:
            break
        dates = tuple(sorted(pool.pop() for _ in range(size)))
        later = at + timedelta(minutes=dice.randrange(8 * 60, 60 * 60))
        plants.append(Plant(dates, at, later if kind == "dead" else None, later if kind == "old" else None))
        at += timedelta(minutes=dice.randrange(60, 36 * 60))
    return plants


def scan_after(moment: datetime) -> datetime:
    """The first hourly scan from then on."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour if hour == moment else hour + HOUR


def stands(plant: Plant, scan: datetime) -> str | None:
    """What a scan finds of the plant: gaps, stalled or held; None: nothing, or no more."""
    found = scan_after(plant.at)
    if scan < found:
        return None
    if plant.accepted_at:
        return "held" if scan < scan_after(plant.accepted_at) else None
    if plant.mended_at is None:
        return "open gaps" if scan == found else None
    again = scan_after(plant.mended_at)
    if scan >= again:
        return "open gaps" if scan == again else None
    return "open gaps" if scan < found + LEASE_HOURS * ATTEMPTS * HOUR else "stalled"


def should_be_told(
    plants: list[Plant], scans: list[datetime], page_above: int
) -> tuple[list[Note], list[tuple[datetime, str]]]:
    """What people should hear at which scan, and when somebody is called (`trigger`) and let go (`resolve`)."""
    told: dict[str, frozenset[date]] = {}
    notes, calls, heard_at, reminders = [], [], None, 0
    for scan in scans:
        now: dict[str, frozenset[date]] = {}
        for plant in plants:
            if kind := stands(plant, scan):
                now[kind] = now.get(kind, frozenset()) | frozenset(plant.dates)
        everything = frozenset().union(*now.values())
        if len(everything) > page_above:
            now["many open gaps"] = everything
        news = [*_news(told, now, page_above)]
        if news:
            reminders = 0
        elif now and heard_at and scan - heard_at >= timedelta(days=min(2**reminders, 7)):
            news, reminders = [News("still", kind, dates) for kind, dates in now.items()], reminders + 1
        many = [each.verb for each in news if each.kind == "many open gaps" and each.verb != "still"]
        calls += [(scan, "resolve" if verb == "over" else "trigger") for verb in many]
        if news:
            notes.append(Note(scan, frozenset(each.as_named() for each in news)))
            heard_at = scan
        told = {kind: told.get(kind, frozenset()) | _told_now(kind, news, dates) for kind, dates in now.items()}
    return notes, calls


def _told_now(kind: str, news: Iterable[News], dates: frozenset[date]) -> frozenset[date]:
    said = [each for each in news if each.kind == kind and each.verb in {"opened", "more"}]
    return dates if said else frozenset()


def _news(told: dict[str, frozenset[date]], now: dict[str, frozenset[date]], page_above: int) -> Iterator[News]:
    for kind, dates in now.items():
        if kind not in told:
            yield News("opened", kind, dates)
        elif len(new := dates - told[kind]) > (page_above if kind == "many open gaps" else 0):
            yield News("more", kind, new)
    yield from (News("over", kind, told[kind]) for kind in told if kind not in now)


def delayed(at: datetime, outages: list[Outage]) -> datetime:
    """When a message of that scan arrives."""
    for outage in outages:
        if outage.start <= at < outage.end:
            return scan_after(outage.end)
    return at
