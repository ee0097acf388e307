"""A word to every target, so that people know before the night whether it would arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from gapheal.alerts.state import Message
from gapheal.alerts.targets import Target, deliver


class Tried(NamedTuple):
    """What came of one target."""

    target: Target
    sent: tuple[str, ...]
    """What it took."""
    error: str | None


def trial(pipeline: str, targets: Sequence[Target], now: datetime) -> list[Tried]:
    """Send those who read a message, and those who are called a call and the word that it is over."""
    incident = f"gapheal/{pipeline}/test"
    note = Message(f"[{pipeline}] a test of gapheal's alerts", "Nothing is the matter.", "info", now, incident=incident)
    opens = replace(note, title=f"{note.title}: a call, over at once", mood="failure", page=True)
    closes = replace(opens, title=f"[{pipeline}] the test is over", mood="success")
    over = replace(note, title=closes.title, mood="success")
    tried = []
    wanted = [(target, _for(target, note, over, opens, closes)) for target in targets]
    came = deliver([(target, [message for _, message in messages]) for target, messages in wanted])
    for target, messages in wanted:
        results = came[target.id]
        sent = tuple(name for (name, _), result in zip(messages, results, strict=False) if result is None)
        tried.append(Tried(target, sent, next(filter(None, results), None)))
    return tried


def _for(target: Target, note: Message, over: Message, opens: Message, closes: Message) -> list[tuple[str, Message]]:
    if target.page:
        return [("page", opens), ("resolve", closes)]
    return [("message", note), ("resolve", over)] if target.opens_incidents else [("message", note)]
