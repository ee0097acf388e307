"""The loop and a real server that runs one date at a time."""

from __future__ import annotations

from datetime import date, timedelta

from gapheal.model.passes import Request, Source
from gapheal.model.pipeline import HttpTarget, Trigger
from gapheal.publisher import TargetPublisher
from gapheal.reconcile import Loop
from gapheal.testing import World, small_pipeline

NAME = "raw_to_refined"


def test_a_single_flight_target_is_asked_until_it_is_busy_and_in_the_next_pass_again(endpoint):
    """A coordinator that runs one date at a time: 202, then 409 until it is done."""
    plain = small_pipeline(max_age_days=None)
    transition = plain.transitions[NAME].model_copy(update={"trigger": Trigger(http=HttpTarget(url=endpoint.url))})
    pipeline = plain.model_copy(update={"transitions": {**plain.transitions, NAME: transition}})
    world = World(pipeline)
    days = [date(2024, 6, 20) + timedelta(days=n) for n in range(3)]
    for day in days:
        world.warehouse.put("d.raw", day, 100, 10)
    ports = {**world.ports, "publisher": TargetPublisher("gapheal-test")}
    ports.pop("schedule")  # the loop asks nobody when it is asked
    numbers = iter(range(10))
    loop = Loop(pipeline, **ports, new_id=lambda: f"pass-{next(numbers)}")
    endpoint.statuses = [202, 409, 202, 409]

    first = loop.run(NAME, Request(Source.SCAN))
    world.clock.advance(minutes=5)
    world.warehouse.put("d.refined", days[0], 100, 10)
    second = loop.run(NAME, Request(Source.SCAN))

    asked = [(got.headers["gapheal-partition"], got.headers["gapheal-attempt"]) for got in endpoint.received]
    told = [(str(days[0]), "1"), (str(days[1]), "1"), (str(days[1]), "2"), (str(days[2]), "1")]
    assert asked == told
    assert (first["triggered_dates"], second["triggered_dates"]) == ([str(days[0])], [str(days[1])])
    assert (first["actions"]["deferred"], second["actions"]["deferred"]) == (2, 1)
    assert [row["outcome"] for row in world.ledger.rows["triggers"]] == ["published", "busy", "published", "busy"]
    assert {row["destination"] for row in world.ledger.rows["triggers"]} == {endpoint.url}
