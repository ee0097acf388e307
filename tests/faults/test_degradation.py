"""What still works when a service does not: through the door, as a caller sees it."""

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound, ServiceUnavailable

from gapheal.bigquery import Connection
from gapheal.errors import ConfigError, Unavailable
from gapheal.ledger import BigQueryLedger
from gapheal.model.passes import Delivery, Limited
from gapheal.reconcile import PASS_SECONDS
from gapheal.testing import small_pipeline

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


def test_a_pass_whose_reads_took_all_its_time_claims_nothing(place):
    def slow(real, *args):
        place.world.clock.advance(seconds=PASS_SECONDS - 20)
        return real(*args)

    with place.breaking("warehouse", "observe", slow):
        report = place.scan()

    assert (report["triggered"], report["actions"]["deferred"]) == (0, 30)
    assert report["errors"] == ["out of time: the next pass goes on"]
    assert place.world.claims.created == {}


class Service:
    """BigQuery as it keeps jobs by their ids, which the emulator does not; every first reply is lost."""

    def __init__(self):
        self.jobs = {}

    def get_dataset(self, *_args, **_how):
        return SimpleNamespace(labels={"gapheal_pipeline": "small"})

    def query(self, sql, *, job_id, **_):
        repeated = job_id in self.jobs
        self.jobs[job_id] = sql
        raise Conflict("Already Exists: Job") if repeated else ServiceUnavailable("the reply was lost")

    def get_job(self, *_args, **_how):
        return SimpleNamespace(result=lambda **_: [], total_bytes_billed=0)


@pytest.mark.fault(16)
def test_the_rows_of_a_pass_are_written_under_ids_of_their_own():
    """The same pass, once more: what was committed is attached to, nothing runs twice."""
    service = Service()
    ledger = BigQueryLedger(small_pipeline(), Connection(service, "project-1", "us-west2", {}, emulator=False))
    rows = {"passes": [{"transition": "raw_to_refined"}], "triggers": [{"transition": "raw_to_refined"}]}
    lost, attached = ledger.record("pass-1", rows), ledger.record("pass-1", rows)

    assert (len(lost), attached) == (2, [])
    assert sorted(service.jobs) == ["gapheal-pass-1-passes-0", "gapheal-pass-1-triggers-0"]


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (NotFound("Not found: Table project-1:gapheal_small.alerts"), True),
        (BadRequest("Unrecognized name: seen_whole at [5:42]"), True),
        (BadRequest("Syntax error: Unexpected end of statement"), False),
    ],
)
def test_a_ledger_that_an_older_release_made_says_what_adds_the_rest(monkeypatch, error, mend):
    def refused(*_args, **_how):
        raise error

    monkeypatch.setattr(Service, "query", refused)
    ledger = BigQueryLedger(small_pipeline(), Connection(Service(), "project-1", "us-west2", {}, emulator=False))
    with pytest.raises(ConfigError) as wrong:
        ledger.recall("raw_to_refined", None)
    (unwritten,) = ledger.record("pass-1", {"passes": [{"transition": "raw_to_refined"}]})

    assert ("`gapheal ledger create`" in str(wrong.value), "`gapheal ledger create`" in unwritten) == (mend, mend)


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
