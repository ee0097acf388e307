"""Who is told what by which pass: each kind at the next pass, once, and nothing else."""

from datetime import date, timedelta

import pytest
from tests.alerts.conftest import NAME, URLS, days

from gapheal import app
from gapheal.errors import ConfigError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.passes import Request, Source
from gapheal.spec import validated
from gapheal.testing import small_pipeline


def gaps(place):
    place.lost(*days(3))


def many_gaps(place):
    place.lost(*days(7))


def source_gaps(place):
    place.world.warehouse.put("d.expected", date(2024, 6, 28), 4, 4)


def stuck(place):
    place.world.warehouse.put("d.expected", days(1)[0], 40, 40)
    place.world.clock.advance(hours=48)


def failing(place):
    place.world.warehouse.fails = ConfigError("d.raw has no column game")


MADE = {
    "open gaps, 3 dates": gaps,
    "open gaps, 7 dates, many open gaps, 7 dates": many_gaps,
    "source gaps, 1 date": source_gaps,
    "stuck, 1 date": stuck,
    "passes fail": failing,
}


@pytest.fixture
def watched(place):
    """One with a yardstick upstream."""
    expected = {"table": "d.expected", "date_column": "day", "entity_column": "game"}
    found = place(page_above=5)
    data = found.world.pipeline.model_dump(by_alias=True)
    data["phases"]["raw"]["expected"] = expected
    found.world.pipeline = validated(data)
    found.world.warehouse.pipeline = found.world.pipeline
    for day in days(20):
        found.world.warehouse.put("d.expected", day, 4, 4)
    found.restart()
    found.settle()
    return found


@pytest.mark.parametrize("title", MADE)
def test_a_gap_of_each_kind_is_told_by_the_next_pass_and_never_again(title, watched):
    MADE[title](watched)
    for minutes in (30, 5, 5, 20):
        try:
            watched.passes(after=minutes)
        except ConfigError:
            assert title == "passes fail"

    assert watched.receiver.titles == [f"[small] {NAME}: {title}"]
    assert "  -> gapheal " in watched.receiver.said[0].text


def test_stalled_and_breaker_are_told_when_their_triggers_have_failed(place):
    found = place(breaker_after=2, max_attempts=1)
    found.settle()
    gaps(found)
    for _ in range(8):
        found.passes()

    told = found.receiver.titles
    assert [title.removeprefix(f"[small] {NAME}: ") for title in told[:2]] == [
        "open gaps, 3 dates",
        "stalled, 2 dates, breaker open",
    ]
    assert "refined-trigger" in found.receiver.said[1].text
    assert len(set(told)) == len(told)


def test_dates_given_up_behind_a_breaker_that_was_told_are_news_once_it_was_shut(place):
    found = place(breaker_after=2, max_attempts=2, lease_minutes=30)
    found.settle()
    found.lost(*days(5))
    for _ in range(24):
        found.passes()
    behind = found.receiver.titles
    heard = len(found.receiver.said)
    found.made(*days(1, first=2))
    found.passes()  # its row says that the job works again, so the others' leases begin anew
    found.passes()

    assert [title.removeprefix(f"[small] {NAME}: ") for title in behind if "still" not in title] == [
        "open gaps, 5 dates",
        "breaker open",
    ]
    assert [title.removeprefix(f"[small] {NAME}: ") for title in found.receiver.titles[heard:]] == [
        "breaker closed",
        "stalled, 4 dates, breaker open, open gaps over",
    ]


def test_held_dates_are_told_with_both_words_for_them(place):
    found = place(max_age_days=30)
    found.settle()
    found.world.clock.advance(days=40)
    gaps(found)
    found.passes()
    (said,) = found.receiver.said

    assert said.title == f"[small] {NAME}: held, 3 dates"
    assert 'gapheal retry raw_to_refined 2024-06-01..2024-06-03 --why "…"' in said.text
    assert "`accept`" in said.text


def test_stuck_dates_are_told_with_their_table_and_the_command_that_accepts_them(watched):
    stuck(watched)
    watched.passes()
    (said,) = watched.receiver.said

    assert "1 date is waiting for an upstream that is not whole and is written no more: d.raw; " in said.text
    command = said.text.partition("  -> gapheal ")[2].partition(" --why")[0]
    assert command == "accept raw 2024-06-01"
    watched.app.decide("accept", "raw", ["2024-06-01"], who="ann", why="they never sent more")
    watched.passes()
    assert watched.receiver.titles[-1].endswith("all well again, stuck over")


def test_stale_dates_that_are_only_reported_are_told_once_and_fade(place):
    found = place()
    found.settle()
    found.arrives(*days(2), rows=3)
    for _ in range(30):
        found.passes()

    assert found.receiver.titles == [f"[small] {NAME}: held, 2 dates"]
    assert "stale_reported 2" in found.receiver.said[0].text
    assert found.teller.ledger.told(NAME)["open"] == {}


def test_healed_again_is_told_once_and_opened_anew_later(place):
    found = place()
    found.settle()
    for _ in range(2):
        found.lost(*days(2))
        found.passes()
        found.made(*days(2))
        found.passes()
        found.passes()

    opened, over = f"[small] {NAME}: open gaps, 2 dates", f"[small] {NAME}: all well again, open gaps over"
    assert found.receiver.titles == [opened, over] * 2
    assert "2024-06-01..2024-06-02" in found.receiver.said[1].text


def test_more_gaps_are_told_with_the_new_dates_alone(place):
    found = place()
    found.settle()
    found.lost(*days(2))
    found.passes()
    found.lost(*days(1, first=8))
    found.passes()

    assert found.receiver.titles[1] == f"[small] {NAME}: 1 more open gaps"
    assert "dates: 2024-06-09 (of 3 in all)" in found.receiver.said[1].text


def test_pagerduty_opens_and_resolves_by_one_key(place):
    found = place(page_above=5)
    found.settle()
    many_gaps(found)
    found.passes()
    opened = found.receiver.incidents
    found.made(*days(2))
    found.passes()

    assert opened == {f"gapheal/small/{NAME}"}
    assert [event.action for event in found.receiver.events] == ["trigger", "resolve"]
    assert found.receiver.incidents == set()
    assert found.receiver.events[0].payload["severity"] == "critical"
    payload = found.receiver.events[0].payload
    assert payload["summary"] == f"[small] {NAME}: 7 open gaps, more than 5 (page_above): 7 triggered"
    assert [payload[key] for key in ("source", "component", "group")] == ["gapheal", "small", NAME]


def test_who_is_called_reads_what_becomes_of_the_gaps(place):
    found = place(page_above=5, breaker_after=2, max_age_days=30)
    found.settle()
    many_gaps(found)
    found.passes()
    for _ in range(4):
        found.passes()
    found.world.clock.advance(days=40)
    found.lost(*days(2, first=10))
    found.passes()

    assert "(page_above): 5 waiting for their turn, 2 triggered" in found.receiver.events[0].payload["summary"]
    assert "being healed" not in found.receiver.said[-1].text
    assert "(page_above): 6 waiting while the breaker is open, 2 held for a person, 1 triggered" in (
        found.receiver.said[-1].text
    )


def test_a_first_look_is_a_digest_and_calls_nobody(place):
    found = place(page_above=5)
    many_gaps(found)
    for _ in range(4):
        found.passes()

    assert found.receiver.titles == [f"[small] {NAME}: first look, open gaps, 7 dates, many open gaps, 7 dates"]
    assert found.receiver.events == []


def test_after_a_baseline_that_was_above_page_above_so_many_new_dates_call(place):
    found = place(page_above=5)
    many_gaps(found)
    found.passes()
    found.lost(*days(5, first=7))
    found.passes()
    before = list(found.receiver.events)
    found.lost(*days(1, first=12))
    found.passes()

    assert before == []
    assert [event.action for event in found.receiver.events] == ["trigger"]


def test_a_first_look_at_a_whole_pipeline_says_nothing_and_the_next_gap_is_no_baseline(place):
    found = place(page_above=5)
    found.passes()
    assert found.receiver.asked == 0
    many_gaps(found)
    found.passes()

    assert found.receiver.incidents == {f"gapheal/small/{NAME}"}


def test_a_date_that_an_event_names_is_work_and_no_news(place):
    found = place()
    found.settle()
    new = date(2024, 6, 29)
    found.arrives(new)
    found.passes(Source.EVENT, dates=frozenset({new}))
    found.passes(after=20)
    found.made(new)
    found.passes(Source.EVENT, after=5, dates=frozenset({new}))
    found.passes(after=35)

    assert found.world.publisher.days == [new]
    assert found.receiver.titles == []


def test_a_date_whose_first_trigger_brings_nothing_is_told_by_the_scan_after_half_an_hour(place):
    found = place()
    found.settle()
    new = date(2024, 6, 29)
    found.arrives(new)
    found.passes(Source.EVENT, dates=frozenset({new}))
    found.passes(after=29)
    assert found.receiver.titles == []
    found.passes(after=1)

    assert found.receiver.titles == [f"[small] {NAME}: open gaps, 1 date"]


def test_a_pass_that_looks_at_little_ends_nothing(watched):
    source_gaps(watched)
    watched.lost(*days(3))
    watched.passes()
    told = list(watched.receiver.titles)
    watched.passes(Source.EVENT, dates=frozenset(days(1, first=10)))
    watched.passes(window=Interval.inclusive(days(1, first=5)[0], days(1, first=6)[0]))
    watched.passes(dry_run=True)

    assert watched.receiver.titles == told == [f"[small] {NAME}: open gaps, 3 dates, source gaps, 1 date"]


def test_a_dry_run_tells_nothing(place):
    found = place()
    found.settle()
    gaps(found)
    found.passes(dry_run=True)

    assert found.receiver.asked == 0


def test_a_pass_that_fails_ends_nothing_and_the_next_good_one_ends_its_error(place):
    found = place()
    found.settle()
    gaps(found)
    found.passes()
    found.world.warehouse.fails = ConfigError("d.raw has no column game")
    for _ in range(3):
        with pytest.raises(ConfigError):
            found.passes(after=20)
    found.world.warehouse.fails = Unavailable("BigQuery is down")
    with pytest.raises(Unavailable):
        found.passes(after=20)
    found.world.warehouse.fails = None
    found.made(*days(3))
    found.passes(after=20)

    assert [title.removeprefix(f"[small] {NAME}: ") for title in found.receiver.titles] == [
        "open gaps, 3 dates",
        "passes fail",
        "all well again, open gaps over, passes work again",
    ]
    assert "d.raw has no column game" in found.receiver.said[1].text


def test_a_paused_transition_ends_nothing(place):
    found = place()
    found.settle()
    gaps(found)
    found.passes()
    found.world.pipeline = small_pipeline(mode="paused")
    found.restart()
    found.passes()

    assert len(found.receiver.titles) == 1


def test_reminders_come_after_a_day_and_then_ever_more_rarely(place):
    found = place(mode="observe")
    found.settle()
    gaps(found)
    found.passes()
    opened_at = found.world.clock.now()
    for _ in range(24 * 24):
        found.passes()

    after = [(said.at - opened_at) / timedelta(days=1) for said in found.receiver.said]
    assert after == [0, 1, 3, 7, 14, 21]
    assert {said.title for said in found.receiver.said[1:]} == {f"[small] {NAME}: still open gaps, 3 dates"}


def test_without_a_target_nothing_is_claimed_or_written(place):
    found = place(urls={})
    gaps(found)
    found.passes()

    assert (found.world.ledger.rows["alerts"], found.receiver.asked) == ([], 0)
    assert {name for name, _, _ in found.world.claims.created} == {NAME}


def test_a_quiet_pass_reads_and_writes_nothing_more(place):
    found = place()
    found.settle()
    gaps(found)
    found.passes()
    rows, claims = len(found.world.ledger.rows["alerts"]), len(found.world.claims.created)
    found.world.ledger.told = None  # whoever asks again fails
    report = found.passes()

    assert "warnings" not in report
    assert (len(found.world.ledger.rows["alerts"]), len(found.world.claims.created)) == (rows, claims)


def test_a_backfill_of_held_dates_is_told_as_what_became_of_them(place):
    found = place(max_age_days=30)
    found.settle()
    found.world.clock.advance(days=40)
    gaps(found)
    found.passes()
    found.app.decide("retry", NAME, [str(day) for day in days(3)], who="ann", why="mended")
    found.passes(Source.BACKFILL, after=1)
    found.made(*days(3))
    found.passes(after=9)

    assert [title.removeprefix(f"[small] {NAME}: ") for title in found.receiver.titles] == [
        "held, 3 dates",
        "open gaps, 3 dates, held over",
        "all well again, open gaps over",
    ]
    assert "3 now open gaps" in found.receiver.said[1].text


def test_what_build_wires_reads_the_environment_and_the_names_that_the_file_gives(place, monkeypatch):
    found = place(urls={})
    found.settle()
    gaps(found)
    pipeline = found.world.pipeline
    named = pipeline.model_copy(update={"alerts": pipeline.alerts.model_copy(update={"urls_env": "MINE"})})
    built = app.build(named, **found.world.ports)
    monkeypatch.setenv("GAPHEAL_ALERT_URLS", "slack://not/this/one")
    monkeypatch.setenv("MINE", URLS["GAPHEAL_ALERT_URLS"])
    found.world.clock.advance(minutes=60)
    report = built.run(NAME, Request(Source.SCAN))

    assert "warnings" not in report
    assert found.receiver.titles == [f"[small] {NAME}: first look, open gaps, 3 dates"]


def test_dates_that_a_person_has_made_anew_are_no_news(place):
    found = place(page_above=5)
    found.settle()
    said = {"transition": NAME, "decision": "again", "who": "ann", "why": "mended", "until": None}
    found.world.clock.advance(minutes=1)
    at = found.world.clock.now().isoformat()
    found.world.ledger.decide([{**said, "observed_at": at, "partition_date": str(day)} for day in days(8)])
    reports = [found.passes(), found.passes()]
    found.made(*days(8), rows=5)
    found.passes()

    assert [report["conditions"]["stale"] for report in reports] == [8, 8]
    assert (found.receiver.titles, found.receiver.events) == ([], [])
