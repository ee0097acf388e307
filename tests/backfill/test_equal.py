"""Whatever is asked: a backfill ends with the rows that healing by scans ends with."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backfill.conftest import Plant, chain, days

from gapheal.model.passes import Request, Source

DAYS = days(8)
PHASES = (["raw"], ["refined", "second"], ["served"], ["shown"])
TABLES = ("refined", "second", "served", "shown")
STATES = st.sampled_from(["missing", "partial", "whole"])
LAW = settings(max_examples=60, deadline=None)


@st.composite
def histories(draw):
    """What the later phases hold of each date, and which jobs write nothing."""
    held = {table: draw(st.lists(STATES, min_size=len(DAYS), max_size=len(DAYS))) for table in TABLES}
    upstream = draw(st.lists(st.integers(0, 4), min_size=len(DAYS), max_size=len(DAYS)))
    broken = draw(st.sets(st.tuples(st.sampled_from(["phase3", "phase4"]), st.sampled_from(DAYS)), max_size=2))
    return upstream, held, broken


def plant_of(history, mode: str) -> Plant:
    upstream, held, broken = history
    plant = Plant(chain(*PHASES, mode=mode, lease_minutes=5, max_age_days=None, max_attempts=2))
    plant.broken = set(broken)
    for day, games in zip(DAYS, upstream, strict=True):
        if games:
            plant.world.warehouse.put("d.raw", day, 10 * games, games)
    for table, states in held.items():
        for day, games, state in zip(DAYS, upstream, states, strict=True):
            if games and (state == "whole" or (state == "partial" and games > 1)):
                have = games if state == "whole" else 1
                plant.world.warehouse.put(f"d.{table}", day, 10 * have, have)
    return plant


def scans(plant: Plant, phases: str, first: date, last: date) -> None:
    """Scans of the same steps and dates, until nothing is sent and nothing is on its way."""
    wish = plant.wish(first, last, phases)
    quiet = 0
    while quiet < 2:
        request = Request(Source.SCAN, window=wish.window)
        reports = [plant.app.run(name, request) for name in wish.transitions]
        busy = any(report["triggered"] or report["actions"]["leased"] for report in reports)
        quiet = 0 if busy else quiet + 1
        plant.sleep(120)


@LAW
@given(histories(), st.sampled_from(["3", "4", "5", "3,4", "4,5", "3,5", "3,4,5"]), st.data())
def test_a_backfill_ends_as_scans_end(history, phases, data):
    first = data.draw(st.sampled_from(DAYS))
    last = data.draw(st.sampled_from([day for day in DAYS if day >= first]))
    by_backfill, by_scans = plant_of(history, "observe"), plant_of(history, "heal")

    by_backfill.backfill(by_backfill.wish(first, last, phases))
    scans(by_scans, phases, first, last)

    assert by_backfill.tables() == by_scans.tables()
