"""Zero silent gaps: whatever is broken, the next look gives a verdict with a reason, and people are told in time.

Each plant breaks a pipeline that was whole and watched, as it was broken in the real one (the numbers are those of the
lessons). Then the hours go by: a scan an hour, a sweep a day, and jobs that bring nothing. What is expected comes from
the plant alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gapheal import app
from gapheal.app.sweeping import Sweep
from gapheal.errors import ConfigError, GaphealError, Rejected
from gapheal.model.findings import Finding, Kind
from gapheal.model.order import in_order
from gapheal.model.passes import GAPS, OPEN, Condition, Delivery, Request, Source
from gapheal.spec import load
from gapheal.testing import MemoryAlerts, World

NOW = datetime(2024, 7, 1, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
FIRST, SECOND = "raw_to_refined", "refined_to_served"
TABLES = ("d.raw", "d.refined", "d.audit", "d.served")
GAMES = 10
PIPELINE = """
version: 1
pipeline: silent
project: gapheal-test
location: us-west2
timezone: UTC
defaults:
  date_column: day
  entity_column: game
  policy:
    mode: heal
    scan_days: 45
    lease_minutes: 60
    page_above: 20
    excuses: [{reason: off-season, outside: s}]
seasons: {s: [{start: 2021-10-01, end: 2024-08-31}]}
phases:
  raw: {tables: [d.raw], expected: {table: d.schedule}}
  refined: [d.refined, d.audit]
  served: [d.served]
transitions: {raw_to_refined: {}, refined_to_served: {}}
"""
SCAN, SWEEP = timedelta(hours=1), timedelta(hours=24)


def day(n: int) -> date:
    """So many days ago."""
    return TODAY - timedelta(days=n)


@dataclass
class Watched:
    """A pipeline in memory, the hours that go by, and what people were told when."""

    file: Path
    text: str = PIPELINE
    alerts: MemoryAlerts = field(default_factory=MemoryAlerts)
    told: list[tuple[timedelta, Finding]] = field(default_factory=list)
    judged: dict[tuple[str, date], tuple[timedelta, dict[str, object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file.write_text(self.text)
        self.world = World(load(self.file))
        self.world.clock.moment = NOW
        for n in range(1, 91):
            for table in (*TABLES, "d.schedule"):
                self.put(table, day(n))

    def put(self, table: str, when: date, games: int = GAMES, written: datetime | None = None) -> None:
        """Rows of a date; they were written in its night, unless another moment is told."""
        night = datetime(when.year, when.month, when.day, 23, tzinfo=UTC)
        self.world.warehouse.put(table, when, 5 * games, games, written or night)

    def drop(self, when: Iterable[date], *tables: str) -> None:
        for each in when:
            for table in tables:
                self.world.warehouse.drop(table, each)

    @property
    def app(self) -> app.App:
        return app.build(load(self.file), **self.world.ports, alerts=self.alerts)

    def hours(self, marks: Iterable[int], scanned: Iterable[str] = (FIRST, SECOND)) -> None:
        """A scan of each transition at these hours from now, and a sweep at the end of each day."""
        began = self.world.clock.now()
        for hour in marks:
            self.world.clock.moment = began + timedelta(hours=hour)
            for name in scanned:
                try:
                    self.app.run(name, Request(Source.SCAN))
                except GaphealError:
                    continue  # told as a finding, or it is silent: that is the question
            self._heard(timedelta(hours=hour))
            if hour and hour % 24 == 0:
                self._sweep(timedelta(hours=hour))

    def _sweep(self, at: timedelta) -> None:
        sweep = Sweep(self.app, in_order(self.world.pipeline))
        for name in sweep.names:
            try:
                sweep.ask(name)
            except GaphealError:
                continue
        self.told += [(at, finding) for finding in sweep.findings()]
        self._heard(at)

    def _heard(self, at: timedelta) -> None:
        """What the passes told, and what the ledger says of each date for the first time."""
        self.told += [(at, finding) for call in self.alerts.told for finding in call.findings]
        self.alerts.told.clear()
        for row in self.world.ledger.rows["verdicts"]:
            key = row["transition"], date.fromisoformat(row["partition_date"])
            if row["condition"] in OPEN:
                self.judged.setdefault(key, (at, row))

    def first(self, kind: Kind, transition: str | None, dates: frozenset[date]) -> timedelta | None:
        """When all of these dates had been told of as that."""
        moments: dict[date | None, timedelta] = {}
        for at, finding in self.told:
            if (finding.kind, finding.transition) == (kind, transition):
                for each in finding.dates or (None,):
                    moments.setdefault(each, at)
        wanted = dates or {None}
        return max(moments[each] for each in wanted) if wanted <= moments.keys() else None


@dataclass(frozen=True)
class Plant:
    """What is broken, which dates that concerns, and by when it must have been judged and told."""

    lessons: tuple[int, ...]
    breaks: Callable[[Watched], None]
    kind: Kind
    dates: frozenset[date] = frozenset()
    """Of the transition; none: it is no matter of dates."""
    condition: Condition | None = None
    transition: str | None = FIRST
    judged_in: timedelta = timedelta(0)
    told_in: timedelta = SCAN
    text: str = PIPELINE
    before: bool = False
    """It lay there before anybody looked for the first time."""
    hours: tuple[int, ...] = (0, 1, 2, 3, 4, 24)
    scanned: tuple[str, ...] = (FIRST, SECOND)


def lost(watched: Watched) -> None:
    """The message of a finished date was lost; phase 2 has it, nothing else does."""
    watched.drop([day(2)], "d.refined", "d.audit", "d.served")


SEASON = [day(n) for n in range(42, 1, -1)]
"""41 dates of 30 games: 1,230."""
CRASHED_AT = SEASON[26]
"""After 26 whole dates and 20 games of the next: 800."""


def crash(watched: Watched) -> None:
    """A job for 1,230 games died after 800; nobody noticed, and the next phase went on with what there was."""
    for each in SEASON:
        made = 30 if each < CRASHED_AT else 20 if each == CRASHED_AT else 0
        for table, games in zip(("d.schedule", *TABLES), (30, 30, made, made, made), strict=True):
            if games:
                watched.put(table, each, games)
            else:
                watched.drop([each], table)


PLAYOFFS = frozenset(date(2022, 4, 16) + timedelta(days=n) for n in range(45))


def playoffs(watched: Watched) -> None:
    """Loaded into the first phase years ago, and never announced."""
    for each in PLAYOFFS:
        watched.put("d.raw", each)
        watched.put("d.schedule", each)


def one_of_two(watched: Watched) -> None:
    """The table that everybody looks at is whole, the other is empty."""
    watched.drop([day(4), day(3)], "d.audit")


def partial(watched: Watched) -> None:
    """Two of sixteen teams, and counted as done."""
    watched.put("d.refined", day(3), 2)


def stale(watched: Watched) -> None:
    """The first phase was written anew long after the second was made of it."""
    watched.put("d.raw", day(5), written=NOW - timedelta(hours=3))


def source_gap(watched: Watched) -> None:
    """The schedule has a date that the source never brought."""
    watched.drop([day(6)], *TABLES)


def stuck(watched: Watched) -> None:
    """The source brought four of ten games, and was silent ever after."""
    watched.put("d.raw", day(2), 4)
    watched.drop([day(2)], "d.refined", "d.audit", "d.served")


def skipped(watched: Watched) -> None:
    """A backfill of phase 3 that was told not to trigger phase 4."""
    watched.drop([day(n) for n in range(10, 20)], "d.served")


def nobody_listens(watched: Watched) -> None:
    """Publishing succeeds, and nothing comes of it; or a job says success with zero rows."""
    watched.drop([day(2)], "d.refined", "d.audit", "d.served")


def november(watched: Watched) -> None:
    """Enough dates at once that the job itself must be broken."""
    watched.drop([day(n) for n in range(2, 12)], "d.refined", "d.audit", "d.served")


def many(watched: Watched) -> None:
    watched.drop([day(n) for n in range(2, 27)], "d.served")


def vanished(watched: Watched) -> None:
    """Somebody deleted what was there: asking for it all again may be the last thing that is wanted."""
    watched.drop([day(n) for n in range(1, 30)], "d.served")


def unreadable(watched: Watched) -> None:
    """A table was dropped: an error, never zero rows."""
    watched.world.warehouse.fails = ConfigError("table d.refined was not found")


def rejection(watched: Watched) -> None:
    """A date that is none; to acknowledge it and forget it would be silent."""
    body = {"message": {"data": "eyJkYXRlIjogIlRPREFZIn0=", "messageId": "7"}, "subscription": "s"}
    with pytest.raises(Rejected):
        watched.app.read(FIRST, {}, json.dumps(body).encode())


def undeliverable(watched: Watched) -> None:
    """The topic is gone."""
    lost(watched)
    watched.world.publisher.answer = lambda message: Delivery(message, "failed", error="topic gone", unreachable=False)


def no_jobs(watched: Watched) -> None:
    """The scheduled jobs were deleted; that week only a person's calls looked."""
    watched.world.schedule.jobs_by_id.clear()


def nothing(watched: Watched) -> None:
    """The data is well; it is the watcher that is silent."""


def source_ends(watched: Watched) -> None:
    watched.drop([day(n) for n in range(1, 12)], *TABLES, "d.schedule")


LATE = PIPELINE.replace("2024-08-31", "2024-06-15")
PLANTS = {
    "a lost message": Plant((23, 30), lost, Kind.GAPS, frozenset({day(2)}), Condition.MISSING),
    "a crash at 800 of 1,230 games, the rest": Plant(
        (21, 34), crash, Kind.GAPS, frozenset(SEASON[27:]), Condition.MISSING
    ),
    "a crash at 800 of 1,230 games, the date of it": Plant(
        (21, 34), crash, Kind.GAPS, frozenset({CRASHED_AT}), Condition.PARTIAL
    ),
    "playoffs in the first phase for years": Plant(
        (54,), playoffs, Kind.HELD, PLAYOFFS, Condition.MISSING, judged_in=SWEEP, told_in=SWEEP, before=True
    ),
    "one of two tables": Plant((22,), one_of_two, Kind.GAPS, frozenset({day(4), day(3)}), Condition.MISSING),
    "a partial date": Plant((21,), partial, Kind.GAPS, frozenset({day(3)}), Condition.PARTIAL),
    "a stale date": Plant((25,), stale, Kind.HELD, frozenset({day(5)}), Condition.STALE),
    "a source gap": Plant((9, 17), source_gap, Kind.SOURCE_GAPS, frozenset({day(6)})),
    "a source that stays short": Plant(
        (12,), stuck, Kind.STUCK, frozenset({day(2)}), Condition.WAITING,
        told_in=timedelta(hours=49), hours=(0, 1, 24, 48, 49),
    ),
    "a phase that was never triggered": Plant(
        (50,), skipped, Kind.GAPS, frozenset(day(n) for n in range(10, 20)), Condition.MISSING, SECOND
    ),
    "triggers that nobody hears": Plant(
        (24, 32), nobody_listens, Kind.STALLED, frozenset({day(2)}), Condition.MISSING, told_in=timedelta(hours=4)
    ),
    "a job that is broken": Plant((34,), november, Kind.BREAKER, told_in=timedelta(hours=2)),
    "more than a person can look at": Plant(
        (55,), many, Kind.MANY_GAPS, frozenset(day(n) for n in range(2, 27)), Condition.MISSING, SECOND
    ),
    "rows that vanished": Plant(
        (7, 52), vanished, Kind.HELD, frozenset(day(n) for n in range(2, 30)), Condition.MISSING, SECOND
    ),
    "a table that cannot be read": Plant((35,), unreadable, Kind.FAILING, told_in=timedelta(0)),
    "an event that cannot be read": Plant((20, 46), rejection, Kind.REJECTIONS, told_in=SWEEP),
    "a topic that is gone": Plant((32,), undeliverable, Kind.GAPS, frozenset({day(2)}), Condition.MISSING),
    "jobs that were deleted": Plant((39,), no_jobs, Kind.SCHEDULE, transition=None, told_in=SWEEP),
    "scans that stopped": Plant((31, 39), nothing, Kind.NO_SCAN, transition=SECOND, told_in=SWEEP, scanned=(FIRST,)),
    "seasons that ran out": Plant(
        (4,), nothing, Kind.SEASON_OVER, frozenset(day(n) for n in range(1, 16)), told_in=SWEEP, text=LATE
    ),
    "a source that ended": Plant((9, 10), source_ends, Kind.SOURCE_STOPPED, told_in=SWEEP),
    "triggers that brought nothing": Plant(
        (24, 32), nobody_listens, Kind.UNFILLED, frozenset({day(2)}), told_in=SWEEP,
        text=PIPELINE.replace("lease_minutes: 60", "lease_minutes: 1200"),
    ),
}  # fmt: skip


@pytest.fixture
def watched(tmp_path):
    return lambda text: Watched(tmp_path / "pipeline.yaml", text)


def run(watched, plant):
    """The pipeline is whole and was looked at before; then something breaks."""
    one = watched(plant.text)
    if plant.before:
        plant.breaks(one)
    else:
        one.hours([0])
        one.app.run(FIRST, Request(Source.SWEEP))
        one.app.run(SECOND, Request(Source.SWEEP))
        one.alerts.told.clear()
        one.told.clear()
        one.judged.clear()
        plant.breaks(one)
    one.hours(plant.hours, plant.scanned)
    return one


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_nothing_that_breaks_is_silent(watched, plant):
    one = run(watched, plant)
    told = one.first(plant.kind, plant.transition, plant.dates)

    assert told is not None, {(finding.key, finding.dates) for _, finding in one.told}
    assert told <= plant.told_in
    for _, finding in one.told:
        assert len(finding.sentence) > 20
        assert finding.command.startswith("gapheal ")
    if plant.condition:
        for when in plant.dates:
            at, row = one.judged[plant.transition, when]
            assert at <= plant.judged_in
            assert (row["condition"], bool(row["code"]), bool(row["sentence"])) == (plant.condition, True, True)


def test_every_kind_of_finding_and_every_open_condition_has_its_plant():
    assert {plant.kind for plant in PLANTS.values()} == set(Kind)
    assert {plant.condition for plant in PLANTS.values()} >= GAPS | {Condition.WAITING}


def test_where_nothing_is_broken_nothing_is_told(watched):
    one = run(watched, Plant((), nothing, Kind.GAPS))

    assert one.told == []
    assert one.judged == {}
