"""Healing through a URL that takes one date at a time, and giving up while an answer can still be waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from gapheal.app import build
from gapheal.errors import Unavailable
from gapheal.model.passes import Delivery, Message, Outcome, Request, Source
from gapheal.model.pipeline import Trigger
from gapheal.reconcile import PASS_SECONDS, Loop
from gapheal.spec import validated
from gapheal.testing import World, small_pipeline

NAME = "raw_to_refined"
FIRST = date(2024, 6, 10)
SCAN = Request(Source.SCAN)
URL = "https://coordinator.example/start"


@dataclass
class Target:
    """Answers by script, then accepts; keeps how many messages came in each call."""

    script: list[Delivery | Outcome] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)

    def publish(self, trigger: Trigger, messages: Sequence[Message]) -> list[Delivery]:
        assert (trigger.http is None) != (trigger.pubsub is None)
        self.groups.append(len(messages))
        self.asked += messages
        return [self._answer(message) for message in messages]

    def subscriptions(self, topic: str) -> int | None:
        raise AssertionError(f"nobody subscribes to a URL, and {topic} is no topic of this pipeline")

    def _answer(self, message: Message) -> Delivery:
        word = self.script.pop(0) if self.script else "published"
        if isinstance(word, Delivery):
            return word._replace(message=message)
        return Delivery(message, word, error=None if word == "published" else f"the target is {word}")


class Single:
    """The small pipeline with a URL for a target, and so many missing dates."""

    def __init__(self, days: int = 3, trigger: dict[str, Any] | None = None, **policy: Any) -> None:
        free = {"max_age_days": None, "breaker_after": 30, "max_in_flight": 30}
        data = small_pipeline(**{**free, **policy}).model_dump(by_alias=True)
        data["transitions"][NAME]["trigger"] = trigger or {"http": {"url": URL}}
        self.world = World(validated(data))
        self.target = Target()
        self.days = [FIRST + timedelta(days=n) for n in range(days)]
        numbers = iter(range(1000))
        ports = {**self.world.ports, "publisher": self.target}
        ports.pop("schedule")  # the loop asks nobody when it is asked
        self.loop = Loop(self.world.pipeline, **ports, new_id=lambda: f"pass-{next(numbers)}")
        for day in self.days:
            self.world.warehouse.put("d.raw", day, 100, 10)

    def run(self, request: Request = SCAN) -> dict[str, Any]:
        return self.loop.run(NAME, request)

    @property
    def claimed(self) -> list[tuple[date, int]]:
        return [(day, n) for _, day, n in self.world.claims.created]

    @property
    def triggers(self) -> list[tuple[str, int, str]]:
        rows = self.world.ledger.rows["triggers"]
        return [(row["partition_date"], row["n"], row["outcome"]) for row in rows]


def test_after_the_first_busy_answer_nothing_more_is_claimed_in_this_pass():
    single = Single()
    single.target.script = ["published", "busy"]

    report = single.run()

    assert single.claimed == [(single.days[0], 1), (single.days[1], 1)]
    assert report["triggered_dates"] == [str(single.days[0])]
    assert (report["actions"]["heal"], report["actions"]["deferred"], report["errors"]) == (
        1,
        2,
        ["the target is busy"],
    )


def test_a_busy_date_holds_no_lease_and_used_no_attempt():
    single = Single(max_attempts=1)
    single.target.script = ["published", "busy", "published", "busy"]
    single.run()
    single.world.clock.advance(minutes=5)

    report = single.run()

    busy, late = single.days[1:]
    assert single.claimed[2:] == [(busy, 2), (late, 1)], "the first is leased"
    assert report["actions"] == {**dict.fromkeys(report["actions"], 0), "leased": 1, "heal": 1, "deferred": 1}
    assert single.triggers[1:3] == [(str(busy), 1, "busy"), (str(busy), 2, "published")]
    states = {row["partition_date"]: row["attempts"] for row in single.world.ledger.rows["verdicts"]}
    assert states[str(busy)] == 0


def test_a_busy_date_holds_no_room():
    single = Single(max_in_flight=1, breaker_after=1)
    single.target.script = ["busy"]
    single.run()

    assert single.run()["triggered_dates"] == [str(single.days[0])]


def test_a_target_that_stays_busy_is_asked_once_a_pass_and_never_stalls_a_date():
    single = Single(max_attempts=2)
    single.target.script = ["busy"] * 6

    reports = [single.run() for _ in range(6)]

    assert [report["actions"]["deferred"] for report in reports] == [3] * 6
    assert single.claimed == [(single.days[0], n) for n in range(1, 7)]
    assert single.run()["triggered"] == 3


@pytest.mark.parametrize(
    "answer", ["published", "unknown", Delivery(Message("", (), b"", {}), "published", error="404")]
)
def test_a_target_that_answers_anything_else_is_asked_for_the_next_date(answer):
    single = Single()
    single.target.script = [answer] * 3

    assert (single.run()["triggered"], single.target.groups) == (3, [1, 1, 1])


def test_a_url_gets_one_message_at_a_time_and_a_topic_ten():
    by_url, by_topic = Single(days=12), Single(days=12, trigger={"pubsub": {"topic": "refined-trigger"}})

    assert by_url.run()["triggered"] == by_topic.run()["triggered"] == 12
    assert (by_url.target.groups, by_topic.target.groups) == ([1] * 12, [10, 2])


def test_nobody_is_asked_who_listens_at_a_url():
    single = Single()

    assert build(single.world.pipeline, **{**single.world.ports, "publisher": single.target}).deaf(NAME) is None


def test_a_batch_is_one_message_and_busy_for_all_its_dates():
    single = Single(days=6, batch_size=3)
    single.target.script = ["busy"]

    report = single.run()

    assert (report["actions"]["deferred"], single.claimed) == (6, [(day, 1) for day in single.days[:3]])


def test_a_date_is_published_when_any_of_its_parts_was():
    single = Single(trigger={"http": {"url": URL}, "fan_out": [{"table": name} for name in "abc"]})
    single.target.script = ["published", "busy", "busy"]

    report = single.run()

    assert (report["triggered_dates"], report["errors"]) == ([str(single.days[0])], ["the target is busy"])
    assert single.claimed == [(single.days[0], 1)]
    assert single.run()["actions"]["leased"] == 1, "busy parts do not undo the one that was sent"


@pytest.mark.parametrize("unreachable", [True, False])
def test_what_one_date_could_not_be_sent_for_no_other_is_claimed_for(unreachable):
    single = Single()
    failed = Delivery(Message("", (), b"", {}), "failed", error="no way there", unreachable=unreachable)
    single.target.script = [failed]

    if unreachable:
        with pytest.raises(Unavailable, match="no way there"):
            single.run()
    else:
        assert (single.run()["errors"], single.triggers) == (["no way there"], [(str(FIRST), 1, "failed")])
    assert len(single.claimed) == 1


@pytest.mark.parametrize(
    ("http", "parts", "reserved"),
    [
        ({}, 1, 30),
        ({"timeout_seconds": 90}, 1, 90),
        ({"timeout_seconds": 20}, 3, 60),
        ({"timeout_seconds": 540}, 1, 120),
    ],
)
def test_nothing_is_claimed_when_less_is_left_of_a_pass_than_an_answer_may_take(http, parts, reserved):
    fan_out = {"fan_out": [{"part": n} for n in range(parts)]} if parts > 1 else {}
    claimed = []
    for seconds in (PASS_SECONDS - reserved, PASS_SECONDS - reserved + 1):
        single = Single(trigger={"http": {"url": URL, **http}, **fan_out})
        observe = single.world.warehouse.observe

        def slow(*asked: Any, single=single, observe=observe, seconds=seconds) -> Any:
            single.world.clock.advance(seconds=seconds)
            return observe(*asked)

        single.world.warehouse.observe = slow  # type: ignore[method-assign]
        report = single.run()
        claimed.append(len(single.claimed))
        assert ("out of time: the next pass goes on" in report["errors"]) == (not single.claimed)

    assert claimed == [3, 0]
