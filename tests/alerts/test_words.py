"""What people read: short, with dates, reasons, since when, and the command that helps."""

import re
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from tests.alerts.conftest import days

from gapheal.alerts import words
from gapheal.alerts.changes import changes
from gapheal.alerts.state import Standing, State
from gapheal.model.findings import OF_A_PASS, Finding, Kind
from gapheal.testing.clock import NOON

DATES = tuple(days(3) + days(1, first=5))
GAPS = Finding(
    Kind.GAPS, "a_to_b", "4 gaps", "gapheal plan", DATES, NOON, {"codes": {"missing": 3, "stale_written": 1}}
)
LATE = Finding(Kind.NO_SCAN, None, "nobody scans", "gapheal schedule list", since=NOON)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_name(kind):
    assert words.headline(Finding(kind, None, "s", "c")) == words.NAMES[kind]


@pytest.mark.parametrize("kind", Kind)
def test_the_end_of_every_kind_is_a_sentence_that_can_be_read(kind):
    known = State(n=1, open={f"a_to_b/{kind}": Standing(kind, "a_to_b", "s", NOON)})
    pipeline = None if kind not in OF_A_PASS else "a_to_b"
    title = words.note("nba-props", pipeline, changes(pipeline, [], known, now=NOON, baseline=False), NOON).title

    assert "all well again, " in title
    assert not re.search(r"open over|fail over|over over|scan over|stopped over|events over|effect over", title)


def test_a_block_says_dates_reasons_since_when_and_the_command():
    assert words.block(GAPS).splitlines() == [
        "open gaps, 4 dates: 4 gaps",
        "  dates: 2024-06-01..2024-06-03, 2024-06-06",
        "  reasons: missing 3, stale_written 1",
        "  since: 2024-07-01 16:00 UTC",
        "  -> gapheal plan",
    ]


def test_many_runs_of_dates_are_cut_and_counted():
    told = words.ranges([day for day in days(40) if day.day % 2])

    assert told.endswith("2024-06-15, and 12 more")


def test_a_digest_names_its_day_and_everything_that_stands_open():
    title, text = words.digest("nba-props", [GAPS, LATE], NOON, ["p50 1.5 h"])

    assert title == "[nba-props] digest of 2024-07-01: 2 things stand open"
    assert text.splitlines() == [
        "a_to_b:",
        "  - open gaps, 4 dates (2024-06-01..2024-06-03, 2024-06-06), since 2024-07-01 16:00 UTC",
        "    4 gaps",
        "    -> gapheal plan",
        "the whole pipeline:",
        "  - no scan, since 2024-07-01 16:00 UTC",
        "    nobody scans",
        "    -> gapheal schedule list",
        "p50 1.5 h",
    ]
    assert words.digest("nba-props", [], NOON)[0] == "[nba-props] digest of 2024-07-01: all well"


def test_a_long_digest_still_says_what_could_not_be_looked_at():
    many = [GAPS] * 200
    _, text = words.digest("nba-props", many, NOON, ["not done: a_to_b: no permission"])
    _, whole = words.digest("nba-props", many, NOON, ["not done"], 10**6)

    assert len(text) == words.LONGEST
    assert text.endswith("…\nnot done: a_to_b: no permission")
    assert whole.count("gapheal plan") == 200


def test_no_message_is_longer_than_slack_takes():
    sentence = "x" * 5_000
    long = Finding(Kind.FAILING, "a_to_b", sentence, "gapheal validate --live", since=NOON)
    changed = changes("a_to_b", [long], State(n=1), now=NOON + timedelta(hours=1), baseline=False)
    note = words.note("nba-props", "a_to_b", changed, NOON)

    assert len(note.body) <= words.LONGEST < 3_000
    assert len(note.title) <= words.LONGEST_TITLE


def test_thirty_years_of_open_dates_are_compared_at_once():
    many = GAPS._replace(dates=tuple(days(11_000)))
    state = State(n=1, open={GAPS.key: Standing.of(many, NOON)}, told_at=NOON)
    started = time.process_time()
    changed = changes("a_to_b", [many], state, now=NOON, baseline=False)

    assert not changed.worth_telling
    assert time.process_time() - started < 0.5, "a set for each date takes seconds"


def test_after_a_rollback_what_a_later_release_told_is_passed_over():
    plain = {**State(n=1, open={GAPS.key: Standing.of(GAPS, NOON)}).plain(), "n": 1}
    plain["open"]["a_to_b/later"] = {**plain["open"][GAPS.key], "kind": "later"}

    assert list(State.read(plain).open) == [GAPS.key]


def test_what_ends_without_a_word_leaves_no_incident_open():
    stale = Finding(Kind.HELD, "a_to_b", "1 date", "gapheal retry", DATES[:1], NOON, {"codes": {"stale_reported": 1}})
    both, alone, news = (
        changes("a_to_b", found, State(n=1, open=known), now=NOON, baseline=False)
        for found, known in (
            ([GAPS, stale], {}),
            ([stale], {GAPS.key: Standing.of(GAPS, NOON), stale.key: Standing.of(stale, NOON)}),
            ([stale], {}),
        )
    )
    opened, ended, told = (words.note("nba-props", "a_to_b", changed, NOON) for changed in (both, alone, news))

    assert (opened.incident, opened.mood) == ("gapheal/nba-props/a_to_b/notes", "warning")
    assert (ended.incident, ended.mood) == (opened.incident, "success")
    assert told.incident is None


def test_apprise_is_not_imported_before_somebody_is_told_something():
    seen = "import sys, gapheal.app, gapheal.alerts; print([name for name in sys.modules if name == 'apprise'])"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
