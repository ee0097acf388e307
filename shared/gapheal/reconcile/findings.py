"""What one pass knows to stand open of its transition: pure, and complete, whatever the pass looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gapheal.intervals import fold
from gapheal.judge.breaker import breaker
from gapheal.judge.reasons import moment
from gapheal.model.findings import TOLD_ONCE, Finding, Kind
from gapheal.model.passes import GAPS, Action, Condition, Entry, Verdict
from gapheal.reconcile.records import QUIET, Pass

ON_ITS_WAY = timedelta(minutes=30)
"""So long the first trigger of a date is left to bring its rows before anybody hears of it; never past its lease."""
GAPS_TOLD = (Kind.GAPS, Kind.STALLED, Kind.HELD)
BLOCKED = frozenset({Action.STALLED, Action.HELD})
"""Nothing more is sent for these."""


class Open(NamedTuple):
    """One date that stands open."""

    day: date
    action: Action
    code: str
    since: datetime | None


def failing(transition: str, error: Exception, now: datetime) -> Finding:
    """That a pass could not look, for a reason that only a person can mend; `since` is when this one failed."""
    return Finding(Kind.FAILING, transition, str(error), "gapheal validate --live", since=now)


def findings_of(done: Pass) -> list[Finding]:
    """All that stands open of the transition, as this pass knows it.

    Dates that it did not judge (an event's or a window's pass judges few) stand as the ledger remembers them. A date
    whose first trigger is on its way is work, not news: nobody hears of it before that had its time. A pass that has
    seen nothing (paused) knows nothing: do not call this, for an empty list says that all is well.
    """
    told = _told(done, *GAPS_TOLD)  # what people have heard of stays
    gaps = [each for each in _gaps(done) if each.day in told or not _on_its_way(done, each)]
    actions = {action: [each for each in gaps if each.action is action] for action in Action}
    return [
        *_of_gaps(done, sorted(each for each in gaps if each.action not in BLOCKED)),
        *_of_many(done, gaps),
        *_of_stalled(done, actions[Action.STALLED]),
        *_of_held(done, actions[Action.HELD]),
        *_of_stuck(done),
        *_of_breaker(done),
        *_of_source_gaps(done),
    ]


def _gaps(done: Pass) -> Iterator[Open]:
    for verdict in done.settled:
        if verdict.is_gap:
            yield Open(verdict.day, verdict.action, verdict.reason.code, verdict.first_seen_at)
    for day, entry in _unjudged(done):
        if entry.condition in GAPS and entry.action:
            yield Open(day, entry.action, entry.code or "", entry.first_seen_at)


def _unjudged(done: Pass) -> Iterator[tuple[date, Entry]]:
    """What is remembered of dates that this pass has not judged; before `start_date` nothing stands open."""
    judged = {verdict.day for verdict in done.verdicts}
    start = done.pipeline.transitions[done.transition].policy.start_date or date.min
    yield from ((day, entry) for day, entry in done.memory.entries.items() if day not in judged and day >= start)


def _on_its_way(done: Pass, gap: Open) -> bool:
    """Whether nobody needs to hear of it yet: it came just now, and its first trigger, if any, had no time so far."""
    if gap.action in BLOCKED:
        return False
    entry = done.memory.entries.get(gap.day, Entry())
    if entry.again_at:
        # Complete, and made anew because somebody wants it so; stalled is news.
        return True
    tried = [attempt for attempt in entry.attempts if attempt.delivered]
    if not tried:
        return done.request.source in QUIET
    lease = timedelta(minutes=done.pipeline.transitions[done.transition].policy.lease_minutes)
    return len(tried) == 1 and done.now < tried[0].claimed_at + min(ON_ITS_WAY, lease)


def _told(done: Pass, *kinds: Kind) -> frozenset[date]:
    """The dates that people have heard of, and that are not over."""
    told = (done.memory.told or {}).get("open", {})
    keys = [f"{done.transition}/{kind}" for kind in kinds]
    return frozenset(date.fromisoformat(day) for key in keys for day in told.get(key, {}).get("dates", ()))


def _of_gaps(done: Pass, gaps: list[Open]) -> Iterator[Finding]:
    if not gaps:
        return
    mode = done.pipeline.transitions[done.transition].policy.mode
    named = f"gapheal explain {done.transition} {gaps[0].day}"
    if mode == "heal":
        why = f"{_dates(gaps)} missing, partial or stale: {_becomes(done, gaps)}"
        yield _finding(done, Kind.GAPS, gaps, why, named)
    else:
        why = f"{_dates(gaps)} missing, partial or stale; mode {mode} sends nothing"
        yield _finding(done, Kind.GAPS, gaps, why, f"gapheal plan --transition {done.transition}")


def _of_many(done: Pass, gaps: list[Open]) -> Iterator[Finding]:
    most = done.pipeline.transitions[done.transition].policy.page_above
    counted = sorted(each for each in gaps if each.code != TOLD_ONCE)
    if len(counted) > most:
        why = f"{len(counted)} open gaps, more than {most} (page_above): {_becomes(done, counted)}"
        command = f"gapheal plan --transition {done.transition}"
        yield _finding(done, Kind.MANY_GAPS, counted, why, command, page_above=most)


def _becomes(done: Pass, gaps: Iterable[Open]) -> str:
    """What becomes of them, the most first: whoever is woken wants to know whether they heal by themselves."""
    in_line = "waiting while the breaker is open" if done.breaker == "open" else "waiting for their turn"
    words = {
        Action.HEAL: "triggered",
        Action.LEASED: "triggered",
        Action.DEFERRED: in_line,
        Action.WOULD_HEAL: "would be triggered",
        Action.HELD: "held for a person",
    }
    counts = Counter(words.get(each.action, str(each.action)) for each in gaps)
    return ", ".join(f"{count:,} {word}" for word, count in counts.most_common())


def _of_stalled(done: Pass, gaps: list[Open]) -> Iterator[Finding]:
    if gaps:
        why = f"{_dates(gaps)} not filled by any trigger, and no more are sent: mend the job, then ask again"
        yield _finding(done, Kind.STALLED, gaps, why, _retry(done, gaps))


def _of_held(done: Pass, gaps: list[Open]) -> Iterator[Finding]:
    if gaps:
        why = f"{_dates(gaps)} not touched before a person decides: `retry` heals, `accept` leaves them as they are"
        yield _finding(done, Kind.HELD, gaps, why, _retry(done, gaps))


def _of_stuck(done: Pass) -> Iterator[Finding]:
    judged = [verdict for verdict in done.verdicts if _is_stuck(verdict.condition, verdict.reason.code)]
    entries = _unjudged(done)
    remembered = [
        Open(day, Action.NONE, e.code or "", e.first_seen_at) for day, e in entries if _is_stuck(e.condition, e.code)
    ]
    if dates := sorted([*map(_open, judged), *remembered]):
        why = f"{_dates(dates)} waiting for an upstream that is not whole and is written no more"
        command = f"gapheal explain {done.transition} {dates[0].day}"
        # Each date's reason has its table and the command that accepts it; one command may do for all.
        tables = sorted({verdict.reason.numbers["table"] for verdict in judged})
        accepts = {verdict.reason.numbers["command"].partition(f" {verdict.day} ")[0] for verdict in judged}
        if len(accepts) == 1 and not remembered:
            why += f": {', '.join(tables)}; `accept` takes it as it is"
            command = f'{accepts.pop()} {_runs(dates)} --why "…"'
        yield _finding(done, Kind.STUCK, dates, why, command)


def _is_stuck(condition: Condition | None, code: str | None) -> bool:
    return condition is Condition.WAITING and (code or "").startswith("stuck")


def _of_breaker(done: Pass) -> Iterator[Finding]:
    case = done.case if done.breaker == "open" else None
    if case and (broken := breaker(case, done.verdicts)):
        why = (
            f"{broken.failed} triggers in a row to {case.target} brought nothing: look whether anything listens there "
            "and writes. One probe at a time is sent until a date grows"
        )
        numbers = {"failed": broken.failed, "since": moment(broken.since), "target": case.target}
        command = f"gapheal status --transition {done.transition}"
        yield Finding(Kind.BREAKER, done.transition, why, command, since=broken.since, numbers=numbers)


def _of_source_gaps(done: Pass) -> Iterator[Finding]:
    """What was told of dates that this pass did not look at stands: the ledger remembers no verdict of such a date."""
    days = set(done.source_gaps)
    judged = done.seen.judged if done.seen else None
    if judged is not None:
        days |= {day for day in _told(done, Kind.SOURCE_GAPS) if day not in judged}
    if days:
        first = done.pipeline.transitions[done.transition].upstream[0]
        why = f"{_count(len(days))} expected and without a row in {first}: nothing downstream can heal that"
        named = " ".join(str(run) for run in fold(days)[:5])
        command = f'gapheal accept {first} {named} --why "…"'
        numbers = {"dates": len(days)}
        yield Finding(Kind.SOURCE_GAPS, done.transition, why, command, tuple(sorted(days)), numbers=numbers)


def _finding(done: Pass, kind: Kind, dates: Iterable[Open], sentence: str, command: str, **numbers: int) -> Finding:
    found = sorted(dates)
    codes = dict(sorted(Counter(each.code for each in found).items()))
    since = min((each.since for each in found if each.since), default=None)
    days = tuple(each.day for each in found)
    return Finding(
        kind, done.transition, sentence, command, days, since, {"dates": len(days), "codes": codes, **numbers}
    )


def _open(verdict: Verdict) -> Open:
    return Open(verdict.day, verdict.action, verdict.reason.code, verdict.first_seen_at)


def _retry(done: Pass, gaps: Iterable[Open]) -> str:
    return f'gapheal retry {done.transition} {_runs(gaps)} --why "…"'


def _runs(gaps: Iterable[Open]) -> str:
    return " ".join(map(str, fold(each.day for each in gaps)[:5]))


def _dates(gaps: Iterable[Open]) -> str:
    return _count(len({each.day for each in gaps}))


def _count(dates: int) -> str:
    return f"{dates} dates are" if dates != 1 else "1 date is"
