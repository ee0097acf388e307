"""Says that a phase has finished dates: one event to its `completion_topic`, however many dates there are.

An event is a hint: whoever hears it looks at the rows. So it may be sent again at any time, and a lost one costs
nothing but the time until the next scan.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gapheal import spec
from gapheal.errors import ConfigError, RequestError, Unavailable
from gapheal.events.days import request_day, span
from gapheal.events.strict import Malformed
from gapheal.intervals import Interval, fold, unfold
from gapheal.model.passes import Message
from gapheal.model.pipeline import Pipeline, PubSubTarget, Trigger
from gapheal.ports import Publisher
from gapheal.spec.kinds import is_topic
from gapheal.spec.names import phase_named

FILE = Path("pipeline.yaml")
SINGLE = "game_date"
"""The key of a single date, where everybody who listens reads it."""

log = logging.getLogger("gapheal")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a phase says of its dates, and to whom."""

    topic: str
    event: Mapping[str, Any]
    days: tuple[date, ...]

    @property
    def message(self) -> Message:
        """The same as it travels."""
        data = json.dumps(self.event, ensure_ascii=False, separators=(",", ":")).encode()
        return Message("", self.days, data, {})


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it."""

    completion: Completion
    message_id: str
    warning: str | None = None
    """Why nobody may have heard it."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        told = {"topic": self.completion.topic, "message_id": self.message_id, "event": dict(self.completion.event)}
        return told | ({"warning": self.warning} if self.warning else {})


def publish_completion(
    *,
    phase: str | int,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    dates: str | date | Iterable[str | date] | None = None,
    pipeline: str | Path | Pipeline | None = None,
    project: str | None = None,
    topic: str | None = None,
    processor_name: str | None = None,
    status: str | None = None,
    correlation_id: str | None = None,
) -> str:
    """Publish one completion event for a range of dates, or for single ones; the message's id.

    Args:
        phase: a phase of the file; `3` means `phase3`.
        start_date: the first date, with `end_date`; both included.
        end_date: the last date.
        dates: instead of a range; each a date, or a run `2024-04-16..2024-04-30`. Of a moment, here as above, the day.
        pipeline: the file, or what `spec.load` made of it; by default GAPHEAL_PIPELINE, else `pipeline.yaml` here.
            With `topic` none is needed, and the phase's name is not checked.
        project: instead of the file's and of GOOGLE_CLOUD_PROJECT.
        topic: instead of the phase's `completion_topic`.
        processor_name: of the job, for people.
        status: the job's own word; gapheal does not believe it, it looks.
        correlation_id: for people who follow a request through logs.

    Raises:
        ConfigError: no such phase, no topic, no project, no credentials or no permission.
        RequestError: the dates cannot be used.
        Unavailable: Pub/Sub did not answer. Call again: twice does no harm.
    """
    about = {"processor_name": processor_name, "status": status, "correlation_id": correlation_id}
    known = _pipeline(pipeline, topic)
    today = datetime.now(UTC).astimezone(known.zone if known else None).date()
    days = days_of(start_date, end_date, [dates] if isinstance(dates, (str, date)) else dates, today)
    said = compose(known, str(phase), days, topic=topic, about=about)
    done = publish(said, publisher_of(known, project))
    if done.warning:
        log.warning(done.warning)
    return done.message_id


def days_of(
    start_date: str | date | None, end_date: str | date | None, dates: Iterable[str | date] | None, today: date
) -> tuple[date, ...]:
    """The dates that were named, in order: a range or a list.

    Raises:
        RequestError: neither or both, half a range, a reversed one, no date, or one later than tomorrow.
    """
    try:
        days = tuple(unfold(_runs(start_date, end_date, dates, today)))
    except Malformed as wrong:
        raise RequestError(str(wrong)) from None
    if not days:
        raise RequestError("dates: expected at least one date, found none")
    return days


def compose(
    pipeline: Pipeline | None,
    asked: str,
    days: tuple[date, ...],
    *,
    topic: str | None = None,
    about: Mapping[str, str | None] | None = None,
) -> Completion:
    """The event, and the topic that it goes to.

    Raises:
        ConfigError: no such phase, or nowhere to announce its dates.
    """
    phase = phase_named(pipeline, asked) if pipeline else asked
    where = topic or (pipeline.phases[phase].completion_topic if pipeline else None)
    if where is None:
        raise ConfigError(
            f"phases.{phase} has no completion_topic, so nobody can hear that it is finished: write one into the file "
            f"and subscribe the functions to it, or name a topic"
        )
    more = {name: text for name, text in (about or {}).items() if text is not None}
    return Completion(where, {"phase": phase, **_named_dates(pipeline, phase, days), **more}, days)


def publish(said: Completion, publisher: Publisher) -> Published:
    """Send it, and wait until Pub/Sub has it.

    Raises:
        ConfigError: there is no such topic, or no permission.
        Unavailable: Pub/Sub did not answer; the event may have been delivered, and may be sent again.
    """
    if not is_topic(said.topic):
        raise ConfigError(f"expected a topic's name, or projects/<project>/topics/<name>, found {said.topic!a}")
    target = Trigger(pubsub=PubSubTarget(topic=said.topic))
    (delivery,) = publisher.publish(target, [said.message])
    if delivery.outcome == "published":
        return Published(said, delivery.message_id or "", _unheard(said.topic, publisher))
    told = delivery.error or "it could not be published"
    if delivery.outcome == "unknown" or delivery.unreachable:
        raise Unavailable(f"{told}; publish it again, twice does no harm")
    raise ConfigError(told)


def publisher_of(pipeline: Pipeline | None, project: str | None) -> Publisher:
    """The real one, in the project that is given, the file's, or the environment's."""
    from gapheal.publisher import TargetPublisher  # noqa: PLC0415 - Google's clients are slow to import

    where = project or (pipeline.project if pipeline else None) or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not where:
        raise ConfigError("no Google Cloud project: give one, write it into the file, or set GOOGLE_CLOUD_PROJECT")
    return TargetPublisher(where)


def _pipeline(given: str | Path | Pipeline | None, topic: str | None) -> Pipeline | None:
    if isinstance(given, Pipeline):
        return given
    if given is not None:
        return spec.load(given)
    found = Path(os.environ.get("GAPHEAL_PIPELINE") or FILE)
    return None if topic and not found.is_file() else spec.load(found)


def _named_dates(pipeline: Pipeline | None, phase: str, days: tuple[date, ...]) -> dict[str, Any]:
    """The fewest words that say which dates, in keys that everybody who listens reads."""
    first, last = days[0], days[-1]
    if pipeline and len(days) == 1 and all(SINGLE in keys for keys in _keys_of_listeners(pipeline, phase)):
        return {SINGLE: str(first)}
    if Interval.inclusive(first, last).days == len(days):
        return {"start_date": str(first), "end_date": str(last)}
    return {"dates": [str(day) for day in days]}


def _keys_of_listeners(pipeline: Pipeline, phase: str) -> list[tuple[str, ...]]:
    """Under which keys each transition beside the phase looks for an event's date."""
    transitions = pipeline.transitions.values()
    return [each.event_date_keys for each in transitions if phase in {*each.upstream, each.downstream}]


def _unheard(topic: str, publisher: Publisher) -> str | None:
    try:
        listeners = publisher.subscriptions(topic)
    except (ConfigError, Unavailable):
        return None  # the event is out; who listens is only asked to be of help
    if listeners != 0:
        return None
    return f"topic {topic} has no subscription: nobody heard the event; subscribe the functions of the phases beside it"


def _runs(
    start_date: str | date | None, end_date: str | date | None, dates: Iterable[str | date] | None, today: date
) -> list[Interval]:
    ends = {"start_date": start_date, "end_date": end_date}
    given = {name: _text(value) for name, value in ends.items() if value is not None}
    if dates is not None:
        if given:
            raise Malformed(f"expected start_date and end_date, or dates; found dates and {' and '.join(given)}")
        listed = [_run(_text(text), f"dates[{at}]", today) for at, text in enumerate(dates)]
        return fold(unfold(listed))
    if len(given) < len(ends):
        lacking = " and no ".join(name for name in ends if name not in given)
        raise Malformed(f"expected start_date and end_date, or dates; found no {lacking}")
    first, last = (request_day(text, name, today) for name, text in given.items())
    return [span(first, last)]


def _text(value: str | date) -> str:
    return str(value.date() if isinstance(value, datetime) else value)


def _run(text: str, where: str, today: date) -> Interval:
    """One date, or a run `2024-04-16..2024-04-30` as `gapheal accept` takes it."""
    first, _, last = text.partition("..")
    begin = request_day(first, where, today)
    return span(begin, request_day(last, where, today) if last else begin)
