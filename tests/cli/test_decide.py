"""A person's word, as it is typed: what is written, what it means, and what the next pass makes of it."""

import getpass
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

NAME = "phase2_to_phase3"
ZONE = ZoneInfo("America/New_York")
TODAY = datetime.now(ZONE).date()
"""When the tests were collected; by now it may be yesterday."""


@pytest.fixture
def decisions(bq):
    """The rows that were kept, in order of dates."""

    def read():
        sql = "SELECT * FROM gapheal_nba_props.decisions ORDER BY partition_date"
        return list(bq.query(sql, retry=None, timeout=30).result(timeout=30))

    return read


@pytest.mark.parametrize("word", ["accept", "retry"])
def test_a_word_is_kept_for_every_date_with_who_and_why(word, pipeline, bq, gapheal, decisions):
    dates = ("2024-04-18", "2024-04-16..2024-04-17", "2024-04-16", "2024-05-01")
    result = gapheal(word, NAME, *dates, "--why", 'it\'s "so"', "--who", "ann", "--json")
    told, kept = json.loads(result.output), decisions()

    assert result.exit_code == 0
    assert (told["decision"], told["name"], told["dates"], told["runs"]) == (
        word,
        NAME,
        4,
        ["2024-04-16..2024-04-18", "2024-05-01"],
    )
    assert [str(row["partition_date"]) for row in kept] == ["2024-04-16", "2024-04-17", "2024-04-18", "2024-05-01"]
    assert {(row["transition"], row["decision"], row["who"], row["why"], row["until"]) for row in kept} == {
        (NAME, word, "ann", 'it\'s "so"', None)
    }


def test_who_is_the_user_of_the_machine(pipeline, bq, gapheal, decisions):
    gapheal("accept", NAME, "2024-04-16", "--why", "w")

    assert [row["who"] for row in decisions()] == [getpass.getuser()]


def test_where_nobody_is_known_somebody_has_to_be_named(pipeline, bq, gapheal, monkeypatch):
    def nobody():
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    result = gapheal("accept", NAME, "2024-04-16", "--why", "w")

    assert (result.exit_code, "say --who" in result.output) == (2, True)


def test_until_is_the_last_day_in_the_pipelines_zone(pipeline, bq, gapheal, decisions):
    last = TODAY + timedelta(days=3)
    result = gapheal("accept", NAME, "2024-04-16", "--why", "w", "--until", last)
    (row,) = decisions()
    local = row["until"].astimezone(ZoneInfo("America/New_York"))

    assert (local.date(), local.hour, local.minute) == (last + timedelta(days=1), 0, 0)
    assert f"this holds to the end of {last}" in result.output


def test_the_output_says_what_it_means(pipeline, bq, gapheal):
    accepted = gapheal("accept", NAME, "2024-04-16..2024-04-17", "--why", "never made", "--who", "ann").output
    retried = gapheal("retry", NAME, "2024-04-16", "--why", "mended", "--who", "ann").output
    first = gapheal("accept", "phase2", "2024-04-16", "--why", "lost", "--who", "ann").output
    back = gapheal("retry", "phase2", "2024-04-16", "--why", "found", "--who", "ann").output

    assert accepted == (
        f"accept {NAME}, 2 dates: 2024-04-16..2024-04-17\n"
        "  by ann: never made\n"
        "  phase phase3 may stay as it is on these dates; the next pass of phase2_to_phase3 excuses them; "
        "this holds for ever; `gapheal retry phase2_to_phase3` with the same dates takes it back\n"
    )
    assert "1 date: 2024-04-16\n" in retried
    assert "what is held or stalled is triggered again when there is room" in retried
    assert "mode observe sends nothing" in retried
    assert "until a date is complete, 7 days at most" in retried
    assert "phase phase2 may stay as it is on these dates; phase2_to_phase3 requires nothing of phase2 there" in first
    assert "what was accepted of phase phase2 on these dates is taken back" in back


def run(first, last):
    return f"{first}..{last}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["phase2_to_phase9", "2024-04-16"], "did you mean phase2_to_phase3"),
        (["phase3", "2024-04-16"], "the phase phase3 is decided upon as phase2_to_phase3"),
        ([NAME, "today"], 'found "today"'),
        ([NAME, "2024-02-30"], "a day that does not exist"),
        ([NAME, "2024-04-16..nonsense"], 'found "nonsense"'),
        ([NAME, "2024-04-16.."], "expected a date like"),
        ([NAME, run("2024-04-17", "2024-04-16")], "swap them"),
        ([NAME, str(TODAY + timedelta(days=3))], "to tomorrow"),
        ([NAME, run("2001-01-01", "2024-04-16")], "expected 1 to 5,000 dates, found 8,507"),
        ([NAME, "2024-04-16", "--why", " "], "why: expected a text of 1 to 500 characters, found 0"),
        ([NAME, "2024-04-16", "--why", "x" * 501], "found 501"),
        ([NAME, "2024-04-16", "--who", ""], "who: expected a text"),
        ([NAME, "2024-04-16", "--until", str(TODAY - timedelta(days=1))], "or a later date, found"),
        ([NAME, "2024-04-16", "--until", "20991231"], "until: expected a date like"),
        ([NAME, "2024-04-16", "--until", "soon"], "until: expected a date like"),
        ([NAME, "2024-04-16", "--until", "9999-12-31"], "until: expected a date to 2159-12-31, found 9999-12-31"),
    ],
)
@pytest.mark.parametrize("word", ["accept", "retry"])
def test_what_cannot_be_kept_is_told_and_nothing_is_written(word, words, said, pipeline, bq, gapheal, decisions):
    gapheal("ledger", "create")
    result = gapheal(word, "--why", "w", *words)

    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert decisions() == []


def test_a_retry_is_no_standing_order(pipeline, bq, gapheal):
    def retried(last):
        return gapheal("retry", NAME, "2024-04-16", "--why", "w", "--until", last)

    today = None
    while today != datetime.now(ZONE).date():  # once more, if midnight came in between
        today = datetime.now(ZONE).date()
        last = today + timedelta(days=6)
        week, longer = retried(last), retried(last + timedelta(days=1))

    assert (week.exit_code, longer.exit_code) == (0, 2)
    assert f"a retry lasts 7 days at most, expected a date to {last}" in longer.output


def test_why_has_to_be_said(pipeline, gapheal):
    result = gapheal("accept", NAME, "2024-04-16")

    assert (result.exit_code, "--why" in result.output) == (2, True)


def test_the_next_pass_excuses_what_was_accepted(heal, tables, topic, gapheal):
    gapheal("accept", NAME, "2024-04-20..2024-04-21", "--why", "rained off", "--who", "ann")
    (found,) = json.loads(gapheal("plan", "--json").output)
    excused = [
        (group["start_date"], group["end_date"]) for group in found["verdicts"] if group["condition"] == "excused"
    ]
    told = gapheal("explain", NAME, "2024-04-20").output

    assert excused == [("2024-04-20", "2024-04-21")]
    assert "ann" in told
    assert "rained off" in told


def test_a_retry_gives_held_dates_back(heal, pipeline, tables, topic, gapheal):
    pipeline.write_text(pipeline.read_text().replace("max_age_days: null", "max_age_days: 30"))
    held = json.loads(gapheal("scan", "--json").output)[0]
    gapheal("retry", NAME, "2024-04-20", "--why", "now we can")
    retried = json.loads(gapheal("scan", "--json").output)[0]

    assert (held["triggered"], held["actions"]["held"]) == (0, 6)
    assert (retried["triggered_dates"], retried["actions"]["held"]) == (["2024-04-20"], 5)
