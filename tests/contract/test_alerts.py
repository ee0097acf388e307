"""What was told, held alike by the memory doubles and by BigQuery: read back, recalled, claimed once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.alerts import State, Teller
from gapheal.bigquery import connect
from gapheal.claims import BigQueryClaims
from gapheal.ledger import BigQueryLedger
from gapheal.model.findings import Finding, Kind
from gapheal.testing import FrozenClock, MemoryClaims, MemoryLedger, small_pipeline

NAME = "raw_to_refined"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = date(2024, 3, 1)
URLS = {"GAPHEAL_ALERT_URLS": "json://one", "GAPHEAL_PAGE_URLS": "json://two"}
GAP = Finding(
    Kind.GAPS, NAME, "it's a 'sentence' with \"quotes\"", "gapheal plan", (DAY,), NOW, {"codes": {"missing": 1}}
)
LATE = Finding(Kind.NO_SCAN, None, "nobody scans", "gapheal schedule list", since=NOW)


class Telling:
    """A teller on real ports, whose targets answer as they are told to."""

    def __init__(self, ledger, claims) -> None:
        self.ledger, self.fails = ledger, False
        self.sent: list[str] = []
        self.teller = Teller(small_pipeline(), ledger, claims, URLS, self.deliver)
        self.ids = iter(range(100))

    def deliver(self, wanted):
        if not self.fails:
            self.sent += [message.title for _, messages in wanted for message in messages]
        return {target.id: ["down"] if self.fails else [None] * len(messages) for target, messages in wanted}

    def tell(self, *some, transition=NAME, minutes=0, told=None):
        now = NOW + timedelta(minutes=minutes)
        about = {"now": now, "baseline": False, "pass_id": f"pass-{next(self.ids)}", "told": told}
        return self.teller.tell(transition, some, **about)


@pytest.fixture(params=["memory", "bigquery"])
def telling(request):
    if request.param == "memory":
        clock = FrozenClock(NOW)
        return Telling(MemoryLedger(small_pipeline(), clock), MemoryClaims(clock))
    request.getfixturevalue("bq")
    connection = connect("small", request.getfixturevalue("project"), "us-west2")
    return Telling(BigQueryLedger(small_pipeline(), connection), BigQueryClaims(small_pipeline(), connection))


def test_what_was_told_is_recalled_with_the_dates_and_is_that_of_its_scope(telling):
    assert telling.ledger.told(NAME) is None
    assert telling.ledger.recall(NAME, frozenset()).told is None
    assert telling.tell() == telling.tell(GAP, minutes=60) == telling.tell(LATE, transition=None) == []

    recalled = telling.ledger.recall(NAME, frozenset()).told
    assert recalled == telling.ledger.told(NAME)
    assert (recalled["n"], recalled["open"][GAP.key]["dates"]) == (2, [str(DAY)])
    assert recalled["open"][GAP.key]["sentence"] == GAP.sentence
    assert list(telling.ledger.told(None)["open"]) == ["pipeline/no_scan"]
    assert telling.ledger.recall("refined_to_served", frozenset()).told is None


def test_a_change_is_told_once_however_many_passes_see_it_at_once(telling):
    telling.tell()
    before = telling.ledger.told(NAME)
    for _ in range(3):
        assert telling.tell(GAP, minutes=1, told=before) == []
    telling.tell(GAP, minutes=2)

    assert telling.sent == [f"[small] {NAME}: open gaps, 1 date"]


def test_what_could_not_be_delivered_is_in_the_ledger_and_comes_later(telling):
    telling.tell()
    telling.fails = True
    (error,) = telling.tell(GAP, minutes=1)
    waiting = State.read(telling.ledger.told(NAME)).waiting
    telling.fails = False
    assert telling.tell(GAP, minutes=60) == []

    assert error == "alerts: down"
    assert [message.title for message in waiting] == telling.sent == [f"[small] {NAME}: open gaps, 1 date"]
    assert State.read(telling.ledger.told(NAME)).waiting == ()


def test_what_is_announced_is_announced_once_beside_what_the_sweep_tells(telling):
    for minutes in (0, 1):
        about = {"now": NOW + timedelta(minutes=minutes), "pass_id": f"sweep-{minutes}"}
        assert telling.teller.announce("digest of today", "all well", **about) == []
    telling.tell(LATE, transition=None, minutes=2)

    assert telling.sent == ["digest of today", "[small] the whole pipeline: no scan"]
