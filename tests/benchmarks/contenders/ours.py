"""gapheal: rows to counts, every date judged, each gap with its condition, action and sentence."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from contender import DAY, Pair, run
from plain import Rows
from plain import prepare as rows_of

began = time.process_time()
from gapheal.intervals import Interval  # noqa: E402
from gapheal.judge import Case, judge  # noqa: E402
from gapheal.judge.needs import tables_of  # noqa: E402
from gapheal.model.passes import Condition, Memory, Observations, Request, Scope, Source  # noqa: E402
from gapheal.testing import small_pipeline  # noqa: E402
from gapheal.warehouse.described import Described  # noqa: E402
from gapheal.warehouse.plan import Plan  # noqa: E402
from gapheal.warehouse.reading import Reading  # noqa: E402

imported = time.process_time() - began
NAME = "raw_to_refined"
UTC = ZoneInfo("UTC")
PIPELINE = small_pipeline(max_age_days=None)
TABLES = dict(tables_of(PIPELINE, NAME))
PLAN = Plan(TABLES, {key: Described(f"p.{key.table}", "TABLE", "US", {}) for key in TABLES}, UTC, metadata=False)


def prepare(pair: Pair) -> tuple[Pair, Rows]:
    """The same rows."""
    return pair, rows_of(pair)


def find(form: tuple[Pair, Rows]) -> Iterable[date]:
    """The dates whose verdict is `missing`; all verdicts are made."""
    pair, rows = form
    now = datetime.combine(pair.end + 2 * DAY, datetime.min.time(), UTC)
    reading = Reading(PLAN, Scope(Interval(pair.start, pair.end)), rows)
    seen = Observations(now, reading.counts, reading.facts())
    verdicts = judge(Case(PIPELINE, NAME, seen, Memory(healed_before=True), Request(Source.SCAN)), "heal")
    return [verdict.day for verdict in verdicts if verdict.condition is Condition.MISSING and verdict.reason.sentence]


if __name__ == "__main__":
    find(prepare(Pair(date(2024, 4, 16), 1, [0], [])))  # validators are built at their first use
    run("", imported, prepare, find)
