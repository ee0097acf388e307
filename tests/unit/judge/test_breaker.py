"""The breaker: messages in a row that bring nothing, and the probes behind it."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.model.passes import Request, Source
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)


def days(number):
    return [DAY - timedelta(days=index) for index in range(number)]


@pytest.fixture
def broken(story):
    """Twenty gaps, five of which were triggered in vain."""

    def broken(**policy):
        told = story(
            small_pipeline(**{"max_in_flight": 25, "breaker_after": 5, "lease_minutes": 120, **policy}), now=NOW
        )
        for day in days(20):
            told.put("d.raw", day)
        told.look()
        told.later(hours=2, minutes=1)
        return told

    return broken


def sent(verdicts):
    return sorted(day for day, verdict in verdicts.items() if verdict.action == "heal")


def test_as_many_messages_in_vain_as_the_policy_says_open_it(broken):
    told = broken()
    verdicts = told.look()
    deferred = next(verdict for verdict in verdicts.values() if verdict.action == "deferred")

    assert len(sent(verdicts)) == 1
    assert deferred.reason.code == "breaker_open"
    assert "5 triggers in a row to topic refined-trigger brought nothing" in deferred.reason.sentence


def test_fewer_do_not(story):
    told = story(small_pipeline(breaker_after=5, lease_minutes=120), now=NOW)
    for day in days(4):
        told.put("d.raw", day)
    told.look()
    told.later(hours=3)

    assert len(sent(told.look())) == 4


def test_the_probe_is_the_newest_untried_date(broken):
    told = broken(order="oldest")

    assert sent(told.look()) == [DAY]


def test_a_date_that_an_event_has_just_named_is_the_probe(broken):
    told = broken()
    named = days(9)[8]
    told.request = Request(Source.EVENT, dates=frozenset({named}))

    assert sent(told.look()) == [named]


def test_probes_come_ever_more_rarely_up_to_one_a_day(broken):
    told = broken(lease_minutes=10, max_attempts=99)
    told.later(hours=1)
    start, times = told.now, []
    for _ in range(24 * 5 * 4):
        if sent(told.look()):
            times.append((told.now - start).total_seconds() / 3600)
        told.later(minutes=15)
    distances = [later - earlier for earlier, later in itertools.pairwise(times)]

    assert times[0] == 0
    assert distances[:6] == [1, 2, 4, 8, 16, 24]
    assert set(distances[6:]) == {24}


def test_a_probe_under_way_is_waited_for(broken):
    told = broken()
    told.look()
    told.later(hours=1, minutes=30)

    assert sent(told.look()) == []


def test_a_heal_closes_it(broken):
    told = broken()
    probe = sent(told.look())[0]
    told.put("d.refined", probe)
    told.later(minutes=5)

    assert len(sent(told.look())) == 19


def test_growth_without_a_heal_closes_it_too(broken):
    told = broken()
    probe = sent(told.look())[0]
    told.put("d.refined", probe, 10, 1)
    told.later(minutes=5)

    assert len(sent(told.look())) == 4, "slow start goes on: nothing has healed yet, one is under way"


def test_growth_is_remembered_after_it_has_been_seen(broken):
    told = broken()
    probe = sent(told.look())[0]
    told.put("d.refined", probe, 10, 1)
    told.look("observe")
    told.later(minutes=5)

    assert len(sent(told.look())) == 4


def test_growth_of_long_ago_does_not_hold_it_shut(story):
    told = story(small_pipeline(lease_minutes=10, breaker_after=3, max_attempts=99), now=NOW)
    for day in days(9):
        told.put("d.raw", day)
    first = sent(told.look())[0]
    told.put("d.refined", first, 10, 1)
    for _ in range(6):
        told.later(minutes=11)
        told.look()
    told.later(hours=1)

    assert {v.reason.code for v in told.look().values() if v.action == "deferred"} == {"breaker_open"}


def test_a_retry_closes_it(broken):
    told = broken()
    told.look()
    told.retry(days(20)[19])
    told.later(minutes=1)

    assert len(sent(told.look())) == 4


def test_a_date_that_the_file_now_excuses_is_no_failure(broken, rewrite):
    told = broken()
    tried = [str(day) for day in days(20)[15:]]
    told.pipeline = small_pipeline(lease_minutes=120, excuses=[{"reason": "warm-up", "dates": tried}])

    assert len(sent(told.look())) == 5


def test_messages_count_and_not_dates(broken, rewrite):
    """A message for five dates that brought nothing is one failure."""
    told = broken()
    for day, entry in told.entries.items():
        told.entries[day] = told.with_message(entry, "one")

    assert len(sent(told.look())) == 5


def test_a_message_that_healed_one_of_its_dates_has_not_failed(broken):
    told = broken(breaker_after=4)
    oldest = days(20)[19]
    for day, entry in told.entries.items():
        told.entries[day] = told.with_message(entry, "one" if day >= oldest + timedelta(days=2) else "two")
    told.put("d.refined", oldest)

    assert {v.reason.code for v in told.look().values() if v.action == "deferred"} <= {"no_room", "slow_start"}


@pytest.mark.parametrize(("minutes", "code"), [(12, "slow_start"), (119, "slow_start"), (121, "breaker_open")])
def test_busy_is_a_failure_only_after_a_whole_lease_time(story, minutes, code):
    told = story(small_pipeline(lease_minutes=120), now=NOW)
    told.outcome = "busy"
    for day in days(12):
        told.put("d.raw", day)
    told.look()
    told.later(minutes=minutes)
    told.outcome = "published"

    assert {v.reason.code for v in told.look().values() if v.action == "deferred"} == {code}


def test_what_was_taken_since_tells_that_busy_had_its_end(story):
    told = story(small_pipeline(lease_minutes=120), now=NOW)
    told.outcome = "busy"
    for day in days(12):
        told.put("d.raw", day)
    told.look()
    told.later(minutes=60)
    told.outcome = "published"
    told.look()
    told.later(minutes=61)

    assert {v.reason.code for v in told.look().values() if v.action == "deferred"} == {"slow_start"}


def test_failed_deliveries_say_nothing_of_the_target(story):
    told = story(small_pipeline(lease_minutes=10), now=NOW)
    told.outcome = "failed"
    for day in days(12):
        told.put("d.raw", day)
    for _ in range(4):
        told.look()
        told.later(hours=1)

    assert len(sent(told.look())) == 5
