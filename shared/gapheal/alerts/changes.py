"""From what stands open now and what was told to what is to be told: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from gapheal.alerts.state import Standing, State
from gapheal.model.findings import OF_A_PASS, Finding, Kind

RAREST_REMINDER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different from what people know; without anything nobody hears anything."""

    opened: tuple[Finding, ...] = ()
    grew: tuple[tuple[Finding, tuple[date, ...]], ...] = ()
    """With the dates that are new."""
    over: tuple[Standing, ...] = ()
    faded: tuple[Standing, ...] = ()
    """Over too, and not worth a word."""
    standing: tuple[Finding, ...] = ()
    """All else that stands open."""
    reminder: bool = False
    baseline: bool = False
    after: Mapping[str, Standing] = field(default_factory=dict)
    """What stands open once this is told."""

    @property
    def news(self) -> tuple[Finding, ...]:
        """What nobody has heard of, in whole or in part."""
        return (*self.opened, *(finding for finding, _ in self.grew))

    @property
    def worth_telling(self) -> bool:
        """Whether anybody is to hear of it."""
        return bool(self.opened or self.grew or self.over or self.reminder)


def changes(
    transition: str | None, findings: Sequence[Finding], state: State, *, now: datetime, baseline: bool
) -> Changes:
    """What has changed since the state was told.

    Args:
        transition: whose findings these are; None: the pipeline's.
        findings: all that stand open, of the kinds that such a look knows.
        state: what was told of it.
        now: the moment, UTC.
        baseline: the first look: nobody is called.
    """
    found = {finding.key: finding for finding in findings if (finding.kind in OF_A_PASS) == (transition is not None)}
    known = dict(state.open)
    failing = f"{transition}/{Kind.FAILING}"
    if transition and failing in found:
        # A pass that fails has seen nothing else: the rest stands as it was told.
        found, known = {failing: found[failing]}, {key: each for key, each in known.items() if key == failing}
    ended = [standing for key, standing in known.items() if key not in found]
    spoken = {key: each for key, each in found.items() if ended or not _follows(each, found, known)}
    opened = tuple(finding for key, finding in spoken.items() if key not in known)
    grown = {key: _new(finding, known[key]) for key, finding in spoken.items() if key in known}
    grew = tuple((found[key], days) for key, days in grown.items() if days)
    after = {key: standing for key, standing in state.open.items() if standing not in ended}
    after |= {finding.key: Standing.of(finding, now) for finding in opened}
    after |= {finding.key: known[finding.key].grown(finding) for finding, _ in grew}
    changed = {finding.key for finding in (*opened, *(finding for finding, _ in grew))}
    return Changes(
        opened=opened,
        grew=grew,
        over=tuple(each for each in ended if not each.fades),
        faded=tuple(each for each in ended if each.fades),
        standing=tuple(finding for key, finding in found.items() if key not in changed),
        reminder=bool(found) and _reminds(state, now),
        baseline=baseline or state.n == 0,
        after=after,
    )


def told(state: State, changed: Changes, now: datetime, paged: Sequence[str] = ()) -> State:
    """The state after these changes are told; `paged` are the keys that somebody was called for."""
    after = {key: replace(each, paged=True) if key in paged else each for key, each in changed.after.items()}
    if not changed.worth_telling:
        return replace(state, open=after)
    news = changed.opened or changed.grew or changed.over
    return replace(state, open=after, told_at=now, reminders=0 if news else state.reminders + 1)


def _follows(finding: Finding, found: Mapping[str, Finding], known: Mapping[str, Standing]) -> bool:
    """Whether it follows from what people know: behind an open breaker dates are given up, one after the other.

    While the breaker stays open the reminders count them; with its end, or that of anything else, they are news.
    """
    breaker = f"{finding.transition}/{Kind.BREAKER}"
    return finding.kind is Kind.STALLED and breaker in known and breaker in found


def _new(finding: Finding, standing: Standing) -> tuple[date, ...]:
    """The dates nobody has heard of; that there are more than many is news only when there are that many more."""
    known = set(standing.dates)
    days = tuple(day for day in finding.dates if day not in known)
    most = finding.numbers.get("page_above", 0) if finding.kind is Kind.MANY_GAPS else 0
    return days if len(days) > most else ()


def _reminds(state: State, now: datetime) -> bool:
    """A day after people last heard of it, then two, four, and each week."""
    rest = min(timedelta(days=1 << min(state.reminders, 3)), RAREST_REMINDER)
    return state.told_at is not None and now >= state.told_at + rest
