"""The messages that ask a phase's job for dates: which dates go together, and what is said. Pure."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from gapheal.errors import ConfigError
from gapheal.model.passes import Message, Source
from gapheal.model.pipeline import Pipeline
from gapheal.model.template import placeholders, render

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""`json.dumps` with options would make an encoder for each message."""


class Dated(NamedTuple):
    """A date to be healed, the number of the claim that was won for it, and why."""

    day: date
    n: int
    reason: str


def runs(won: Iterable[date], known: Collection[date], batch_size: int) -> list[tuple[date, ...]]:
    """The dates won, in order, as runs that one message each may ask for.

    A run may bridge dates that upstream never had, never a known one that was not won: that one is complete,
    excused, leased, held, or nobody has asked for it. From its first day to its last it spans at most `batch_size`
    days.
    """
    days = sorted(set(won))
    barred = sorted(set(known).difference(days))
    found: list[list[date]] = []
    for day in days:
        if found and (day - found[-1][0]).days < batch_size and _free(barred, found[-1][-1], day):
            found[-1].append(day)
        else:
            found.append([day])
    return [tuple(run) for run in found]


def trigger_id(transition: str, dated: Iterable[tuple[date, int]], part: str = "") -> str:
    """The name of one trigger: equal only for a true repeat, so that consumers can drop it."""
    whole = json.dumps([transition, [[str(day), n] for day, n in dated], part])
    return sha256(whole.encode()).hexdigest()[:32]


def compose(pipeline: Pipeline, transition: str, run: Sequence[Dated], source: Source) -> list[Message]:
    """The messages for one run of dates: one, or with fan-out one per payload.

    Raises:
        ConfigError: a template holds an unknown placeholder.
    """
    trigger = pipeline.transitions[transition].trigger
    known = _known(pipeline, transition, run, source)
    if not trigger.fan_out:
        return [_message(trigger.payload, known, run, "")]
    last = len(trigger.fan_out)
    return [_message(payload, known, run, f"{n}/{last}") for n, payload in enumerate(trigger.fan_out, 1)]


def _known(pipeline: Pipeline, transition: str, run: Sequence[Dated], source: Source) -> dict[str, Any]:
    """What every message of the run says; its id is still missing."""
    days = [str(dated.day) for dated in run]  # of ISO dates the first text is the first day
    first, last = min(days), max(days)
    return {
        "pipeline": pipeline.pipeline,
        "transition": transition,
        "phase": pipeline.transitions[transition].downstream,
        "date": first if first == last else f"{first}..{last}",
        "start_date": first,
        "end_date": last,
        "dates": days,
        "attempt": max(dated.n for dated in run),
        "reason": ",".join(dict.fromkeys(dated.reason for dated in run)),
        "source": str(source),
    }


def _message(template: Any, known: dict[str, Any], run: Sequence[Dated], part: str) -> Message:
    name = trigger_id(known["transition"], [(dated.day, dated.n) for dated in run], part)
    values = {**known, "trigger_id": name}
    if template is not None and (unknown := placeholders(template) - values.keys()):
        raise ConfigError(
            f"transitions.{known['transition']}.trigger: unknown placeholder {{{min(unknown)}}} in a payload; "
            f"known are {', '.join(f'{{{word}}}' for word in values)}"
        )
    data = values if template is None else render(template, values)
    return Message(
        trigger_id=name,
        days=tuple(dated.day for dated in run),
        data=_json(data).encode(),
        attributes=_attributes(values, part),
    )


def _attributes(values: dict[str, Any], part: str) -> dict[str, str]:
    words = ("pipeline", "transition", "trigger_id", "attempt", "reason", "source")
    attributes = {word: str(values[word]) for word in words}
    attributes["partition"] = values["date"]
    if part:
        attributes["part"] = part
    return attributes


def _free(barred: Sequence[date], after: date, before: date) -> bool:
    """Whether no barred day lies between the two."""
    next_barred = bisect_left(barred, after)
    return next_barred == len(barred) or barred[next_barred] > before
