"""How well gaps are healed, from rows in lists: `gap_history.sql`, `slo.sql` and `slo_days.sql` in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gapheal.ledger.slo import COSTS, told
from gapheal.model.passes import GAPS
from gapheal.model.spread import percentile
from gapheal.ports import RETRY_LASTS

Rows = Mapping[str, list[dict[str, Any]]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_ENDS = {"complete", "excused"}


@dataclass
class Story:
    """One gap, from first sight to its end."""

    transition: str
    opened_at: datetime
    is_baseline: bool
    seconds_to_detect: int | None
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None
    triggered: bool = False

    @property
    def took(self) -> timedelta | None:
        """From first sight to rows."""
        return self.closed_at - self.opened_at if self.closed_at and self.closed_as == "complete" else None


def slo(rows: Rows, since: datetime, until: datetime) -> Mapping[str, Any]:
    """As `gapheal.ledger.slo.slo`."""
    stories = list(history(rows))
    names: list[str | None] = [None, *sorted({story.transition for story in stories})]
    figures = [
        {"transition": name, **_figures([s for s in stories if name in {None, s.transition}], since, until)}
        for name in names
    ]
    return told(since, until, figures, list(_days(rows, stories, since, until)))


def history(rows: Rows) -> Iterator[Story]:
    """As the view `gap_history`."""
    looked: dict[str, datetime] = {}
    for row in sorted(rows.get("passes", []), key=_when):
        if row["source"] in {"scan", "sweep"} and row["gaps_found"] is not None:
            looked.setdefault(row["transition"], _when(row))
    dates: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in (*rows.get("verdicts", []), *rows.get("decisions", [])):
        dates[row["transition"], row["partition_date"]].append(row)
    for (transition, _), some in sorted(dates.items()):
        yield from _stories(transition, sorted(some, key=_when), looked.get(transition))


def _stories(transition: str, some: Sequence[Mapping[str, Any]], looked: datetime | None) -> Iterator[Story]:
    story, word, ended, anew = None, None, None, False
    for row in some:
        condition, now = row.get("condition"), _when(row)
        if condition is None:
            word = now
            anew = anew or (row["decision"] == "again" and ended is not None)
        elif story is None and _is_gap(row, anew=anew):
            story = Story(transition, now, looked is None or now <= looked, _detected(row, looked, ended))
        elif condition in _ENDS:
            if story:
                story.closed_at, story.closed_as, story.triggered = now, condition, bool(row["triggered_at"])
                yield _decided(story, word)
            story, word, ended, anew = None, None, now, False
    if story:
        yield _decided(story, word)


def _is_gap(row: Mapping[str, Any], *, anew: bool) -> bool:
    if row["condition"] == "stale":
        return row["code"] != "stale_reported" and not anew
    return row["condition"] in GAPS


def _decided(story: Story, word: datetime | None) -> Story:
    story.decided_at = word if word and word > story.opened_at - RETRY_LASTS else None
    return story


def _detected(row: Mapping[str, Any], looked: datetime | None, ended: datetime | None) -> int | None:
    now, arrived = _when(row), row["arrived_at"] and datetime.fromisoformat(row["arrived_at"])
    known = looked and now > looked and arrived and arrived < now and (ended is None or ended < arrived)
    return int((now - arrived).total_seconds()) if known else None


def _figures(stories: Sequence[Story], since: datetime, until: datetime) -> dict[str, Any]:
    recent = [story for story in stories if story.opened_at >= since]
    found, baseline = [s for s in recent if not s.is_baseline], [s for s in recent if s.is_baseline]
    due = {hours: [s for s in found if s.opened_at <= until - hours] for hours in (HOUR, DAY)}
    in_time = {hours: [s for s in some if s.took is not None and s.took <= hours] for hours, some in due.items()}
    heals = [int(story.took.total_seconds()) for story in found if story.took is not None]
    detections = [story.seconds_to_detect for story in found if story.seconds_to_detect is not None]
    return {
        "gaps": len(found),
        "healed": len(heals),
        "triggered": sum(s.took is not None and s.triggered for s in found),
        "excused": sum(s.closed_as == "excused" for s in found),
        "decided": sum(s.decided_at is not None for s in found),
        "due_1h": len(due[HOUR]),
        "healed_1h": len(in_time[HOUR]),
        "due_24h": len(due[DAY]),
        "healed_24h": len(in_time[DAY]),
        "alone_24h": sum(s.decided_at is None for s in in_time[DAY]),
        "detect_p50_seconds": percentile(detections, 0.5),
        "detect_p95_seconds": percentile(detections, 0.95),
        "heal_p50_seconds": percentile(heals, 0.5),
        "heal_p95_seconds": percentile(heals, 0.95),
        "baseline_gaps": len(baseline),
        "baseline_healed": sum(s.took is not None for s in baseline),
        "open_now": sum(s.closed_at is None for s in stories),
    }


def _days(rows: Rows, stories: Sequence[Story], since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    passes = [row for row in rows.get("passes", []) if since <= _when(row) <= until]
    still = [s for s in stories if s.opened_at <= until and (s.closed_at is None or s.closed_at >= since)]
    names = sorted({row["transition"] for row in passes} | {story.transition for story in still})
    for number in range((_day(until) - _day(since)).days + 1):
        day = _day(since) + timedelta(days=number)
        for name in names:
            own = [story for story in still if story.transition == name]
            looks = [row for row in passes if row["transition"] == name and _day(_when(row)) == day]
            yield {
                "transition": name,
                "day": str(day),
                "opened": sum(_day(s.opened_at) == day and s.opened_at >= since for s in own),
                "healed": sum(s.took is not None and _closed_on(s, until) == day for s in own),
                "open_gaps": sum(_day(s.opened_at) <= day and (_closed_on(s, until) or date.max) > day for s in own),
                **dict(
                    zip(COSTS, (len(looks), *(sum(row[key] or 0 for row in looks) for key in COSTS[1:])), strict=True)
                ),
            }


def _closed_on(story: Story, until: datetime) -> date | None:
    return _day(story.closed_at) if story.closed_at and story.closed_at <= until else None


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _when(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["observed_at"])
