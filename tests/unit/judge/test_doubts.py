"""What a sweep makes one doubt: triggers in vain, seasons that are over, sources that have fallen silent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapheal.judge.case import Case
from gapheal.judge.doubts import doubts, season_over, source_stopped, unfilled
from gapheal.judge.health import unscanned, unscheduled
from gapheal.model.findings import Kind
from gapheal.model.passes import Request, Source
from gapheal.model.pipeline import DETECTOR
from gapheal.testing import MemorySchedule, small_pipeline

DAY = timedelta(days=1)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
LAST = date(2024, 3, 19)
"""The newest date that is due."""
SWEEP = Request(Source.SWEEP)
NAMES = ("raw_to_refined", "refined_to_served")


def case_of(story):
    return Case(story.pipeline, story.name, story._seen(), story._memory(), SWEEP)


def told(rule, story):
    return list(rule(case_of(story)))


def fill(story, days, *tables):
    for day in days:
        for table in tables or ("d.raw", "d.refined", "d.served"):
            story.put(table, day)


def back(number, first=0):
    """So many days, the last of them `first` days before the newest that is due."""
    return [LAST - (first + n) * DAY for n in range(number)]


# --- Triggers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def triggered(story):
    """One date that lacks its rows, triggered an hour ago."""
    story = story(small_pipeline(lease_minutes=60, max_attempts=2))
    fill(story, back(10))
    story.drop("d.refined", LAST)
    story.look()
    story.later(minutes=60)
    return story


def doubted(story):
    return list(unfilled(case_of(story), story.look(remember=False).values()))


def test_a_trigger_whose_time_is_over_and_that_brought_nothing_is_told(triggered):
    (finding,) = doubted(triggered)

    assert (finding.kind, finding.transition, finding.dates) == (Kind.UNFILLED, "raw_to_refined", (LAST,))
    assert finding.since == NOW
    assert finding.numbers == {"triggers": 1, "dates": 1, "target": "topic refined-trigger"}


def test_before_its_time_is_over_it_is_not(triggered):
    triggered.later(minutes=-1)

    assert doubted(triggered) == []


@pytest.mark.parametrize("rows", [1, 100])
def test_some_rows_are_not_none(triggered, rows):
    triggered.put("d.refined", LAST, rows=rows, entities=rows // 10)

    assert doubted(triggered) == []


def test_what_has_used_its_attempts_up_is_stalled_and_told_as_that(triggered):
    triggered.look()
    triggered.later(minutes=60)

    assert triggered.look(remember=False)[LAST].action == "stalled"
    assert doubted(triggered) == []


# --- Seasons -----------------------------------------------------------------------------------------------------

WINDOWS = {"s": [{"start": "2023-10-01", "end": "2024-03-10"}]}
OUTSIDE = {"reason": "off-season", "outside": "s"}


def seasonal(story, *more, seasons=None):
    story = story(small_pipeline(seasons=seasons or WINDOWS, excuses=[OUTSIDE, *more]))
    fill(story, back(30))
    return story


def test_dates_after_the_last_window_are_told_once_with_where_it_ended(story):
    (finding,) = told(season_over, seasonal(story))

    assert (finding.kind, finding.dates) == (Kind.SEASON_OVER, tuple(sorted(back(9))))
    assert finding.numbers == {"dates": 9, "season": "s", "ended": "2024-03-10"}


SILENT = {
    "another excuse covers them": [{"reason": "retired", "from": "2024-03-11"}],
    "so few entities are no season": [{"reason": "exhibition", "upstream_entities_below": 11}],
}


@pytest.mark.parametrize("excuses", SILENT.values(), ids=SILENT)
def test_what_is_excused_anyway_is_not_told(story, excuses):
    assert told(season_over, seasonal(story, *excuses)) == []


def test_before_the_first_window_and_between_two_it_is_no_new_season(story):
    windows = [{"start": "2024-02-25", "end": "2024-03-01"}, {"start": "2024-03-15", "end": "2024-03-31"}]

    assert told(season_over, seasonal(story, seasons={"s": windows})) == []


def test_what_is_not_due_yet_is_not_told(story):
    story = seasonal(story, seasons={"s": [{"start": "2023-10-01", "end": str(LAST)}]})
    fill(story, [LAST + DAY, LAST + 2 * DAY])

    assert told(season_over, story) == []


# --- Sources -----------------------------------------------------------------------------------------------------


def silent_for(story, days, habit=range(60), **small):
    """A source with a date on each day of `habit`, counted back from `days` ago."""
    story = story(small_pipeline(**small))
    fill(story, [LAST - (days + n) * DAY for n in habit])
    return story


@pytest.mark.parametrize(("days", "stopped"), [(0, False), (7, False), (8, True), (400, True)])
def test_a_daily_source_has_stopped_after_a_week(story, days, stopped):
    found = told(source_stopped, silent_for(story, days))

    assert [finding.kind for finding in found] == [Kind.SOURCE_STOPPED] * stopped
    if stopped:
        assert found[0].numbers == {"last_date": str(LAST - days * DAY)}
        assert found[0].command == f"gapheal explain raw_to_refined {LAST - (days - 1) * DAY}"


HABITS = {
    "weekly, ten days": (range(0, 60, 7), 10, False),
    "weekly, two weeks": (range(0, 60, 7), 13, True),
    "monthly": (range(0, 60, 28), 100, False),
    "begun three weeks ago": (range(20), 100, False),
    "after a break of eleven days": ([*range(40), *range(51, 60)], 19, False),
    "longer than twice that break": ([*range(40), *range(51, 60)], 23, True),
}


@pytest.mark.parametrize(("habit", "days", "stopped"), HABITS.values(), ids=HABITS)
def test_what_is_usual_for_a_source_is_no_end(story, habit, days, stopped):
    assert bool(told(source_stopped, silent_for(story, days, habit))) == stopped


@pytest.mark.parametrize(
    "excuse",
    [
        {"reason": "retired", "from": "2024-03-01"},
        {"reason": "off-season", "outside": "s"},
        {"reason": "holidays", "dates": [str(day) for day in back(10)]},
    ],
    ids=["retired", "off-season", "holidays"],
)
def test_days_that_the_file_excuses_are_no_silence(story, excuse):
    seasons = {"s": [{"start": "2023-10-01", "end": "2024-03-09"}]}

    assert told(source_stopped, silent_for(story, 10, seasons=seasons)) != []
    assert told(source_stopped, silent_for(story, 10, seasons=seasons, excuses=[excuse])) == []


def test_a_date_without_rows_is_no_exhibition(story):
    exhibition = {"reason": "exhibition", "upstream_entities_below": 3}

    assert told(source_stopped, silent_for(story, 10, excuses=[exhibition])) != []


def test_of_a_phase_that_something_feeds_that_transitions_gaps_tell(story):
    story = silent_for(story, 10)
    story.name = NAMES[1]

    assert told(source_stopped, story) == []


def test_where_the_expected_table_goes_on_those_are_source_gaps(story, rewrite):
    def expect(data):
        data["phases"]["raw"]["expected"] = {"table": "d.calendar", "date_column": "day"}

    story = story(rewrite(small_pipeline(), expect))
    fill(story, back(60, first=10))
    fill(story, back(60, first=10), "d.calendar")
    assert told(source_stopped, story) != [], "nobody expects any more either"

    story.put("d.calendar", LAST)
    assert told(source_stopped, story) == []
    assert story.source_gaps() == [LAST]


def test_an_upstream_that_its_downstream_has_left_behind_has_stopped_whatever_its_habit(story):
    story = story(small_pipeline())
    fill(story, back(3, first=8))
    fill(story, back(11), "d.refined")

    (finding,) = told(source_stopped, story)
    assert "goes on to 2024-03-19" in finding.sentence


@given(days=st.sets(st.integers(0, 70), min_size=1))
def test_a_source_with_a_date_in_the_last_week_never_has_stopped(days):
    from tests.unit.judge.conftest import Story  # noqa: PLC0415 - a law needs its own story each time

    story = Story(small_pipeline(), request=SWEEP)
    fill(story, [LAST - n * DAY for n in days])

    stopped = [finding for finding in doubts(case_of(story), []) if finding.kind is Kind.SOURCE_STOPPED]
    assert not stopped or min(days) > 7


# --- What watches ------------------------------------------------------------------------------------------------


def row(name, **said):
    nothing = dict.fromkeys(("first_pass_at", "last_scan_at", "last_error", "last_sweep_at"))
    return {"transition": name, **nothing, "first_pass_at": "2024-03-01T00:00:00+00:00", **said}


WATCHED = {
    "a scan two hours ago": (row(NAMES[0], last_scan_at=(NOW - timedelta(hours=2)).isoformat()), None),
    "a scan longer ago": (row(NAMES[0], last_scan_at=(NOW - timedelta(hours=2, seconds=1)).isoformat()), "the last at"),
    "no scan ever": (row(NAMES[0]), "found none since the first pass"),
    "begun a moment ago": (row(NAMES[0], first_pass_at=NOW.isoformat()), None),
    "scans that fail": (row(NAMES[0], last_error="d.raw was not found"), "the last one failed: d.raw was not found"),
    "another file's transition": (row("retired"), None),
}


@pytest.mark.parametrize(("seen", "sentence"), WATCHED.values(), ids=WATCHED)
@pytest.mark.parametrize("mode", ["heal", "observe", "paused"])
def test_a_silence_of_more_than_two_hours_is_told_unless_it_is_wanted(seen, sentence, mode):
    found = list(unscanned(small_pipeline(mode=mode), [seen], NOW))

    assert len(found) == (sentence is not None and mode != "paused")
    assert all(sentence in finding.sentence for finding in found)


def test_a_transition_that_was_never_looked_at_has_not_begun():
    assert list(unscanned(small_pipeline(), [], NOW)) == []


def test_where_jobs_are_not_known_nothing_is_said_of_them():
    assert list(unscheduled(small_pipeline(), None)) == []


def test_all_that_is_wrong_with_a_transitions_jobs_is_one_finding():
    schedule = MemorySchedule(small_pipeline())
    del schedule.jobs_by_id["small-gap-detector"]
    schedule.put(NAMES[0], "scan", "paused")
    schedule.put(NAMES[1], "sweep", last_error="failed (code 13)")

    found = {finding.transition: finding for finding in unscheduled(schedule.pipeline, schedule.jobs())}

    assert "small-raw-to-refined-scan is paused" in found[NAMES[0]].sentence
    assert "nothing sweeps its whole history" in found[NAMES[0]].sentence
    assert found[NAMES[1]].sentence == "the last call of small-refined-to-served-sweep failed: failed (code 13)"
    assert DETECTOR not in found
