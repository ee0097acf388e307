"""What a look at the whole history of a transition makes one doubt: its triggers, its seasons, its source. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

from gapheal.intervals import DAY
from gapheal.judge.case import Case
from gapheal.judge.excuses import excuse_for
from gapheal.judge.leases import fruitless, lease_until
from gapheal.judge.needs import expected_key
from gapheal.judge.reasons import moment
from gapheal.judge.source import stopped
from gapheal.model.excuses import Excuse
from gapheal.model.findings import Finding, Kind
from gapheal.model.passes import Action, Attempt, Verdict

WEEK = timedelta(days=7)
QUIET_AT_LEAST = WEEK
"""No source is called stopped after less."""
USUAL = 8 * WEEK
"""How much of a source's past says what is usual."""
BUSY_WEEKS = 4
"""A source without dates in each of so many weeks has no weekly habit that could stop."""


def doubts(case: Case, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """All of them, of one sweep: `case` is what it judged by, `verdicts` what it said."""
    yield from unfilled(case, verdicts)
    yield from season_over(case)
    yield from source_stopped(case)


def unfilled(case: Case, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """Triggers that were delivered, had their time, and brought nothing to a date that is still a gap.

    A date that has used its attempts up is stalled, which is told as that.
    """
    vain = {
        verdict.day: tried
        for verdict in verdicts
        if verdict.is_gap and verdict.action is not Action.STALLED and (tried := _in_vain(case, verdict))
    }
    if not vain:
        return
    attempts = [attempt for tried in vain.values() for attempt in tried]
    since = min(attempt.claimed_at for attempt in attempts)
    days = tuple(sorted(vain))
    triggers = f"{len(attempts)} triggers" if len(attempts) > 1 else "1 trigger"
    dates = f"{len(days)} dates" if len(days) > 1 else f"{days[0]}"
    why = (
        f"{triggers} to {case.target} for {dates}, the first at {moment(since)}, brought no rows in their time: "
        "does the job hear them, and write where the file says?"
    )
    numbers = {"triggers": len(attempts), "dates": len(days), "target": case.target}
    command = f"gapheal explain {case.name} {days[-1]}"
    yield Finding(Kind.UNFILLED, case.name, why, command, days, since, numbers)


def _in_vain(case: Case, verdict: Verdict) -> list[Attempt]:
    tried = fruitless(case.entry(verdict.day).attempts, verdict.rows, verdict.entities)
    return [attempt for attempt in tried if lease_until(case, attempt) <= case.now]


def season_over(case: Case) -> Iterator[Finding]:
    """Dates after the last window of a season, which nothing excuses but that they are outside of it."""
    excuses = case.policy.excuses
    for season in dict.fromkeys(excuse.outside for excuse in excuses if excuse.outside):
        ended = max(window.end for window in case.pipeline.seasons[season])
        others = [excuse for excuse in excuses if excuse.outside != season]
        late = (day for day in sorted(case.upstream_days) if day > ended and case.asked(day) and case.is_due(day))
        accepted = case.memory.accepted.get(case.transition.downstream, {})
        days = tuple(day for day in late if day not in accepted and not _excused(case, others, day))
        if days:
            found = f"{len(days)} dates" if len(days) > 1 else "1 date"
            why = (
                f"upstream has {found} after {ended}, the end of the last window of season {season}: none of them is "
                f"healed before `seasons.{season}` has the next window"
            )
            numbers = {"dates": len(days), "season": season, "ended": str(ended)}
            command = f"gapheal explain {case.name} {days[-1]}"
            yield Finding(Kind.SEASON_OVER, case.name, why, command, days, case.midnight(days[0]), numbers)
            return


def _excused(case: Case, excuses: Iterable[Excuse], day: date) -> bool:
    def entities() -> int | None:
        return case.tables.entities(case.transition.upstream, day)

    return excuse_for(excuses, day, case.pipeline.seasons, entities) is not None


def source_stopped(case: Case) -> Iterator[Finding]:
    """A first phase that has no new dates any more; or an upstream that its downstream has left behind."""
    left_behind = stopped(case)
    last = max((day for day in case.upstream_days if day <= case.newest_due), default=None)
    if last is None:
        return
    why = left_behind or _fell_silent(case, last)
    if why:
        command = f"gapheal explain {case.name} {last + DAY}"
        numbers = {"last_date": str(last)}
        yield Finding(Kind.SOURCE_STOPPED, case.name, why, command, (), case.midnight(last + DAY), numbers)


def _fell_silent(case: Case, last: date) -> str | None:
    """Whether days without a new date, of those that the file does not excuse, have become more than is usual.

    A phase that something feeds is not asked: what is missing there are gaps. Nor is one whose `expected` table goes
    on: those are source gaps.
    """
    phases = case.transition.upstream
    if any(case.pipeline.feeding(phase) for phase in phases) or _is_expected_after(case, last):
        return None
    recent = sorted(day for day in case.upstream_days if last - USUAL < day <= last)
    weeks = {(last - day) // WEEK for day in recent}
    if not weeks >= set(range(BUSY_WEEKS)):
        return None
    quiet = _demanded(case, last, case.newest_due + DAY)
    usual = max((_demanded(case, before, after) for before, after in pairwise(recent)), default=0)
    if quiet <= max(QUIET_AT_LEAST.days, 2 * usual):
        return None
    return (
        f"{', '.join(phases)} has had no new date since {last}, and had some in each of the {BUSY_WEEKS} weeks before: "
        "has the source stopped? If it is retired, an excuse with `from` says so"
    )


def _is_expected_after(case: Case, last: date) -> bool:
    for phase in case.transition.upstream:
        if expected := case.pipeline.phases[phase].expected:
            counts = case.seen.counts[expected_key(phase, expected.table)]
            if any(count.rows and last < day <= case.newest_due for day, count in counts.items()):
                return True
    return False


def _demanded(case: Case, after: date, before: date) -> int:
    """How many days there are between the two that the file does not excuse, whatever upstream has."""
    # Of a date without rows nobody knows how many entities it would have.
    excuses = [excuse for excuse in case.policy.excuses if not excuse.upstream_entities_below]
    days = (after + n * DAY for n in range(1, (before - after).days))
    return sum(excuse_for(excuses, day, case.pipeline.seasons) is None for day in days)
