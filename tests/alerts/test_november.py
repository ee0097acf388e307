"""November and December of 2024, as they should have been: 150 games, 10 dates fail, then 15; nobody has to look."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.alerts.conftest import NAME
from tests.alerts.reading import heard

from gapheal.model.passes import Request, Source
from gapheal.model.spread import percentile

GAMES = 5
NOVEMBER, DECEMBER = ([date(2024, month, day) for day in range(1, last + 1)] for month, last in ((11, 30), (12, 31)))
FAILS = {**dict.fromkeys(NOVEMBER[8:28:2], 1), **dict.fromkeys(DECEMBER[10:25], 2)}
"""How often the job brings nothing for a date before it works: 10 dates once, then 15 in a row twice."""
JOB = timedelta(minutes=8)
SCANS = 7
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_ten_and_then_fifteen_failing_dates_are_told_at_the_next_scan_and_heal(place, measured):
    found = place(dates=0, max_attempts=4)
    clock, left = found.world.clock, dict(FAILS)
    done: list[tuple[datetime, date]] = []
    failed_at: dict[date, datetime] = {}
    clock.moment = datetime(2024, 11, 1, tzinfo=UTC)
    found.passes(after=0)
    sent = 0

    def look(source, **about):
        """A pass, and the jobs that it starts."""
        nonlocal sent
        found.app.run(NAME, Request(source, **about))
        for day in found.world.publisher.days[sent:]:
            if left.get(day):
                left[day] -= 1
                failed_at.setdefault(day, clock.now() + JOB)
            else:
                done.append((clock.now() + JOB, day))
        sent = len(found.world.publisher.days)

    for day in [*NOVEMBER, *DECEMBER]:
        # The night's games are in by 05:05 UTC; then scans on the hour, but for those that would see nothing new.
        clock.moment = datetime(day.year, day.month, day.day, 5, 5, tzinfo=UTC) + timedelta(days=1)
        found.world.warehouse.put("d.raw", day, GAMES, GAMES)
        look(Source.EVENT, dates=frozenset({day}))
        for n in range(SCANS):
            clock.moment = clock.now().replace(hour=6 + n, minute=0)
            for at, ready in [each for each in done if each[0] <= clock.now()]:
                found.world.warehouse.put("d.refined", ready, GAMES, GAMES, at)
                done.remove((at, ready))
            look(Source.SCAN)

    opened = {
        day: said.at
        for said in found.receiver.said
        for news in heard(said)
        for day in news.dates
        if news.verb in {"opened", "more"}
    }
    heals = {row["partition_date"]: row for row in found.world.ledger.heals(datetime(2024, 11, 1, tzinfo=UTC))}
    hours = [heals[str(day)]["seconds_to_heal"] / 3600 for day in FAILS]
    assert GAMES * len(NOVEMBER) == 150
    assert set(opened) == set(FAILS) == set(failed_at)
    assert all(at - failed_at[day] < HOUR for day, at in opened.items())
    assert found.app.status(NAME)["open_gaps"] == 0
    assert sum(str(day) in heals for day in FAILS) == 25
    assert found.receiver.said[-1].title == f"[small] {NAME}: all well again, open gaps over"
    assert found.receiver.events == []
    worst = max(at - failed_at[day] for day, at in opened.items()) / MINUTE
    measured(
        f"150 games in November, 10 failing dates, then 15: {len(opened)} told, the last {worst:.0f} minutes after "
        f"its job failed; 25 healed, p50 {percentile(hours, 0.5):.1f} h, p95 {percentile(hours, 0.95):.1f} h"
    )
