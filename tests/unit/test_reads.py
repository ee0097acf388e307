"""What a pass reads at once and what apart, over ports in memory."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapheal.errors import ConfigError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.passes import Count, Observations, Request, Scope, Source, TableFacts, TableKey
from gapheal.reconcile import Loop
from gapheal.reconcile.reads import both
from gapheal.testing import FrozenClock, World, small_pipeline

NAME = "raw_to_refined"
NOW = FrozenClock().now()
TODAY = NOW.date()
OLD, LATE = date(2024, 5, 1), date(2024, 6, 20)
SCAN, SWEEP = Request(Source.SCAN), Request(Source.SWEEP)
JUNE = Interval.inclusive(date(2024, 6, 1), date(2024, 6, 30))
RAW = TableKey("raw", "d.raw")


@dataclass
class AtOnce:
    """Ledger and warehouse of one world, asked as one; `fails` raises instead."""

    world: World
    fails: Exception | None = None
    asked: list[Scope] = field(default_factory=list)

    def read(self, transition, dates, scope):
        self.asked.append(scope)
        if self.fails:
            raise self.fails
        memory = self.world.ledger.recall(transition, dates)
        seen = self.world.warehouse.observe(transition, scope)
        self.world.warehouse.observed.pop()  # it is no observation of its own
        return memory, seen._replace(queries=0)


class Small:
    """The small pipeline with a date that has been open since a sweep in May."""

    def __init__(self, **policy) -> None:
        self.world = World(small_pipeline(**{"max_age_days": None, "mode": "observe", **policy}))
        numbers = iter(range(1000))
        ports = {name: port for name, port in self.world.ports.items() if name != "schedule"}
        self.apart = Loop(self.world.pipeline, **ports, new_id=lambda: f"pass-{next(numbers)}")
        self.once = AtOnce(self.world)
        self.loop = replace(self.apart, together=self.once)
        for day in (OLD, LATE):
            self.world.warehouse.put("d.raw", day, 100, 10)

    def remember(self):
        """A sweep has seen both dates; what it read is forgotten."""
        self.apart.run(NAME, SWEEP)
        self.world.warehouse.observed.clear()

    @property
    def apart_asked(self) -> list[Scope]:
        return self.world.warehouse.observed


def judged(done):
    return [(v.day, v.condition, v.action, v.reason, v.watermark, v.rows, v.attempts) for v in done.verdicts]


@pytest.mark.parametrize("request_", [SCAN, SWEEP], ids=["scan", "sweep"])
def test_a_scan_of_everything_asks_once(request_):
    small = Small()
    small.remember()
    report = small.loop.run(NAME, request_)

    assert (len(small.once.asked), small.apart_asked, report["queries"]) == (1, [], 1)


def test_an_event_asks_once_where_nothing_else_is_open():
    small = Small()
    report = small.loop.run(NAME, Request(Source.EVENT, frozenset({LATE})))

    assert (small.once.asked, small.apart_asked, report["queries"]) == ([Scope(dates=frozenset({LATE}))], [], 1)


def test_beside_an_event_the_open_dates_are_read_after_it():
    small = Small()
    small.remember()
    asked = Request(Source.EVENT, frozenset({LATE}), dry_run=True)
    at_once, apart = (loop.look(NAME, asked) for loop in (small.loop, small.apart))

    assert small.apart_asked == [Scope(dates=frozenset({OLD})), Scope(dates=frozenset({OLD, LATE}))]
    assert judged(at_once) == judged(apart)
    assert (at_once.queries, apart.queries) == (2, 2)


def test_a_window_in_which_all_open_dates_lie_asks_once():
    small = Small(start_date=str(JUNE.start))
    small.remember()
    done = small.loop.look(NAME, Request(Source.SCAN, window=JUNE, dry_run=True))

    assert (small.once.asked, small.apart_asked, done.queries) == ([Scope(JUNE)], [], 1)
    assert [verdict.day for verdict in done.verdicts] == [LATE]


@pytest.mark.parametrize("asked", [SCAN, Request(Source.SCAN, window=JUNE)], ids=["scan_days", "window"])
def test_open_dates_outside_the_window_alone_are_read_after_it(asked):
    small = Small(scan_days=30)
    small.remember()
    at_once, apart = (loop.look(NAME, asked._replace(dry_run=True)) for loop in (small.loop, small.apart))

    assert small.apart_asked[0] == Scope(dates=frozenset({OLD}))
    assert judged(at_once) == judged(apart)
    assert (at_once.seen.judged, at_once.seen.counts) == (apart.seen.judged, apart.seen.counts)
    assert (at_once.queries, apart.queries) == (2, 2)


def test_with_lookback_the_whole_scope_is_read_again_rather_than_a_part_of_it_later():
    small = Small(scan_days=30, lookback_days=3)
    small.remember()
    at_once, apart = (loop.look(NAME, SCAN._replace(dry_run=True)) for loop in (small.loop, small.apart))

    assert small.apart_asked[0] == small.apart_asked[1]
    assert (judged(at_once), at_once.queries) == (judged(apart), 2)


def test_a_window_that_the_open_dates_make_longer_is_read_again():
    """A date depends on the one before it: all up to the last open one is looked at."""
    small = Small(depends_on_past=True)
    small.remember()
    asked = Request(Source.SCAN, window=Interval.inclusive(OLD, OLD), dry_run=True)
    at_once, apart = (loop.look(NAME, asked) for loop in (small.loop, small.apart))

    assert small.once.asked[0].window.last == OLD
    assert small.apart_asked[0] == small.apart_asked[1]
    assert small.apart_asked[0].window.last == LATE
    assert judged(at_once) == judged(apart)


def test_few_dates_of_which_a_table_shows_nothing_are_read_with_all_the_others(monkeypatch):
    small = Small(scan_days=30)
    small.remember()
    real = small.world.warehouse.observe

    def observe(transition, scope, counted=None):
        if scope.window is None:
            raise ConfigError("d.raw shows 0 rows")
        return real(transition, scope, counted)

    monkeypatch.setattr(small.world.warehouse, "observe", observe)
    small.once.read = lambda *_: (small.world.ledger.recall(NAME, None), real(NAME, Scope(JUNE))._replace(queries=0))
    done = small.loop.look(NAME, SCAN._replace(dry_run=True))

    assert [verdict.day for verdict in done.verdicts] == [OLD, LATE]


@pytest.mark.parametrize("broken", ["ledger", "warehouse"])
def test_what_cannot_be_read_at_once_is_read_apart_and_names_its_own_fault(broken):
    small = Small()
    small.once.fails = ConfigError("both: one of them is not found")
    assert small.loop.run(NAME, SCAN)["gaps_found"] == 2

    getattr(small.world, broken).fails = ConfigError(f"the {broken} is not found")
    with pytest.raises(ConfigError, match=rf"^the {broken} is not found$"):
        small.loop.run(NAME, SCAN)


def test_what_does_not_answer_is_not_asked_again():
    """Another wait of the same length would take the pass out of its time."""
    small = Small(mode="heal")
    small.once.fails = Unavailable("BigQuery did not answer")
    with pytest.raises(Unavailable, match=r"^BigQuery did not answer$"):
        small.loop.run(NAME, SCAN)

    assert (small.apart_asked, small.world.publisher.sent, dict(small.world.ledger.rows)) == ([], [], {})


def test_where_nothing_is_to_be_looked_at_only_the_ledger_is_read():
    small = Small(start_date="2024-07-01")
    done = small.loop.look(NAME, Request(Source.SCAN, window=JUNE))

    assert (done.seen, done.queries, small.once.asked, small.apart_asked) == (None, 1, [], [])


def test_paused_asks_nobody():
    small = Small(mode="paused")
    small.loop.run(NAME, SCAN)

    assert small.once.asked == []


def test_two_observations_are_one_of_the_moment_of_the_first():
    first = Observations(
        NOW,
        {RAW: {LATE: Count(2)}},
        {RAW: TableFacts(retention=timedelta(days=9))},
        queries=1,
        bytes_billed=10,
    )
    later = Observations(
        NOW + timedelta(seconds=3),
        {RAW: {OLD: Count(1)}},
        {RAW: TableFacts(retention=timedelta(days=9), buffered=True)},
        queries=2,
        bytes_billed=30,
    )

    assert both(first, later) == Observations(
        NOW,
        {RAW: {OLD: Count(1), LATE: Count(2)}},
        {RAW: TableFacts(retention=timedelta(days=9), buffered=True)},
        queries=3,
        bytes_billed=40,
    )


DAYS = [TODAY - timedelta(days=back) for back in range(1, 40)]
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "scan_days": st.integers(1, 45),
        "lookback_days": st.integers(0, 3),
        "depends_on_past": st.booleans(),
        "start_date": st.sampled_from([str(day) for day in DAYS]),
    },
)
WINDOWS = st.none() | st.builds(lambda a, b: Interval.inclusive(min(a, b), max(a, b)), *[st.sampled_from(DAYS)] * 2)


@settings(max_examples=150, deadline=None)
@given(
    policy=POLICIES,
    window=WINDOWS,
    source=st.sampled_from([Source.SCAN, Source.SWEEP, Source.BACKFILL]),
    raw=st.dictionaries(st.sampled_from(DAYS), st.integers(1, 3)),
    refined=st.dictionaries(st.sampled_from(DAYS), st.integers(1, 3)),
)
def test_at_once_or_apart_a_pass_judges_the_same(policy, window, source, raw, refined):
    small = Small(**policy, breaker_after=50)
    for table, held in (("d.raw", raw), ("d.refined", refined)):
        for day, rows in held.items():
            small.world.warehouse.put(table, day, rows, rows)
    small.remember()
    small.world.clock.advance(hours=1)
    asked = Request(source, window=window, dry_run=True)
    at_once, apart = (loop.look(NAME, asked) for loop in (small.loop, small.apart))

    assert judged(at_once) == judged(apart)
    assert at_once.memory == apart.memory
    assert at_once.queries <= apart.queries
    if apart.seen:
        assert (at_once.seen.judged, at_once.seen.counts) == (apart.seen.judged, apart.seen.counts)
