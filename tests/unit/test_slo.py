"""The figures after real passes: hourly scans of tables that change by a timetable, and what it says must come out."""

from datetime import date, timedelta
from math import ceil
from typing import NamedTuple

from gapheal import app
from gapheal.model.passes import Request, Source
from gapheal.testing import World, small_pipeline

NAME = "raw_to_refined"
HOUR, STEP, LAST = 60, 10, 45 * 60
"""In minutes: scans, the timetable's grain, its end."""


class Date(NamedTuple):
    """When the data of a date arrives, when its job has written it, and when a person says what; in minutes."""

    arrives: int
    filled: int | None
    word: tuple[int, str] | None = None

    @property
    def opened(self):
        return ceil(self.arrives / HOUR) * HOUR

    @property
    def closed(self):
        if self.word and self.word[1] == "accept":
            return ceil(self.word[0] / HOUR) * HOUR
        return None if self.filled is None else ceil(self.filled / HOUR) * HOUR


TABLE = [
    Date(10, 100),
    Date(50, 80),
    Date(70, 200),
    Date(130, 140 + 20 * HOUR),
    Date(230, None, (310, "accept")),
    Date(310, 500, (400, "retry")),
    Date(610, None),
    Date(2 * HOUR, 2 * HOUR + 30),
    Date(LAST - 100, LAST - 20),
]
DAYS = [date(2024, 6, 1) + timedelta(days=n) for n in range(len(TABLE))]
OLD = date(2024, 5, 1)


def played():
    """The ledger after all hours of the timetable."""
    world = World(small_pipeline(lease_minutes=600, max_age_days=None))
    opened, began = app.build(world.pipeline, **world.ports), world.clock.now()

    def write(table, day):
        world.warehouse.put(table, day, 100, 10, written_at=world.clock.now())

    world.warehouse.put("d.raw", OLD, 100, 10, written_at=began - timedelta(days=60))
    opened.run(NAME, Request(Source.SCAN))
    for minute in range(STEP, LAST + 1, STEP):
        world.clock.moment = began + timedelta(minutes=minute)
        for day, line in zip(DAYS, TABLE, strict=True):
            if minute == line.arrives:
                write("d.raw", day)
            if minute == line.filled:
                write("d.refined", day)
            if line.word and minute == line.word[0]:
                said = {"decision": line.word[1], "partition_date": str(day), "who": "me", "why": "so", "until": None}
                world.ledger.decide([{"observed_at": world.clock.now().isoformat(), "transition": NAME, **said}])
        if minute % HOUR == 0:
            opened.run(NAME, Request(Source.SCAN))
    return world, world.ledger.slo(began)


def nearest_rank(numbers, share):
    return sorted(numbers)[ceil(share * len(numbers)) - 1]


def test_the_figures_are_what_the_timetable_says():
    _, told = played()
    figures = told["figures"][1]
    healed = [line for line in TABLE if line.filled is not None]
    took = [(line.closed - line.opened) * 60 for line in healed]
    # What lands in the minute of a scan is seen by it: no delay can be told.
    delays = [(line.opened - line.arrives) * 60 for line in TABLE if line.opened > line.arrives]
    due = [line for line in TABLE if line.opened <= LAST - 24 * HOUR]
    in_a_day = [line for line in due if line in healed and line.closed - line.opened <= 24 * HOUR]

    assert figures["transition"] == NAME
    assert {name: figures[name] for name in ("gaps", "healed", "excused", "decided", "open_now", "baseline_gaps")} == {
        "gaps": len(TABLE),
        "healed": len(healed),
        "excused": 1,
        "decided": 2,
        "open_now": 2,  # one of the timetable, and the old one
        "baseline_gaps": 1,
    }
    assert [figures[f"heal_p{share}_seconds"] for share in (50, 95)] == [nearest_rank(took, s) for s in (0.5, 0.95)]
    assert [figures[f"detect_p{share}_seconds"] for share in (50, 95)] == [nearest_rank(delays, s) for s in (0.5, 0.95)]
    assert (figures["due_24h"], figures["healed_24h"]) == (len(due), len(in_a_day))
    assert figures["alone_24h"] == sum(line.word is None for line in in_a_day)


def test_every_heal_that_was_triggered_is_told_as_such_and_every_scan_is_paid_for():
    world, told = played()
    figures = told["figures"][1]

    assert figures["triggered"] == len(world.ledger.heals(world.clock.now() - timedelta(days=9)))
    assert figures["passes"] == 1 + LAST // HOUR
    assert figures["queries"] == sum(row["queries"] for row in world.ledger.rows["passes"])
