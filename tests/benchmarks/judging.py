"""Judging dates, each with a condition, an action and a reason, against the plain set difference it replaces."""

from __future__ import annotations

from datetime import date, timedelta

from tests.benchmarks.clocks import side_by_side

from gapheal.judge import judge
from gapheal.model.passes import Count, Entry, Memory, Observations, Request, Source, TableKey
from gapheal.testing import FrozenClock, small_pipeline

NOW = FrozenClock().now()
GAMES = 10


def measure(dates: int, rounds: int) -> str:
    """One line: both times, and their ratio."""
    pipeline = small_pipeline(max_age_days=None)
    raw, refined = TableKey("raw", "d.raw"), TableKey("refined", "d.refined")
    days = [NOW.date() - timedelta(days=n + 2) for n in range(dates)]
    upstream = {day: Count(GAMES, GAMES) for day in days}
    downstream = {day: count for day in days if (count := _refined(day)).rows}
    seen = Observations(NOW, {raw: upstream, refined: downstream})
    memory = Memory({day: Entry() for day in days}, healed_before=True)

    def judged() -> int:
        verdicts = judge(pipeline, "raw_to_refined", seen, memory, Request(Source.SCAN), "heal")
        return sum(verdict.is_gap for verdict in verdicts)

    def difference() -> int:
        return len(sorted(set(upstream) - set(downstream)))

    if not judged() > difference() > 0:
        raise AssertionError("expected gaps, and partial dates that a set difference does not see")
    ours, plain = side_by_side(rounds, judged, difference)
    return (
        f"judging {dates:,} dates: {ours * 1000:.0f} ms with reasons ({ours / dates * 1e6:.1f} us a date), "
        f"{plain * 1e6:,.0f} us as a set difference without: {ours / plain:.0f} times as long"
    )


def _refined(day: date) -> Count:
    """Of a hundred dates one is missing, one has half."""
    return {0: Count(), 1: Count(GAMES // 2, GAMES // 2)}.get(day.toordinal() % 100, Count(GAMES, GAMES))
