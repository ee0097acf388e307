"""Whatever is asked: a backfill ends with the rows that healing by scans ends with."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backfill.conftest import Plant, chain, days

from gapheal.backfill.ends import GOOD
from gapheal.intervals import fold
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


@st.composite
def policies(draw):
    """What a file may say that changes which dates are asked for, and in which company."""
    excused = draw(st.lists(st.sampled_from(DAYS), max_size=2, unique=True))
    return {
        "batch_size": draw(st.sampled_from([1, 3])),
        "lookback_days": draw(st.sampled_from([0, 0, 1, 2])),
        "min_completeness": draw(st.sampled_from([1.0, 0.5])),
        "excuses": [{"reason": "break", "dates": [str(day) for day in excused]}] if excused else [],
    }


@st.composite
def questions(draw):
    """Which phases, which dates of the range, and in what order."""
    phases = draw(st.sampled_from(["3", "4", "5", "3,4", "4,5", "3,5", "3,4,5"]))
    first, last = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=2)))
    inside = [day for day in DAYS if first <= day <= last]
    some = draw(st.none() | st.sets(st.sampled_from(inside), min_size=1).map(frozenset))
    how = {"newest_first": draw(st.booleans()), "max_in_flight": draw(st.sampled_from([None, 1, 2]))}
    return phases, first, last, {"dates": some, **how}


def plant_of(history, mode: str, policy) -> Plant:
    upstream, held, broken = history
    plant = Plant(chain(*PHASES, mode=mode, lease_minutes=5, max_age_days=None, max_attempts=2, **policy))
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


def scans(plant: Plant, wish) -> None:
    """Scans of the same steps and dates, until nothing is sent and nothing is on its way."""
    runs = [wish.window] if wish.dates is None else fold(wish.dates)
    quiet = 0
    while quiet < 2:
        requests = [Request(Source.SCAN, window=run) for run in runs]
        reports = [plant.app.run(name, request) for name in wish.transitions for request in requests]
        busy = any(report["triggered"] or report["actions"]["leased"] for report in reports)
        quiet = 0 if busy else quiet + 1
        plant.sleep(120)


@LAW
@given(histories(), policies(), questions())
def test_a_backfill_ends_as_scans_end(history, policy, question):
    phases, first, last, how = question
    by_backfill, by_scans = plant_of(history, "observe", policy), plant_of(history, "heal", policy)
    wish = by_backfill.wish(first, last, phases, **how)

    by_backfill.backfill(wish)
    scans(by_scans, wish)

    assert by_backfill.tables() == by_scans.tables()


def test_the_law_is_about_something():
    """Of the histories and questions that are drawn, most have work, some end with a gap, some are lists."""
    asked, gaps, lists = 0, 0, 0

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(histories(), policies(), questions())
    def draw(history, policy, question):
        nonlocal asked, gaps, lists
        phases, first, last, how = question
        plant = plant_of(history, "observe", policy)
        works = plant.backfill(plant.wish(first, last, phases, **how))
        asked += bool(plant.log)
        gaps += any(end.kind not in GOOD for work in works.values() for end in work.ends.values())
        lists += how["dates"] is not None

    draw()

    assert asked >= 50
    assert gaps >= 8
    assert lists >= 20
