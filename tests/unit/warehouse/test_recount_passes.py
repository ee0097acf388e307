"""Whole passes with `recount: changed`: the same verdicts as with `all`, and the same once all is forgotten."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapheal.bigquery import Rows
from gapheal.intervals import DAY, Interval
from gapheal.model.passes import Request, Source
from gapheal.reconcile import Loop
from gapheal.testing import FrozenClock, MemoryClaims, MemoryLedger, MemoryPublisher, small_pipeline
from gapheal.warehouse import BigQueryWarehouse

NAME = "raw_to_refined"
FIRST = date(2024, 3, 9)
BYTES_A_DATE = 1_000


class Line:
    """The small pipeline's first step over tables whose metadata is true; what a date costs to count is one size."""

    def __init__(self, world, recount: str) -> None:
        self.world, self.clock = world, FrozenClock()
        policy = {"mode": "heal", "max_age_days": None, "stale": "heal"}
        self.pipeline = small_pipeline(**policy).model_copy(update={"recount": recount})
        self.ledger = MemoryLedger(self.pipeline, self.clock)
        world.create("d.raw"), world.create("d.refined")
        self._query, world.query = world.query, self._billed
        warehouse, claims = BigQueryWarehouse(self.pipeline, world), MemoryClaims(self.clock)
        numbers = iter(range(10_000))
        ports = (self.pipeline, warehouse, self.ledger, claims, MemoryPublisher(), self.clock)
        self.loop = Loop(*ports, lambda: f"pass-{next(numbers)}")

    def _billed(self, sql: str, parameters) -> Rows:
        rows = [{**row, "observed_at": self.clock.now()} for row in self._query(sql, parameters).rows]
        return Rows(rows, BYTES_A_DATE * sum(row["day"] is not None for row in rows))

    def write(self, table: str, day: date, rows: int) -> None:
        self.clock.advance(minutes=1)
        held = self.world.tables[table]
        held.rows.pop(day, None)
        held.partitions[:] = [each for each in held.partitions if each[0] != f"{day:%Y%m%d}"]
        if rows:
            held.put(day, rows, self.clock.now())

    def run(self, request: Request):
        return self.loop.run(NAME, request)

    @property
    def told(self):
        """All that the ledger was told of dates."""
        return {table: self.ledger.rows[table] for table in ("verdicts", "triggers")}


@pytest.fixture
def lines(new_world):
    def lines():
        return Line(new_world(), "changed"), Line(new_world(), "all")

    return lines


DAYS = st.sampled_from([FIRST, FIRST + DAY, FIRST + 40 * DAY])
REQUESTS = st.one_of(
    st.just(Request(Source.SCAN)),
    st.just(Request(Source.SWEEP)),
    st.builds(lambda days: Request(Source.SCAN, window=Interval.inclusive(*sorted(days))), st.tuples(DAYS, DAYS)),
    st.builds(lambda day: Request(Source.EVENT, dates=frozenset({day})), DAYS),
)
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(["d.raw", "d.refined"]), DAYS, st.integers(0, 2)),
    st.tuples(st.just("pass"), REQUESTS),
    st.tuples(st.just("wait"), st.integers(1, 20 * 24)),
    st.tuples(st.just("forget")),
)


@given(steps=st.lists(STEPS, max_size=25))
def test_no_verdict_and_no_trigger_differs_whatever_is_remembered_or_forgotten(new_world, steps):
    both = Line(new_world(), "changed"), Line(new_world(), "all")
    for step in [*steps, ("pass", Request(Source.SWEEP))]:
        for line in both:
            match step:
                case "write", table, day, rows:
                    line.write(table, day, rows)
                case "wait", hours:
                    line.clock.advance(hours=hours)
                case ("forget",):
                    line.ledger.rows["counts"].clear()
                case "pass", request:
                    line.run(request)
        assert both[0].told == both[1].told


def test_what_is_forgotten_is_paid_for_once(lines):
    changed, every = lines()
    for line in (changed, every):
        for n in range(50):
            line.write("d.raw", FIRST + n * DAY, 2), line.write("d.refined", FIRST + n * DAY, 2)
    billed = [changed.run(Request(Source.SCAN))["bytes_billed"] for _ in range(2)]
    changed.ledger.rows["counts"].clear()
    billed += [changed.run(Request(Source.SCAN))["bytes_billed"] for _ in range(2)]

    assert billed == [100 * BYTES_A_DATE, 0] * 2
    assert [every.run(Request(Source.SCAN))["bytes_billed"] for _ in range(2)] == [100 * BYTES_A_DATE] * 2


def test_an_open_date_is_counted_in_every_pass_and_what_is_whole_is_not(lines):
    changed, _ = lines()
    for n in range(5):
        changed.write("d.raw", FIRST + n * DAY, 2)
        changed.write("d.refined", FIRST + n * DAY, 2 if n else 0)
    changed.run(Request(Source.SCAN))
    changed.clock.advance(minutes=5)

    # The date that refined lacks: counted in raw alone, for refined has nothing to count.
    assert [changed.run(Request(Source.SCAN))["bytes_billed"] for _ in range(2)] == [BYTES_A_DATE] * 2


def test_a_dry_run_remembers_nothing(lines):
    changed, _ = lines()
    changed.write("d.raw", FIRST, 2)
    changed.run(Request(Source.SCAN, dry_run=True))

    assert changed.ledger.rows["counts"] == []


def test_rows_are_kept_of_what_was_learnt_alone(lines):
    changed, _ = lines()
    for n in range(5):
        changed.write("d.raw", FIRST + n * DAY, 2), changed.write("d.refined", FIRST + n * DAY, 2)
    changed.run(Request(Source.SCAN))
    kept = len(changed.ledger.rows["counts"])
    changed.run(Request(Source.SCAN))

    assert (kept, len(changed.ledger.rows["counts"])) == (10, 10)
