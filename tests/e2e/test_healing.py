"""From rows upstream to rows seen downstream, through real processes."""

import json
from datetime import date

WHOLE = date(2024, 3, 1)


def test_one_scan_starts_it_and_events_drain_the_rest(start, helpers):
    """24 dates through two transitions; three at first, twelve in flight once one was seen healed."""
    world, days = start(), helpers["span"](WHOLE, 24)
    world.fill("raw", days)
    first = world.stack.scan("raw_to_refined")

    assert (first["gaps_found"], first["triggered"], first["actions"]["deferred"]) == (24, 3, 21)
    assert helpers["eventually"](lambda: world.days("served") == set(days)), "the backlog never drained"
    triggered = [(entry["phase"], day) for entry in world.log() for day in entry["dates"]]
    assert len(triggered) == len(set(triggered)) == 48
    assert all(entry["found"] == {} for entry in world.log())
    assert world.stack.scan("raw_to_refined")["triggered"] == 0
    assert world.stack.scan("refined_to_served")["gaps_found"] == 0


def test_a_range_event_heals_its_range_as_far_as_there_is_room_and_the_rest_drains(start, helpers):
    """What a backfill script announces when it is done."""
    world, days = start(), helpers["span"](WHOLE, 40)
    world.fill("raw", days)
    world.fill("refined", days)
    named = days[:30]
    said = {"event_type": "backfill_complete", "phase": 3, "start_date": str(named[0]), "end_date": str(named[-1])}
    body = helpers["event"](**said, game_dates=[str(day) for day in named])
    reply = world.stack.post("refined_to_served", body)

    assert (reply.status, json.loads(reply.body)["triggered"], json.loads(reply.body)["actions"]["deferred"]) == (
        200,
        3,
        27,
    )
    assert helpers["eventually"](lambda: world.days("served") == set(named)), "the range never drained"
    assert world.days("served") == set(named), "only what the event named is looked at"


def test_a_partial_date_is_healed_and_seen_whole(start, helpers):
    world = start()
    world.fill("raw", [WHOLE], games=4)
    world.fill("refined", [WHOLE], games=3)
    report = world.stack.scan("raw_to_refined")

    assert (report["conditions"]["partial"], report["triggered_dates"]) == (1, [str(WHOLE)])
    assert helpers["eventually"](lambda: len(world.run("SELECT 1 FROM d.refined")) == 4)


def test_a_phase_waits_until_the_one_before_it_is_whole(start, helpers):
    world = start(workers=False)
    world.fill("raw", [WHOLE], games=4)
    world.fill("refined", [WHOLE], games=3)
    report = world.stack.scan("refined_to_served")

    assert (report["conditions"]["waiting"], report["triggered"]) == (1, 0)
