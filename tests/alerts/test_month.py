"""A month of compressed passes with planted gaps: the messages are those of the plan, no more and no fewer."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.alerts import timetable
from tests.alerts.conftest import NAME, days
from tests.alerts.reading import heard
from tests.alerts.timetable import HOUR, Note, Outage, delayed, month, should_be_told

OLD, YOUNG, HOURS, PAGE_ABOVE = 15, 45, 30 * 24, 5
JOB = timedelta(minutes=10)


class Month:
    """Plays a plan: rows get lost, jobs work or do not, people say a word, and each hour somebody looks."""

    def __init__(self, place, plants) -> None:
        self.place, self.plants = place, plants
        self.clock = place.world.clock
        self.jobs: list[tuple[object, date]] = []
        self.taken = 0

    def hour(self, scan) -> None:
        before = scan - HOUR
        for plant in self.plants:
            if before < plant.at <= scan:
                self.place.lost(*plant.dates)
            for word, at in (("retry", plant.mended_at), ("accept", plant.accepted_at)):
                if at and before < at <= scan:
                    self.clock.moment = at
                    self.place.app.decide(word, NAME, [str(d) for d in plant.dates], who="ann", why="decided")
        self.clock.moment = scan
        self.place.passes(after=0)
        self.work(scan)

    def work(self, scan) -> None:
        """The jobs of this hour's triggers; who looks next sees their rows."""
        sent = self.place.world.publisher.days
        for day in sent[self.taken :]:
            plant = next(plant for plant in self.plants if day in plant.dates)
            if plant.mended_at is None or scan >= plant.mended_at:
                self.place.made(day)
        self.taken = len(sent)


@pytest.mark.parametrize(("seed", "outages"), [(1, False), (2, True)], ids=["all is well there", "with outages"])
def test_a_month_of_passes_gives_exactly_the_messages_of_its_timetable(place, seed, outages, measured):
    found = place(dates=OLD, page_above=PAGE_ABOVE, max_age_days=30, breaker_after=10_000)
    # What the first look finds is as old as its date, and never touched; what comes later is young all month.
    found.world.clock.moment = found.world.clock.moment.replace(month=10, day=8, hour=0)
    found.passes(after=0)
    old, healthy = days(OLD), days(YOUNG, first=85)
    found.arrives(*healthy)
    found.made(*healthy)
    found.passes(after=1)
    found.world.clock.advance(minutes=-1)
    first = found.world.clock.now() + HOUR
    scans = [first + n * HOUR for n in range(HOURS)]
    plants = month(seed, first, HOURS, healthy, old)
    quiet = [Outage(first + n * HOUR + HOUR / 2, first + (n + 5) * HOUR + HOUR / 2) for n in (40, 260, 500)]
    down = quiet if outages else []
    played = Month(found, plants)
    for scan in scans:
        is_down = any(outage.start <= scan < outage.end for outage in down)
        found.receiver.answers = {"slack": 503, "pagerduty": 429} if is_down else {}
        played.hour(scan)

    notes, calls = should_be_told(plants, scans, PAGE_ABOVE)
    expected = [Note(delayed(note.at, down), note.news) for note in notes]
    assert [Note(said.at, heard(said)) for said in found.receiver.said] == expected
    called = [(delayed(at, down), action) for at, action in calls]
    assert [(event.at, event.action) for event in found.receiver.events] == called
    assert {event.key for event in found.receiver.events} <= {f"gapheal/small/{NAME}"}
    late = sum(note.at != after.at for note, after in zip(notes, expected, strict=True))
    measured(f"a month of {HOURS} passes, seed {seed}: {len(notes)} messages as planned, {late} late by outages")
    assert {news.verb for note in notes for news in note.news} >= {"opened", "over"}
    assert calls
    assert bool(late) == outages


def test_what_should_be_told_is_computed_without_any_of_gapheals_code():
    tree = ast.parse(Path(timetable.__file__).read_text())
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imports = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}

    assert {name.partition(".")[0] for name in froms | imports} <= {
        "__future__",
        "collections",
        "dataclasses",
        "datetime",
        "random",
        "typing",
    }
