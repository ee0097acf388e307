"""What still works when a service does not: through the door, as a caller sees it."""

import json
from datetime import date, timedelta

import pytest

from gapheal.errors import ConfigError, Unavailable
from gapheal.model.passes import Delivery, Limited
from gapheal.reconcile import PASS_SECONDS

DAY = date(2024, 6, 18)
SCAN = json.dumps({"scan_for_gaps": True}).encode()


@pytest.fixture
def place(town):
    made = town(breaker_after=50, max_in_flight=50)
    for back in range(30):
        made.world.warehouse.put("d.raw", DAY - timedelta(days=back))
    return made


@pytest.mark.parametrize("event", [False, True], ids=["a scan", "an event"])
def test_an_unreadable_ledger_means_503_and_no_trigger(place, pushed, event):
    place.world.ledger.fails = Unavailable("the ledger did not answer")
    answer = place.post(pushed({"date": str(DAY)}) if event else SCAN)

    assert (answer.status, answer.body) == (503, {"error": "the ledger did not answer"})
    assert (place.world.publisher.sent, place.world.claims.created, place.world.warehouse.observed) == ([], {}, [])


@pytest.mark.fault(11)
def test_an_unreadable_table_means_503_and_no_trigger(place):
    place.world.warehouse.fails = Unavailable("BigQuery did not answer")
    answer = place.post(SCAN)

    assert (answer.status, answer.body) == (503, {"error": "BigQuery did not answer"})
    assert (place.world.publisher.sent, place.world.claims.created) == ([], {})
    place.world.warehouse.fails = None
    assert place.scan()["triggered"] == 30, "no attempt was used"


def test_an_unwritable_ledger_is_told_and_the_claims_hold(place):
    place.world.ledger.refuses = "writing 30 rows: BigQuery did not answer"
    first, second = place.scan(), place.scan()

    assert (first["triggered"], first["errors"]) == (30, ["writing 30 rows: BigQuery did not answer"])
    assert (second["triggered"], second["actions"]["leased"]) == (0, 30)
    assert len(place.world.publisher.days) == 30


def test_when_it_can_be_written_again_the_claims_tell_what_was_sent(place):
    place.world.ledger.refuses = "refused"
    place.scan()
    place.world.ledger.refuses = None
    place.work()
    place.world.warehouse.drop("d.refined", DAY)
    place.world.clock.advance(minutes=121)
    reports = [place.scan() for _ in range(2)]

    assert [report["triggered_dates"] for report in reports] == [[], [str(DAY)]]
    assert [row["outcome"] for row in place.world.ledger.rows["triggers"]] == ["unknown", "published"]


def test_a_rejected_event_that_cannot_be_kept_comes_again(place, pushed):
    place.world.ledger.fails = Unavailable("the ledger did not answer")

    assert place.post(pushed({"date": "TODAY"})).status == 503


def test_a_pass_stays_inside_its_time(place):
    """Every claim and every message takes long; what is claimed is sent and told, the next pass goes on."""
    clock = place.world.clock

    def slow(real, *args):
        clock.advance(seconds=20)
        return real(*args)

    before = clock.monotonic()
    with place.breaking("claims", "acquire", slow), place.breaking("publisher", "publish", slow):
        report = place.scan()
    took = clock.monotonic() - before

    assert took <= PASS_SECONDS
    assert 0 < report["triggered"] < 30
    assert report["errors"] == ["out of time: the next pass goes on"]
    assert len(place.world.publisher.days) == report["triggered"] == len(place.world.claims.created)
    assert place.scan()["triggered"] == 30 - report["triggered"]


def test_a_quota_that_is_used_up_leaves_the_rest_to_the_next_pass(place):
    def limited(real, *args):
        return real(*args) if len(place.world.claims.created) < 12 else Limited("10 claims a second")

    with place.breaking("claims", "acquire", limited):
        report = place.scan()

    assert (report["triggered"], report["actions"]["deferred"], report["errors"]) == (12, 18, ["10 claims a second"])
    assert place.scan()["triggered"] == 18


def test_with_pubsub_down_the_caller_comes_again_and_no_attempt_is_used(town):
    made = town(max_attempts=1)
    made.world.warehouse.put("d.raw", DAY)

    made.world.publisher.answer = lambda m: Delivery(m, "failed", error="no connection", unreachable=True)
    answers = [made.post(SCAN) for _ in range(3)]
    made.world.publisher.answer = lambda _message: None

    assert {answer.status for answer in answers} == {503}
    assert made.scan()["triggered"] == 1


@pytest.mark.fault(14)
def test_a_fault_of_one_transitions_table_stops_no_other(place):
    def gone(real, transition, scope):
        if transition == "refined_to_served":
            raise ConfigError("d.served was not found")
        return real(transition, scope)

    with place.breaking("warehouse", "observe", gone):
        broken = place.post(SCAN, "refined_to_served")
        report = place.scan()

    assert (broken.status, broken.body) == (500, {"error": "d.served was not found"})
    assert report["triggered"] == 30
