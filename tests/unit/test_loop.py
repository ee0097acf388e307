"""The loop over ports in memory: what one pass leaves for the next."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gapheal.errors import ConfigError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.passes import Delivery, Limited, Request, Source
from gapheal.reconcile import Loop
from gapheal.testing import World, small_pipeline

NAME = "raw_to_refined"
DAY = date(2024, 6, 20)
SCAN = Request(Source.SCAN)
EVENT = Request(Source.EVENT, dates=frozenset({DAY}))


class Small:
    """The small pipeline in memory, with one missing date."""

    def __init__(self, **policy) -> None:
        self.world = World(small_pipeline(**{"max_age_days": None, **policy}))
        numbers = iter(range(1000))
        ports = {name: port for name, port in self.world.ports.items() if name != "schedule"}
        self.loop = Loop(self.world.pipeline, **ports, new_id=lambda: f"pass-{next(numbers)}")
        self.world.warehouse.put("d.raw", DAY, 100, 10)

    def run(self, request=SCAN):
        return self.loop.run(NAME, request)

    def complete(self, day=DAY):
        self.world.warehouse.put("d.refined", day, 100, 10)

    @property
    def rows(self):
        return self.world.ledger.rows


def test_claim_publish_and_record_leave_one_trail():
    small = Small()
    report = small.run()
    (message,), (trigger,) = small.world.publisher.sent, small.rows["triggers"]

    assert report["triggered_dates"] == [str(DAY)]
    assert list(small.world.claims.created) == [(NAME, DAY, 1)]
    assert (trigger["trigger_id"], trigger["n"], trigger["outcome"]) == (message.trigger_id, 1, "published")
    assert [(v["condition"], v["action"]) for v in small.rows["verdicts"]] == [("missing", "heal")]
    assert [p["triggered"] for p in small.rows["passes"]] == [1]


def test_a_heal_counts_only_when_a_later_pass_sees_the_rows():
    small = Small()
    small.run()
    triggered_at = small.world.clock.now()
    small.world.clock.advance(minutes=10)
    small.complete()
    small.run(EVENT)
    last = small.rows["verdicts"][-1]

    assert (last["condition"], last["triggered_at"]) == ("complete", triggered_at.isoformat())
    assert last["first_seen_at"] == triggered_at.isoformat()


def test_an_event_that_changed_nothing_leaves_no_rows():
    small = Small()
    small.complete()
    small.run(EVENT)
    before = {table: len(rows) for table, rows in small.rows.items()}
    small.run(EVENT)

    assert {table: len(rows) for table, rows in small.rows.items()} == before


def test_a_scan_always_leaves_its_pass():
    small = Small()
    small.complete()
    for _ in range(2):
        small.run()

    assert len(small.rows["passes"]) == 2


def test_a_dry_run_writes_nothing_and_claims_nothing():
    small = Small()
    report = small.run(Request(Source.SCAN, dry_run=True))

    assert (report["triggered"], report["actions"]["would_heal"]) == (0, 1)
    assert (dict(small.rows), small.world.claims.created) == ({}, {})


@pytest.mark.parametrize(("mode", "heals"), [("heal", "without dry_run heals"), ("observe", "`policy.mode: heal` in")])
def test_a_dry_run_says_what_would_heal(mode, heals):
    assert heals in Small(mode=mode).run(Request(Source.SCAN, dry_run=True))["note"]


def test_paused_looks_at_nothing():
    small = Small(mode="paused")
    report = small.run()

    assert (report["note"].split(":")[0], report["gaps_found"], small.world.warehouse.observed) == (
        "mode paused",
        0,
        [],
    )


@pytest.mark.fault(2)
def test_a_lost_claim_is_leased_and_sends_nothing():
    small = Small()
    small.world.claims.acquire(NAME, DAY, 1, "somebody else's")
    report = small.run()

    assert (report["triggered"], report["actions"]["leased"]) == (0, 1)
    assert small.world.publisher.sent == []


@pytest.mark.fault(5)
def test_a_claim_whose_owner_crashed_is_found_recorded_and_followed_by_the_next_number():
    small = Small(lease_minutes=60)
    small.world.claims.acquire(NAME, DAY, 1, "crashed")
    small.world.clock.advance(minutes=61)
    first = small.run()
    second = small.run()

    assert (first["triggered"], second["triggered"]) == (0, 1)
    assert [(t["n"], t["outcome"]) for t in small.rows["triggers"]] == [(1, "unknown"), (2, "published")]


@pytest.mark.fault(6)
def test_a_crash_before_the_record_costs_a_lease_and_no_double():
    small = Small(lease_minutes=60)
    small.world.ledger.refuses = "no ledger"
    first = small.run()
    small.world.ledger.refuses = None
    small.world.clock.advance(minutes=59)
    second = small.run()
    small.world.clock.advance(minutes=2)
    third, fourth = small.run(), small.run()

    assert (first["triggered"], first["errors"]) == (1, ["no ledger"])
    assert [report["triggered"] for report in (second, third, fourth)] == [0, 0, 1]


@pytest.mark.fault(11)
def test_unread_ledger_or_warehouse_means_no_triggers():
    for port in ("ledger", "warehouse"):
        small = Small()
        getattr(small.world, port).fails = Unavailable("down")

        with pytest.raises(Unavailable):
            small.run()
        assert (small.world.publisher.sent, small.world.claims.created) == ([], {})


@pytest.mark.fault(12)
def test_a_missing_table_is_an_error_never_empty():
    small = Small()
    small.world.warehouse.fails = ConfigError("d.refined was not found")

    with pytest.raises(ConfigError):
        small.run()
    assert small.world.publisher.sent == []


def test_with_pubsub_unreachable_and_nothing_sent_the_caller_must_come_again():
    small = Small()
    small.world.publisher.answer = lambda m: Delivery(m, "failed", error="no connection", unreachable=True)

    with pytest.raises(Unavailable, match="no connection"):
        small.run()
    small.world.publisher.answer = lambda _: None

    assert small.run()["triggered"] == 1, "what surely failed holds no lease"
    assert [t["outcome"] for t in small.rows["triggers"]] == ["failed", "published"]


def test_an_unreachable_target_is_not_claimed_for_group_after_group():
    small = Small(max_in_flight=50, breaker_after=50)
    for index in range(1, 40):
        small.world.warehouse.put("d.raw", DAY - timedelta(days=index), 100, 10)
    small.world.publisher.answer = lambda m: Delivery(m, "failed", error="no connection", unreachable=True)

    with pytest.raises(Unavailable):
        small.run()
    assert len(small.world.claims.created) == 10


@pytest.mark.fault(10)
def test_a_topic_that_is_gone_is_told_and_uses_no_attempt():
    small = Small(max_attempts=1)
    small.world.publisher.answer = lambda m: Delivery(m, "failed", error="the topic does not exist")
    reports = [small.run() for _ in range(3)]
    small.world.publisher.answer = lambda _: None

    assert [report["errors"] for report in reports] == [["the topic does not exist"]] * 3
    assert reports[0]["actions"]["deferred"] == 1
    assert small.run()["triggered"] == 1


@pytest.mark.fault(8)
def test_an_unknown_outcome_is_treated_as_sent():
    small = Small()
    small.world.publisher.answer = lambda m: Delivery(m, "unknown", error="timed out")
    report = small.run()

    assert (report["triggered"], report["errors"], small.run()["actions"]["leased"]) == (1, ["timed out"], 1)


def test_free_room_is_filled_by_an_event_of_any_date():
    small = Small(max_in_flight=2, breaker_after=2)
    others = [DAY + timedelta(days=index) for index in range(1, 4)]
    for day in others:
        small.world.warehouse.put("d.raw", day, 100, 10)
    small.run()
    small.world.clock.advance(minutes=5)
    small.complete()
    report = small.run(EVENT)

    assert small.world.publisher.days == [DAY, *others[:2]]
    assert report["triggered_dates"] == [str(others[1])]


def test_out_of_time_leaves_the_rest_to_the_next_pass():
    small = Small(max_in_flight=30, breaker_after=30)
    for index in range(1, 25):
        small.world.warehouse.put("d.raw", DAY - timedelta(days=index), 100, 10)

    def slow(_message):
        small.world.clock.advance(seconds=30)

    small.world.publisher.answer = slow
    report = small.run()

    assert (report["triggered"], report["actions"]["deferred"]) == (10, 15)
    assert report["errors"] == ["out of time: the next pass goes on"]


def test_slow_claims_stop_in_time_and_what_is_claimed_is_sent():
    small = Small(max_in_flight=30, breaker_after=30, batch_size=30)
    for index in range(1, 25):
        small.world.warehouse.put("d.raw", DAY - timedelta(days=index), 100, 10)
    quick = small.world.claims.acquire

    def slow(*claim):
        small.world.clock.advance(seconds=60)
        return quick(*claim)

    small.world.claims.acquire = slow
    report = small.run()

    sent = len(small.world.publisher.days)
    assert len(small.world.claims.created) == report["triggered"] == sent == 4, "240 s, less 30 to publish"
    assert report["errors"] == ["out of time: the next pass goes on"]


@pytest.mark.parametrize("fault", [ConfigError, Unavailable])
@pytest.mark.parametrize("claimed", [3, 12])
def test_claiming_that_breaks_halfway_is_told_and_what_is_claimed_is_sent_and_recorded(fault, claimed):
    small = Small(max_in_flight=30, breaker_after=30)
    for index in range(1, 25):
        small.world.warehouse.put("d.raw", DAY - timedelta(days=index), 100, 10)
    working = small.world.claims.acquire

    def breaks(*claim):
        if len(small.world.claims.created) == claimed:
            raise fault("no claims any more")
        return working(*claim)

    small.world.claims.acquire = breaks
    report = small.run()

    assert report["errors"] == ["no claims any more"]
    assert report["triggered"] == len(small.world.publisher.days) == len(small.rows["triggers"]) == claimed


def test_claiming_that_breaks_at_once_is_the_callers_error():
    small = Small()
    small.world.claims.acquire = lambda *_: (_ for _ in ()).throw(Unavailable("no claims"))
    with pytest.raises(Unavailable, match="no claims"):
        small.run()


def test_a_date_healed_while_a_slower_pass_still_claimed_it_is_settled():
    """The slow pass looked before the rows came, and claimed after they were seen."""
    small = Small()
    small.run()
    small.complete()
    small.world.clock.advance(minutes=1)
    small.run(EVENT)
    late = {**small.rows["triggers"][0], "n": 2, "claimed_at": small.world.clock.now().isoformat()}
    small.world.clock.advance(minutes=1)
    small.rows["triggers"].append({**late, "claimed_at": small.world.clock.now().isoformat()})
    small.world.clock.advance(minutes=1)
    small.run()

    assert small.loop.ledger.recall(NAME, frozenset()).entries == {}


def test_the_hourly_scan_looks_only_so_far_back_and_at_every_open_date():
    small = Small(scan_days=5)
    old = small.world.clock.now().date() - timedelta(days=100)
    small.world.warehouse.put("d.raw", old, 100, 10)
    small.world.warehouse.drop("d.raw", DAY)

    assert small.run()["gaps_found"] == 0
    assert small.run(Request(Source.SWEEP))["gaps_found"] == 1
    assert small.run()["gaps_found"] == 1, "now it is open"


@pytest.mark.parametrize(("ended", "known"), [(12, True), (40, False)])
def test_a_scan_names_the_end_of_a_source_only_where_it_has_seen_it(ended, known):
    small = Small(scan_days=30, mode="observe")
    today = small.world.clock.now().date()
    last, old = today - timedelta(days=ended), today - timedelta(days=300)
    small.world.warehouse.drop("d.raw", DAY)
    for day in (last, old):
        small.world.warehouse.put("d.raw", day, 100, 10)
    for day in (last, today - timedelta(days=1)):
        small.complete(day)
    sweep, scan = small.run(Request(Source.SWEEP)), small.run()
    told = f"upstream raw ends on {last}"

    assert sweep["warnings"][0].startswith(told)
    assert [warning.startswith(told) for warning in scan.get("warnings", [])] == [True] * known
    assert scan["gaps_found"] == 1, "the old date is open"


def test_an_event_knows_the_dates_that_its_batch_bridges():
    """Forgotten, a bridged date's numbers would restart, and consumers drop a trigger whose id they have seen."""
    small = Small(batch_size=5)
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    ends = Request(Source.EVENT, dates=frozenset({days[0], days[2]}))
    for day in days:
        small.world.warehouse.put("d.raw", day, 100, 10)
    for day in (days[0], days[2]):
        small.complete(day)
    small.run()
    small.complete(days[1])
    small.run()
    written = len(small.rows["verdicts"])
    small.world.clock.advance(days=1)
    small.run(ends)

    assert len(small.rows["verdicts"]) == written, "nothing changed"

    small.world.warehouse.drop("d.refined", days[1])
    small.run(ends)

    assert [trigger["n"] for trigger in small.rows["triggers"]] == [1, 2]
    assert len({trigger["trigger_id"] for trigger in small.rows["triggers"]}) == 2


def test_a_backfills_message_bridges_no_date_that_upstream_has_though_nobody_asked_for_it():
    """The date between is complete, or done already: whoever reads the run by its ends would make it anew."""
    small = Small(batch_size=5)
    days = [DAY + timedelta(days=n) for n in range(4)]
    for day in (days[0], days[1], days[3]):
        small.world.warehouse.put("d.raw", day, 100, 10)
    small.complete(days[1])
    whole = Interval.inclusive(days[0], days[3])

    small.run(Request(Source.BACKFILL, window=whole, asked=frozenset({days[0], days[3]})))
    assert [message.days for message in small.world.publisher.sent] == [(days[0],), (days[3],)]

    small.world.warehouse.drop("d.raw", days[1])
    small.world.clock.advance(days=1)
    small.run(Request(Source.BACKFILL, window=whole, asked=frozenset({days[0], days[3]})))
    assert small.world.publisher.sent[-1].days == (days[0], days[3]), "upstream never had what lies between"


def test_a_scan_that_could_not_look_leaves_its_error_and_is_nobodys_baseline():
    small = Small(mode="heal")
    small.world.warehouse.fails = ConfigError("d.refined was not found")
    with pytest.raises(ConfigError):
        small.run()
    (row,) = small.rows["passes"]

    assert (row["error"], row["gaps_found"], row["source"]) == ("d.refined was not found", None, "scan")
    assert small.loop.ledger.recall(NAME, None).baseline


def test_a_paused_scan_leaves_its_pass_and_is_nobodys_baseline():
    small = Small(mode="paused")
    small.run()

    assert [(row["mode"], row["gaps_found"]) for row in small.rows["passes"]] == [("paused", None)]
    assert small.loop.ledger.recall(NAME, None).baseline


def test_after_a_rate_limit_no_further_claim_is_tried():
    small = Small()
    small.world.warehouse.put("d.raw", DAY - timedelta(days=1), 100, 10)
    asked = []

    class Slow:
        def acquire(self, *claim):
            asked.append(claim)
            return Limited("slow down")

    report = replace(small.loop, claims=Slow()).run(NAME, SCAN)

    assert (len(asked), report["actions"]["deferred"], report["errors"]) == (1, 2, ["slow down"])


def test_in_mode_observe_with_nothing_to_send_the_note_does_not_promise_a_heal():
    small = Small(mode="observe", max_age_days=5)

    assert "would send nothing now either" in small.run()["note"]


def test_a_gap_whose_upstream_is_gone_is_closed_and_opens_again_with_its_rows():
    small = Small(mode="observe")
    small.run()
    small.world.warehouse.drop("d.raw", DAY)
    gone = small.run(Request(Source.EVENT, dates=frozenset({DAY + timedelta(days=1)})))
    quiet = small.run()
    small.world.warehouse.put("d.raw", DAY, 100, 10)

    assert (gone["conditions"]["excused"], gone["gaps_found"]) == (1, 0)
    assert sum(quiet["conditions"].values()) == 0, "told once"
    assert small.run()["conditions"]["missing"] == 1
