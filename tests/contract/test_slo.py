"""How well gaps are healed, told alike by the memory double and by BigQuery's tables.

What is expected is reckoned here from the planted timetable, by lines that know neither the SQL nor the double.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import NamedTuple

import pytest

from gapheal.bigquery import connect
from gapheal.errors import Unavailable
from gapheal.ledger import BigQueryLedger
from gapheal.ledger.schema import VIEWS, sql
from gapheal.ledger.slo import NONE_YET
from gapheal.testing import FrozenClock, MemoryLedger, small_pipeline

NAME, OTHER = "raw_to_refined", "refined_to_served"
NOW = datetime.now(UTC).replace(microsecond=0)
FIRST_LOOK = 400.0
SINCE = NOW - timedelta(days=10)


class Planted(NamedTuple):
    """One gap of the timetable; every moment is so many hours ago."""

    opened: float
    closed: float | None = None
    arrived: float | None = None
    of: str = NAME
    excused: bool = False
    triggered: bool = True
    word: float | None = None


PLAN = [
    Planted(500, 480, arrived=9_000),  # before anybody looked, and before the time that is asked about
    Planted(FIRST_LOOK, 399, arrived=9_000),
    Planted(300, 298, arrived=301),
    Planted(200, 199.5, arrived=200.75),
    Planted(180, 179, arrived=182),
    Planted(150, 130, arrived=150.5),
    Planted(140, 100, arrived=140.25),
    Planted(120, 110, arrived=121, word=112),
    Planted(90, 80, arrived=95, triggered=False),
    Planted(80, 70, arrived=81, excused=True, word=71),
    Planted(70, arrived=71),
    Planted(30, 2, arrived=40, word=100),
    Planted(10, 9.5, arrived=10.5),
    Planted(0.5, arrived=0.75),
    Planted(60, 59, arrived=60.5, of=OTHER),
    Planted(50, arrived=400, of=OTHER, word=50 + 24 * 7 + 1),
]
LOOKS = {NAME: [FIRST_LOOK, 220, 219, 90, 3], OTHER: [100, 2]}


def at(hours):
    return (NOW - timedelta(hours=hours)).isoformat()


def verdict(number, hours, condition, planted, **more):
    opened = condition == "missing"
    return {
        "observed_at": at(hours),
        "transition": planted.of,
        "pass_id": f"p{number}-{hours}",
        "partition_date": str(date(2024, 3, 1) + timedelta(days=number)),
        "condition": condition,
        "action": "heal" if opened else "none",
        "watermark": "1/1",
        "code": condition,
        "numbers": {},
        "sentence": "s",
        "attempts": 1,
        "first_seen_at": at(planted.opened),
        "arrived_at": planted.arrived and at(planted.arrived),
        "triggered_at": at(planted.opened) if condition == "complete" and planted.triggered else None,
        **more,
    }


def passed(of, hours, source="scan", **more):
    common = {"observed_at": at(hours), "transition": of, "pass_id": f"{of}-{hours}", "source": source, "mode": "heal"}
    counts = {
        "gaps_found": 1,
        "triggered": 1,
        "conditions": {},
        "actions": {},
        "queries": 2,
        "bytes_billed": 20_971_520,
    }
    return {**common, **counts, "duration_ms": 3, "breaker": "closed", "error": None, **more}


def word(number, hours, of=NAME, decision="retry"):
    day = str(date(2024, 3, 1) + timedelta(days=number))
    said = {"decision": decision, "who": "me", "why": "so", "until": None}
    return {"observed_at": at(hours), "transition": of, "partition_date": day, **said}


def record(ledger, verdicts, passes, words=()):
    assert ledger.record("p", {"verdicts": verdicts, "passes": passes}) == []
    if words:
        ledger.decide(words)


def nearest_rank(numbers, share):
    return sorted(numbers)[max(1, ceil(share * len(numbers))) - 1] if numbers else None


def expected(gaps, since_hours):
    """By hand: what is asked for, of the gaps of one transition or of all."""
    first = {NAME: FIRST_LOOK, OTHER: 100}
    counted = [gap for gap in gaps if gap.opened <= since_hours and gap.opened < first[gap.of]]
    healed = [gap for gap in counted if gap.closed is not None and not gap.excused]
    alone = [gap for gap in counted if gap.word is None or gap.word >= gap.opened + 7 * 24]
    took = {gap: round((gap.opened - gap.closed) * 3600) for gap in healed}
    waited = [round((gap.arrived - gap.opened) * 3600) for gap in counted]
    hour, day = ([gap for gap in counted if gap.opened >= hours] for hours in (1, 24))
    baseline = [gap for gap in gaps if gap.opened <= since_hours and gap.opened >= first[gap.of]]
    in_a_day = [gap for gap in day if took.get(gap, 1e9) <= 86_400]
    return {
        "gaps": len(counted),
        "healed": len(healed),
        "triggered": sum(gap.triggered for gap in healed),
        "excused": sum(gap.excused for gap in counted),
        "decided": len(counted) - len(alone),
        "due_1h": len(hour),
        "healed_1h": sum(took.get(gap, 1e9) <= 3600 for gap in hour),
        "due_24h": len(day),
        "healed_24h": len(in_a_day),
        "alone_24h": sum(gap in alone for gap in in_a_day),
        "detect_p50_seconds": nearest_rank(waited, 0.5),
        "detect_p95_seconds": nearest_rank(waited, 0.95),
        "heal_p50_seconds": nearest_rank(list(took.values()), 0.5),
        "heal_p95_seconds": nearest_rank(list(took.values()), 0.95),
        "baseline_gaps": len(baseline),
        "baseline_healed": sum(gap.closed is not None for gap in baseline),
        "open_now": sum(gap.closed is None for gap in gaps),
    }


@pytest.fixture
def planted(ledger):
    verdicts = [
        row
        for number, gap in enumerate(PLAN)
        for row in (
            verdict(number, gap.opened, "missing", gap),
            *([verdict(number, gap.closed, "excused" if gap.excused else "complete", gap)] if gap.closed else []),
        )
    ]
    passes = [passed(of, hours) for of, moments in LOOKS.items() for hours in moments]
    record(ledger, verdicts, passes, [word(n, gap.word, gap.of) for n, gap in enumerate(PLAN) if gap.word])
    return ledger


def test_the_figures_are_those_of_the_timetable(planted):
    for days in (10, 30):
        compare(planted.slo(NOW - timedelta(days=days)), days)


def compare(told, days):
    figures = {each["transition"]: each for each in told["figures"]}
    wanted = {
        None: expected(PLAN, days * 24),
        **{name: expected([gap for gap in PLAN if gap.of == name], days * 24) for name in (NAME, OTHER)},
    }

    assert [each["transition"] for each in told["figures"]] == [None, NAME, OTHER]
    assert {name: {key: figures[name][key] for key in NONE_YET} for name in figures} == wanted
    assert figures[None]["share_24h"] == wanted[None]["healed_24h"] / wanted[None]["due_24h"]
    assert figures[None]["share_1h"] == wanted[None]["healed_1h"] / wanted[None]["due_1h"]
    assert figures[None]["share_alone_24h"] == wanted[None]["alone_24h"] / wanted[None]["due_24h"]


def test_each_day_tells_what_opened_what_healed_what_stayed_open_and_what_looking_cost(planted):
    told = planted.slo(SINCE)
    days, (whole, *each) = told["days"], told["figures"]
    until = datetime.now(UTC).date()  # midnight may have come since the timetable was planted
    every = [(SINCE + timedelta(days=n)).date() for n in range((until - SINCE.date()).days + 1)]

    def day_of(hours):
        return (NOW - timedelta(hours=hours)).date()

    opened = Counter((gap.of, day_of(gap.opened)) for gap in PLAN if gap.opened <= 240)
    healed = Counter((gap.of, day_of(gap.closed)) for gap in PLAN if gap.closed and not gap.excused)
    looks = Counter((of, day_of(hours)) for of, moments in LOOKS.items() for hours in moments if hours <= 240)
    open_gaps = Counter(
        (gap.of, day)
        for gap in PLAN
        for day in every
        if day_of(gap.opened) <= day and (gap.closed is None or day < day_of(gap.closed))
    )

    assert days == [
        {
            "transition": name,
            "day": str(day),
            "opened": opened[name, day],
            "healed": healed[name, day],
            "open_gaps": open_gaps[name, day],
            "passes": looks[name, day],
            "queries": 2 * looks[name, day],
            "bytes_billed": 20_971_520 * looks[name, day],
        }
        for day in every
        for name in (NAME, OTHER)
    ]
    assert [whole["passes"], whole["queries"], whole["bytes_billed"]] == [6, 12, 6 * 20_971_520]
    assert [row["passes"] for row in each] == [4, 2]


def test_of_an_empty_ledger_there_is_nothing_to_tell(ledger):
    told = ledger.slo(SINCE)
    (whole,) = told["figures"]

    assert told["days"] == []
    assert (whole["transition"], whole["gaps"], whole["passes"], whole["heal_p50_seconds"]) == (None, 0, 0, None)
    assert (whole["share_1h"], whole["share_24h"], whole["share_alone_24h"]) == (None, None, None)


ANY = Planted(100, arrived=101)
OLD = {"arrived_at": at(9_000)}
LOST_THEN = [(100, "missing", {}), (80, "complete", {})]
STORIES = {
    "that changes its looks is one gap, from first sight to rows": (
        [
            (100, "missing", {}),
            (99, "waiting", {}),
            (90, "partial", {"arrived_at": at(91)}),
            (80, "complete", {}),
            (79.5, "complete", {}),
        ],
        [],
        {"gaps": 1, "healed": 1, "alone_24h": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "that comes again is another gap": (
        [
            (100, "missing", {}),
            (98, "complete", {}),
            (50, "stale", {"arrived_at": at(52)}),
            (49, "complete", {}),
        ],
        [],
        {"gaps": 2, "healed": 2, "alone_24h": 2, "heal": [3_600, 7_200], "detect": [3_600, 7_200]},
    ),
    "that is stale and only reported is none": (
        [(100, "stale", {"code": "stale_reported"}), (99, "complete", {"triggered_at": None})],
        [],
        {"gaps": 0},
    ),
    "whose rows were lost tells nothing of how fast arrivals are seen": (
        [(290, "complete", OLD), (100, "missing", OLD)],
        [],
        {"gaps": 1, "open_now": 1},
    ),
    "whose arrival is not known tells nothing of it either": (
        [(100, "missing", {"arrived_at": at(100)})],
        [],
        {"gaps": 1, "open_now": 1},
    ),
    "that was whole when a person asked for it anew is none": (
        [
            (120, "complete", {}),
            (100, "stale", {"code": "slow_start"}),
            (99, "stale", {"code": "leased"}),
            (80, "complete", {}),
        ],
        [(110, "again")],
        {"gaps": 0},
    ),
    "that was open when a person asked for it anew is one": (
        [(100, "stale", {}), (80, "complete", {})],
        [(90, "again")],
        {"gaps": 1, "healed": 1, "decided": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "that is missing when a person asks for it anew is one": (
        [(290, "complete", OLD), *LOST_THEN],
        [(110, "again")],
        {"gaps": 1, "healed": 1, "decided": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "with a word while it was open": (
        LOST_THEN,
        [(85, "retry")],
        {"gaps": 1, "healed": 1, "decided": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "with a word before it was seen": (
        LOST_THEN,
        [(100 + 24, "retry")],
        {"gaps": 1, "healed": 1, "decided": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "with a word that was over": (
        LOST_THEN,
        [(100 + 24 * 7 + 1, "retry")],
        {"gaps": 1, "healed": 1, "alone_24h": 1, "heal": [72_000], "detect": [3_600]},
    ),
    "with a word after it was healed": (
        LOST_THEN,
        [(79, "retry")],
        {"gaps": 1, "healed": 1, "alone_24h": 1, "heal": [72_000], "detect": [3_600]},
    ),
}
"""By name: verdicts as (hours ago, condition, more), words as (hours ago, which), and what is told of it."""


def tell(ledger, names):
    """The figures after a first look, and these stories, each on a date of its own."""
    numbered = [(number, STORIES[name]) for number, name in enumerate(names)]
    verdicts = [verdict(n, *moment, ANY, **more) for n, story in numbered for *moment, more in story[0]]
    record(
        ledger,
        verdicts,
        [passed(NAME, 300)],
        [word(n, hours, decision=which) for n, story in numbered for hours, which in story[1]],
    )
    return ledger.slo(SINCE)["figures"][0]


def wanted(names):
    """The same by hand: what the stories say, together."""
    said = [STORIES[name][2] for name in names]
    spread = {key: [second for one in said for second in one.get(key, [])] for key in ("heal", "detect")}
    places = {
        f"{key}_p{share}_seconds": nearest_rank(some, share / 100) for key, some in spread.items() for share in (50, 95)
    }
    counts = {
        key: sum(one.get(key, 0) for one in said) for key in ("gaps", "healed", "decided", "alone_24h", "open_now")
    }
    return {**counts, **places}


@pytest.mark.parametrize("story", STORIES)
def test_a_gap(story):
    told = tell(MemoryLedger(small_pipeline(), FrozenClock(NOW)), [story])

    assert {key: told[key] for key in wanted([story])} == wanted([story])


def test_all_of_them_together(ledger):
    told = tell(ledger, STORIES)

    assert {key: told[key] for key in wanted(STORIES)} == wanted(STORIES)


def test_a_scan_that_could_not_look_is_no_first_look(ledger):
    failed = {**passed(NAME, 290), "pass_id": "failed", "gaps_found": None, "error": "no answer"}
    record(ledger, [verdict(1, 100, "missing", ANY)], [failed])
    told = ledger.slo(SINCE)["figures"][0]

    assert (told["gaps"], told["baseline_gaps"], told["open_now"]) == (0, 1, 1)


def test_a_ledger_that_does_not_answer_says_so():
    with pytest.raises(Unavailable):
        MemoryLedger(small_pipeline(), FrozenClock(NOW), fails=Unavailable("no answer")).slo(SINCE)


@pytest.mark.parametrize("view", VIEWS)
def test_a_filter_on_the_transition_may_go_below_every_window_of_a_view(view):
    """So that one transition's question reads one transition's blocks: the tables are clustered by it."""
    sqlglot = pytest.importorskip("sqlglot")
    windows = list(sqlglot.parse_one(sql(view, "project.dataset"), read="bigquery").find_all(sqlglot.exp.Window))
    partitions = [[part.name for part in parts] for window in windows if (parts := window.args.get("partition_by"))]

    assert partitions
    assert all("transition" in names for names in partitions)


def test_a_days_trend_is_that_of_the_last_scan_that_looked(bq, project):
    connection = connect("small", project, "us-west2")
    ledger = BigQueryLedger(small_pipeline(), connection)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [
        {**passed(NAME, 1), "observed_at": (noon + timedelta(hours=hours)).isoformat(), "gaps_found": found}
        for hours, found in ((0, 7), (1, 5), (2, None))
    ]
    assert ledger.record("p", {"passes": rows}) == []
    trend = connection.query(f"SELECT day, gaps_found FROM `{project}.gapheal_small.gap_trend`", {}).rows

    assert [(str(row["day"]), row["gaps_found"]) for row in trend] == [("2026-03-01", 5)]
