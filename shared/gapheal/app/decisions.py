"""A person's word about dates: read strictly, made into the ledger's rows, and told what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from gapheal import events
from gapheal.errors import ConfigError, RequestError
from gapheal.intervals import DAY, LATEST, Interval, fold, unfold
from gapheal.model.pipeline import Pipeline
from gapheal.ports import RETRY_LASTS, Row
from gapheal.spec.faults import meant

Word = Literal["accept", "retry"]

MOST_DATES = 5_000
MOST_CHARACTERS = 500
"""Of `why`, which every row carries."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One word of one person about dates of one transition, or of a first phase."""

    word: Word
    name: str
    """Of the transition; of a phase that no transition feeds, the phase's own."""
    days: tuple[date, ...]
    who: str
    why: str
    until: datetime | None
    """The word counts before this moment; None: an accept for ever, a retry as long as one lasts."""

    def rows(self, now: datetime) -> list[Row]:
        """For the ledger's `decisions`, one a date."""
        common = {"observed_at": now.isoformat(), "transition": self.name, "decision": self.word}
        said = {"who": self.who, "why": self.why, "until": self.until and self.until.isoformat()}
        return [{**common, "partition_date": str(day), **said} for day in self.days]

    def plain(self, pipeline: Pipeline) -> dict[str, Any]:
        """As JSON values, with what it means."""
        return {
            "decision": self.word,
            "name": self.name,
            "dates": len(self.days),
            "runs": [str(run) for run in fold(self.days)],
            "who": self.who,
            "why": self.why,
            "until": self.until and self.until.isoformat(),
            "means": _accepted(self, pipeline) if self.word == "accept" else _retried(self, pipeline),
        }


def decision(
    pipeline: Pipeline,
    word: Word,
    name: str,
    dates: Iterable[str],
    *,
    who: str,
    why: str,
    until: str | None,
    now: datetime,
) -> Decision:
    """What a person said, if it can be kept.

    Args:
        pipeline: the file.
        word: `accept` or `retry`.
        name: a transition, or a phase that no transition feeds.
        dates: each `2024-04-16`, or a run `2024-04-16..2024-04-30`, its end included.
        who: says so.
        why: what others will read.
        until: the last day, in the pipeline's time zone, on which the word counts.
        now: the present moment.

    Raises:
        ConfigError: the file knows no such name.
        RequestError: a date, `who`, `why` or `until` cannot be used.
    """
    _known(pipeline, name)
    today = now.astimezone(pipeline.zone).date()
    days = sorted(set(unfold(_run(text, today) for text in dates)))
    if not 0 < len(days) <= MOST_DATES:
        raise RequestError(f"dates: expected 1 to {MOST_DATES:,} dates, found {len(days):,}")
    for key, text in (("who", who), ("why", why)):
        if not 0 < len(text.strip()) <= MOST_CHARACTERS:
            expected = f"a text of 1 to {MOST_CHARACTERS} characters"
            raise RequestError(f"{key}: expected {expected}, found {len(text.strip())}; others will read it")
    last = _last_day(word, until, today) if until is not None else None
    ends = datetime.combine(last + DAY, time(), pipeline.zone).astimezone(UTC) if last else None
    return Decision(word, name, tuple(days), who.strip(), why.strip(), ends)


def _known(pipeline: Pipeline, name: str) -> None:
    first = [phase for phase in pipeline.phases if pipeline.feeder(phase) is None]
    known = [*pipeline.transitions, *first]
    if name in known:
        return
    feeder = pipeline.feeder(name)
    mend = f"; the phase {name} is decided upon as {feeder}" if feeder else meant(name, known)
    raise ConfigError(f"expected a transition or a first phase of the file ({', '.join(known)}), found {name}{mend}")


def _run(text: str, today: date) -> Interval:
    first, found, last = text.partition("..")
    start = events.day(first, today)
    end = events.day(last, today) if found else start
    if end < start:
        raise RequestError(f"dates: expected a run from an earlier to a later date, found {text}: swap them")
    return Interval.inclusive(start, end)


def _last_day(word: Word, text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or str(day) != text:
        raise RequestError(f"until: expected a date like {today}, found {text}")
    if day < today:
        raise RequestError(f"until: expected today ({today}) or a later date, found {day}")
    if day > LATEST:
        raise RequestError(f"until: expected a date to {LATEST}, found {day}; leave it out where the word has no end")
    longest = today + RETRY_LASTS - DAY
    if word == "retry" and day > longest:
        days = RETRY_LASTS.days
        raise RequestError(f"until: a retry lasts {days} days at most, expected a date to {longest}, found {day}")
    return day


def _accepted(said: Decision, pipeline: Pipeline) -> str:
    step = pipeline.transitions.get(said.name)
    phase = step.downstream if step else said.name
    later = ", ".join(name for name, each in pipeline.transitions.items() if phase in each.upstream)
    parts = [f"phase {phase} may stay as it is on these dates"]
    if step:
        parts.append(f"the next pass of {said.name} excuses them")
    if later:
        parts.append(f"{later} requires nothing of {phase} there")
    ends = _until(said, pipeline) or f"for ever; `gapheal retry {said.name}` with the same dates takes it back"
    return f"{'; '.join(parts)}; this holds {ends}"


def _retried(said: Decision, pipeline: Pipeline) -> str:
    step = pipeline.transitions.get(said.name)
    if step is None:
        return f"what was accepted of phase {said.name} on these dates is taken back"
    parts = [
        f"the next pass of {said.name} counts no trigger before this and no accept of these dates",
        "what is held or stalled is triggered again when there is room",
    ]
    if step.policy.mode != "heal":
        parts.append(f"mode {step.policy.mode} sends nothing: that needs `policy.mode: heal` in the file")
    ends = _until(said, pipeline) or f"{RETRY_LASTS.days} days at most"
    return f"{'; '.join(parts)}; this lasts until a date is complete, {ends}"


def _until(said: Decision, pipeline: Pipeline) -> str | None:
    return f"to the end of {(said.until.astimezone(pipeline.zone) - DAY).date()}" if said.until else None
