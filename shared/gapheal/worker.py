"""For the jobs that gapheal triggers: what a trigger says, read strictly, and how to drop a repeat.

Pub/Sub delivers at least once, so the same trigger may come twice; `trigger_id` is equal for true repeats only.

    seen = worker.Seen()
    trigger = worker.read(request.get_data(), request.headers)
    with seen.turn(trigger) as turn:
        if turn == "new":
            run(trigger.dates)
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, Literal, Protocol
from urllib.parse import unquote

from gapheal.errors import RequestError
from gapheal.events.shapes import fields, is_event
from gapheal.events.strict import Malformed, keys, parse, show
from gapheal.intervals import Interval, unfold

Turn = Literal["new", "running", "done"]

DAY_SECONDS = 86_400.0
_ALWAYS = ("pipeline", "transition", "partition", "trigger_id", "attempt", "reason", "source")
"""The attributes that every trigger carries."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One request of gapheal's: these dates of this phase, please."""

    pipeline: str
    transition: str
    dates: tuple[date, ...]
    """What to make. With a payload of your own: every day of `partition`."""
    trigger_id: str
    """Equal only for true repeats."""
    attempt: int
    reason: str
    """`missing`, `partial`, `stale`; several with commas between them."""
    source: str
    """`event`, `scan`, `sweep` or `backfill`."""
    part: str | None
    """`2/5`: which message of a fan-out this is."""
    payload: Any
    """The data as it came."""

    @property
    def start_date(self) -> date:
        """The first date."""
        return self.dates[0]

    @property
    def end_date(self) -> date:
        """The last date."""
        return self.dates[-1]


class PullMessage(Protocol):
    """What Google's clients give to a subscriber: a `PubsubMessage`, or the `Message` of a streaming pull."""

    @property
    def data(self) -> bytes:
        """The payload."""
        ...

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes."""
        ...


class Store(Protocol):
    """Remembers triggers. With several instances of a service: in a place that all of them see."""

    def begin(self, trigger_id: str) -> Turn:
        """`new` for exactly one caller, who must say `done` or `forget`; the others learn how far that one is."""
        ...

    def done(self, trigger_id: str) -> None:
        """The job has run."""
        ...

    def forget(self, trigger_id: str) -> None:
        """The job has failed: the next delivery may try."""
        ...


def read(body: bytes, headers: Mapping[str, str]) -> Trigger:
    """What a push or a call of an HTTP target asks for.

    Wrapped or unwrapped push (with metadata: the attributes are needed), or the POST of a `trigger.http`.

    Raises:
        RequestError: it is no trigger of gapheal's. Another delivery would be the same: acknowledge it and log it.
    """
    try:
        value = parse(body)
        if is_event(value):
            return _trigger(fields(value), _enveloped(value))
        return _trigger(value, {name.lower(): text for name, text in headers.items()})
    except Malformed as wrong:
        raise RequestError(str(wrong)) from None


def read_message(message: PullMessage) -> Trigger:
    """What a pulled message asks for.

    Raises:
        RequestError: it is no trigger of gapheal's: acknowledge it and log it.
    """
    try:
        return _trigger(parse(message.data), dict(message.attributes))
    except Malformed as wrong:
        raise RequestError(str(wrong)) from None


class Seen:
    """Which triggers were taken already: in this process's memory, or in a store of yours."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or Memory()

    @contextmanager
    def turn(self, trigger: Trigger) -> Iterator[Turn]:
        """Whether to run: `new`, or a repeat of one that is `running` or `done`.

        After a `new` turn that raises, the trigger is forgotten, so that its next delivery runs.
        """
        turn = self._store.begin(trigger.trigger_id)
        if turn != "new":
            yield turn
            return
        try:
            yield turn
        except BaseException:
            self._store.forget(trigger.trigger_id)
            raise
        self._store.done(trigger.trigger_id)


class Memory:
    """The newest triggers of a process: at most so many, for so long.

    Args:
        limit: how many; the oldest go first.
        seconds: how long; Pub/Sub repeats within minutes, a subscription without an expiry keeps for days.
        monotonic: tells the time.
    """

    def __init__(
        self, limit: int = 10_000, seconds: float = DAY_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._seconds, self._monotonic = limit, seconds, monotonic
        self._known: OrderedDict[str, tuple[float, Turn]] = OrderedDict()
        self._lock = Lock()

    def begin(self, trigger_id: str) -> Turn:
        """`new` once; then what was last said of it."""
        now = self._monotonic()
        with self._lock:
            while self._known and next(iter(self._known.values()))[0] <= now - self._seconds:
                self._known.popitem(last=False)
            if trigger_id in self._known:
                return self._known[trigger_id][1]
            self._keep(trigger_id, "running")
            return "new"

    def done(self, trigger_id: str) -> None:
        """Keep it as done."""
        with self._lock:
            self._keep(trigger_id, "done")

    def forget(self, trigger_id: str) -> None:
        """As if it had never come."""
        with self._lock:
            self._known.pop(trigger_id, None)

    def _keep(self, trigger_id: str, turn: Turn) -> None:
        self._known.pop(trigger_id, None)
        self._known[trigger_id] = (self._monotonic(), turn)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)


def _enveloped(value: dict[str, Any]) -> Mapping[str, Any]:
    """The attributes of a push envelope, bare or inside a CloudEvent."""
    for envelope in (value, value.get("data")):
        if isinstance(envelope, dict) and isinstance(message := envelope.get("message"), dict):
            attributes = message.get("attributes")
            return attributes if isinstance(attributes, dict) else {}
    return {}


def _trigger(payload: Any, carried: Mapping[str, Any]) -> Trigger:
    """The attributes are the authority; the default payload says the same, and where they are absent it alone."""
    said = {name: found for name in (*_ALWAYS, "part") if (found := _carried(carried, name)) is not None}
    own = payload if isinstance(payload, dict) and "trigger_id" in payload else {}
    for name in _ALWAYS:
        told = own.get("date" if name == "partition" else name)
        if told is not None:
            said.setdefault(name, str(told))
    if lacking := [name for name in _ALWAYS if name not in said]:
        found = keys(payload) if isinstance(payload, dict) else show(payload)
        raise Malformed(
            f"expected a trigger with the attributes {', '.join(_ALWAYS)}; found none called {', '.join(lacking)} "
            f"(the payload: {found}). Is this a completion event, or an unwrapped push without write_metadata?"
        )
    if own and str(own["trigger_id"]) != said["trigger_id"]:
        raise Malformed(f"expected one trigger_id, found {show(said['trigger_id'])} and {show(own['trigger_id'])}")
    return Trigger(
        pipeline=said["pipeline"],
        transition=said["transition"],
        dates=_dates(own.get("dates"), said["partition"]),
        trigger_id=said["trigger_id"],
        attempt=_number(said["attempt"]),
        reason=said["reason"],
        source=said["source"],
        part=said.get("part"),
        payload=payload,
    )


def _carried(carried: Mapping[str, Any], name: str) -> str | None:
    """An attribute, as Pub/Sub carries it or as an HTTP target gets it."""
    found = carried.get(name)
    if found is None and (header := carried.get(f"gapheal-{name.replace('_', '-')}")) is not None:
        found = unquote(str(header))
    if found is not None and not isinstance(found, str):
        raise Malformed(f"attributes.{name}: expected text, found {show(found)}")
    return found or None


def _dates(listed: Any, partition: str) -> tuple[date, ...]:
    """The listed dates; without a list every day of the partition, which is one date or a run of them."""
    ends = [_day(text, "partition") for text in partition.split("..")]
    if len(ends) > 2 or ends[-1] < ends[0]:  # noqa: PLR2004 - a run has two ends
        raise Malformed(f"partition: expected a date, or a run such as 2024-04-16..2024-04-30, found {show(partition)}")
    whole = Interval.inclusive(ends[0], ends[-1])
    if listed is None:
        return tuple(unfold([whole]))
    if not isinstance(listed, list) or not listed:
        raise Malformed(f"dates: expected a list of dates, found {show(listed)}")
    days = sorted({_day(text, f"dates[{at}]") for at, text in enumerate(listed)})
    if outside := [day for day in days if day not in whole]:
        raise Malformed(f"dates: expected dates within {whole}, found {outside[0]}")
    return tuple(days)


def _day(text: Any, where: str) -> date:
    try:
        if isinstance(text, str) and _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Malformed(f"{where}: expected a date like 2024-04-16, found {show(text)}")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise Malformed(f"attempt: expected a whole number, found {show(text)}")
    return int(text)
