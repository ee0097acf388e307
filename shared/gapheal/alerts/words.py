"""What people read: findings as text, the messages of a change, the digest of a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from gapheal.alerts.changes import Changes
from gapheal.alerts.state import Message, Mood, Standing
from gapheal.intervals import fold
from gapheal.model.findings import Finding, Kind

NAMES = {
    Kind.GAPS: "open gaps",
    Kind.MANY_GAPS: "many open gaps",
    Kind.STALLED: "stalled",
    Kind.HELD: "held",
    Kind.STUCK: "stuck",
    Kind.BREAKER: "breaker open",
    Kind.SOURCE_GAPS: "source gaps",
    Kind.FAILING: "passes fail",
    Kind.NO_SCAN: "no scan",
    Kind.REJECTIONS: "rejected events",
    Kind.UNFILLED: "triggers without effect",
    Kind.SCHEDULE: "schedule",
    Kind.SEASON_OVER: "season over",
    Kind.SOURCE_STOPPED: "source stopped",
}
ENDS = {
    Kind.BREAKER: "breaker closed",
    Kind.FAILING: "passes work again",
    Kind.NO_SCAN: "scanned again",
    Kind.REJECTIONS: "no rejected events left",
    Kind.UNFILLED: "triggers have effect again",
    Kind.SCHEDULE: "schedule in order",
    Kind.SEASON_OVER: "season goes on",
    Kind.SOURCE_STOPPED: "source goes on",
}
"""How a title says that it is over; all else by its name."""
LOUD = frozenset({Kind.MANY_GAPS, Kind.BREAKER, Kind.FAILING, Kind.NO_SCAN})
"""What is told as a failure; all else is a warning."""
PAGED = Kind.MANY_GAPS
RUNS = 8
"""Runs of dates that a message names."""
LONGEST = 2_800
"""Characters of a body; Slack takes 3,000 in one section."""
LONGEST_TITLE = 250


def ranges(days: Iterable[date], most: int = RUNS) -> str:
    """Dates by runs, the first `most` of them: `2024-04-16..2024-04-18, 2024-04-21, and 3 more`."""
    runs = fold(days)
    left = sum(run.days for run in runs[most:])
    return ", ".join(map(str, runs[:most])) + (f", and {left:,} more" if left else "")


def moment(at: datetime) -> str:
    """`2026-11-23 17:05 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def headline(finding: Finding) -> str:
    """`3 dates stalled`, or the name of what has no dates."""
    return _headline(finding.kind, len(finding.dates))


def block(finding: Finding, label: str = "", new: Sequence[date] = ()) -> str:
    """A finding in some lines: what it is, its dates, its reasons, since when, and the command that helps.

    Args:
        finding: what stands open.
        label: said before it.
        new: the dates that are news, where others are known.
    """
    dates = f"{ranges(new)} (of {len(finding.dates):,} in all)" if new else ranges(finding.dates)
    codes = finding.numbers.get("codes", {})
    about = [
        f"dates: {dates}" if finding.dates else "",
        f"reasons: {', '.join(f'{code} {count:,}' for code, count in codes.items())}" if codes else "",
        f"since: {moment(finding.since)}" if finding.since else "",
    ]
    lines = [f"{label}{headline(finding)}: {finding.sentence}", *("  " + line for line in about if line)]
    return "\n".join([*lines, f"  -> {finding.command}"])


def line(finding: Finding) -> str:
    """A finding in one line."""
    since = f", since {moment(finding.since)}" if finding.since else ""
    dates = f" ({ranges(finding.dates, 3)})" if finding.dates else ""
    return f"{headline(finding)}{dates}{since}"


def note(pipeline: str, transition: str | None, changed: Changes, now: datetime) -> Message:
    """The one message of a pass for those who read."""
    blocks = [*_blocks(changed)]
    title = f"[{pipeline}] {transition or 'the whole pipeline'}: {', '.join(_titles(changed))}"
    # Whoever takes incidents hears of the end of this one: what fades opens none, and keeps none open.
    opens = not changed.baseline and (_lasts(changed) or bool(changed.over))
    incident = f"gapheal/{pipeline}/{transition or 'pipeline'}/notes" if opens else None
    return Message(_cut(title, LONGEST_TITLE), _cut("\n".join(blocks), LONGEST), _mood(changed), now, incident=incident)


def page(pipeline: str, transition: str | None, changed: Changes, now: datetime) -> Message | None:
    """The call for a person, or the word that it is over; None: nobody is to be called. Opens and resolves by one key.

    A transition's first look calls nobody.
    """
    incident = f"gapheal/{pipeline}/{transition or 'pipeline'}"
    called = [] if changed.baseline else [each for each in changed.news if each.kind is PAGED]
    for finding in called:
        title = _cut(f"[{pipeline}] {transition}: {finding.sentence}", LONGEST_TITLE)
        return Message(title, _cut(block(finding), LONGEST), "failure", now, page=True, incident=incident)
    for standing in changed.over:
        if standing.paged:
            title = _cut(f"[{pipeline}] {transition}: no longer more gaps than page_above", LONGEST_TITLE)
            return Message(title, _over(standing, changed), "success", now, page=True, incident=incident)
    return None


def digest(
    pipeline: str, findings: Sequence[Finding], now: datetime, more: Sequence[str] = (), longest: int = LONGEST
) -> tuple[str, str]:
    """The digest of a day: its title, which names the day, and its text.

    Args:
        pipeline: its name.
        findings: all that stand open, of every kind and transition.
        now: the moment, UTC; the title's day is its.
        more: lines that follow, e.g. what could not be looked at; findings are cut before they are.
        longest: characters of the text.
    """
    count = {0: "all well", 1: "1 thing stands open"}.get(len(findings), f"{len(findings)} things stand open")
    title = f"[{pipeline}] digest of {now:%Y-%m-%d}: {count}"
    lines = []
    for scope in dict.fromkeys(finding.transition for finding in findings):
        lines.append(f"{scope or 'the whole pipeline'}:")
        for finding in findings:
            if finding.transition == scope:
                lines += [f"  - {line(finding)}", f"    {finding.sentence}", f"    -> {finding.command}"]
    if not findings:
        lines.append("No gap is open, nothing waits for a person.")
    tail = _cut("\n".join(["", *more]), longest // 2)
    return _cut(title, LONGEST_TITLE), _cut("\n".join(lines), longest - len(tail)) + tail


def _blocks(changed: Changes) -> Iterator[str]:
    if changed.baseline:
        yield "The first look: this is what is there, nobody is called for it."
    for finding in changed.opened:
        yield block(finding)
    for finding, days in changed.grew:
        yield block(finding, "more: ", days)
    for standing in changed.over:
        yield _over(standing, changed)
    if changed.standing and changed.reminder:
        yield from (block(finding, "still open: ") for finding in changed.standing)
    elif changed.standing:
        yield "still open: " + "; ".join(line(finding) for finding in changed.standing)


def _over(standing: Standing, changed: Changes) -> str:
    """That it is over, and what became of its dates."""
    since = moment(standing.since or standing.opened_at)
    if not standing.dates:
        return f"over: {NAMES[standing.kind]} (since {since})"
    now = (*changed.news, *changed.standing)
    elsewhere: dict[date, str] = {}
    for finding in now:
        if finding.kind is not PAGED:
            elsewhere |= dict.fromkeys(set(finding.dates) & set(standing.dates), NAMES[finding.kind])
    gone = [day for day in standing.dates if day not in elsewhere]
    counts = [(name, sum(other == name for other in elsewhere.values())) for name in dict.fromkeys(elsewhere.values())]
    became = [f"{len(gone):,} no gaps any more: healed, excused, or waiting for upstream"] if gone else []
    became += [f"{count:,} now {name}" for name, count in counts]
    head = f"over: {_headline(standing.kind, len(standing.dates))} (since {since})"
    return f"{head}\n  dates: {ranges(standing.dates)}\n  {', '.join(became)}"


def _titles(changed: Changes) -> Iterator[str]:
    if changed.baseline:
        yield "first look"
    if changed.over and not changed.after:
        yield "all well again"
    for finding in changed.opened:
        yield headline(finding)
    for finding, days in changed.grew:
        yield f"{len(days):,} more {NAMES[finding.kind]}"
    yield from (ENDS.get(standing.kind) or f"{NAMES[standing.kind]} over" for standing in changed.over)
    if changed.reminder and not (changed.opened or changed.grew or changed.over):
        yield "still " + ", ".join(headline(finding) for finding in changed.standing)


def _lasts(changed: Changes) -> bool:
    return any(not standing.fades for standing in changed.after.values())


def _mood(changed: Changes) -> Mood:
    if changed.baseline:
        return "info"
    if changed.over and not _lasts(changed):
        return "success"
    return "failure" if any(finding.kind in LOUD for finding in changed.news) else "warning"


def _headline(kind: Kind, dates: int) -> str:
    return f"{NAMES[kind]}, {dates:,} date{'' if dates == 1 else 's'}" if dates else NAMES[kind]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
