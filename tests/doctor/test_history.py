"""The last passes and deliveries, and the file's numbers against what happened: each fault is told alone."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from gapheal import spec
from gapheal.doctor import State, heartbeat, history, knobs
from gapheal.doctor.history import History
from gapheal.intervals import Interval, unfold
from gapheal.spec.share import share
from gapheal.testing import small_pipeline

ONE, TWO = "raw_to_refined", "refined_to_served"
NOW = datetime(2024, 7, 1, 15, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SEASONS = {"s": [{"start": "2024-04-16", "end": "2024-06-18"}, {"start": "2023-04-16", "end": "2023-06-18"}]}
KNOWN = frozenset(unfold([Interval.inclusive(date(2024, 4, 16), date(2024, 6, 18))])) - {date(2024, 5, 5)}


def pipeline(**policy):
    return small_pipeline(seasons=SEASONS, **policy)


def spec_hash(file):
    return sha256(file.model_dump_json().encode()).hexdigest()[:16]


def scan(file, ago=HOUR / 2, **keys):
    row = {"source": "scan", "mode": "heal", "observed_at": NOW - ago, "gaps_found": 0, "deferred": 0}
    return {**row, "breaker": "closed", "spec_hash": spec_hash(file), "error": None, **keys}


def scans(file, number=24, **keys):
    return [scan(file, n * HOUR, **keys) for n in range(number)]


def heal(took, ago=DAY):
    return {"triggered_at": NOW - ago - took, "healed_at": NOW - ago}


def filled(took, day=date(2024, 6, 1)):
    return {"partition_date": day, "gap_seen_at": NOW - DAY - took, "whole_at": NOW - DAY}


def sent(outcome="published", error=None):
    return {"partition_date": date(2024, 6, 1), "outcome": outcome, "error": error, "observed_at": NOW - HOUR}


def past(file, *, dates=KNOWN, **of_one):
    """A quiet past of both transitions, but for what the first one is given."""
    quiet = {"passes": [scan(file)], "deliveries": [], "heals": [], "strangers": []}
    rows = {kind: {ONE: of_one.get(kind, usual), TWO: usual} for kind, usual in quiet.items()}
    return History(dates=defaultdict(frozenset, {ONE: dates, TWO: dates}), **rows)


def looked(file, read, *, local=False):
    return [*heartbeat.checks(file, read, NOW, local=local), *knobs.checks(file, read)]


def findings(file, read, **keys):
    return [check for check in looked(file, read, **keys) if check.state not in {State.OK, State.SKIPPED}]


def test_nothing_speaks_against_a_quiet_past():
    file = pipeline(excuses=[{"reason": "warm-up", "first_days": 3, "season": "s"}])
    read = past(file, heals=[heal(4 * MINUTE)] * 20, deliveries=[sent()])

    assert {check.state for check in looked(file, read)} == {State.OK}


def test_who_was_never_asked_anything_has_no_knobs_to_turn():
    file = pipeline(excuses=[{"reason": "holiday", "dates": ["2024-05-05"]}])
    read = past(file, passes=[], dates=frozenset())
    found = findings(file, read)

    assert [(check.state, check.name, check.about) for check in found] == [(State.WARN, "scan", ONE)]


BLOCKED = {"gaps_found": 60, "deferred": 35}
EXCUSED = {"excuses": [{"reason": "cup", "dates": ["2024-05-05"]}]}
OUTSIDE_OF_IT = {"excuses": [{"reason": "off-season", "outside": "s"}, {"reason": "few", "upstream_entities_below": 2}]}
FAULTS = {
    "no scan lately": ({}, {"passes": [(4 * HOUR, {})]}, ("fail", "scan"), "gapheal schedule list"),
    "a failed scan": ({}, {"passes": [(HOUR, {"error": "no table d.raw"})]}, ("fail", "scan"), "mend what it names"),
    "another file": ({}, {"passes": [(HOUR, {"spec_hash": "0" * 16})]}, ("warn", "file"), "make deploy"),
    "no such topic": ({}, {"deliveries": [sent("failed", "topic x")]}, ("fail", "answer"), "gapheal retry"),
    "no role there": ({}, {"deliveries": [sent("published", "403")]}, ("fail", "answer"), "gapheal retry"),
    "lost replies": ({}, {"deliveries": [sent("unknown", "slow")]}, ("warn", "answer"), f"gapheal explain {ONE}"),
    "a short lease": (
        {"lease_minutes": 30},
        {"heals": [heal(4 * MINUTE)] * 18 + [heal(41 * MINUTE)] * 2},
        ("warn", "lease"),
        f"transitions.{ONE}.policy.lease_minutes: 70",
    ),
    "no room": ({}, {"passes": [(n * HOUR, BLOCKED) for n in range(24)]}, ("warn", "room"), "max_in_flight: 50"),
    "somebody else is faster": (
        {"settle_minutes": 10},
        {"strangers": [filled(12 * MINUTE), filled(5 * MINUTE)]},
        ("warn", "settle"),
        f"transitions.{ONE}.policy.settle_minutes: 30",
    ),
    "somebody fills by hand": ({}, {"strangers": [filled(3 * DAY)]}, ("warn", "other triggers"), "beside-a-trigger"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_is_exactly_one_finding_with_its_mend(fault):
    policy, kept, expected, mend = FAULTS[fault]
    file = pipeline(**policy)
    rows = {**kept, "passes": [scan(file, ago, **keys) for ago, keys in kept["passes"]]} if "passes" in kept else kept
    (found,) = findings(file, past(file, **rows))

    assert (str(found.state), found.name, found.about) == (*expected, ONE)
    assert mend in found.mend


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ({"lease_minutes": 30}, {"heals": [heal(HOUR)] * 9}),  # too few to say
        ({"lease_minutes": 30}, {"heals": [heal(HOUR)] + [heal(MINUTE)] * 19}),  # one of twenty
        ({"mode": "observe"}, {"strangers": [filled(MINUTE)]}),  # of course somebody else does
        ({}, {"deliveries": [sent("busy", "409")]}),
        (OUTSIDE_OF_IT, {}),  # standing rules wait for their case
        ({"excuses": [{"reason": "next year", "dates": ["2025-05-05"]}]}, {}),
        ({"excuses": [{"reason": "warm-up", "first_days": 30, "season": "s"}]}, {}),
    ],
)
def test_what_may_well_be_so_is_not_told(policy, kept):
    file = pipeline(**policy)

    assert findings(file, past(file, **kept)) == []


@pytest.mark.parametrize("some", [{"deferred": 0}, {"breaker": "open"}, {"mode": "observe"}, {"gaps_found": None}])
def test_room_that_was_free_once_or_is_withheld_for_a_reason_is_not_told(some):
    file = pipeline()
    rows = [scan(file, n * HOUR, **BLOCKED) for n in range(12)]
    rows[5] = {**rows[5], **some}

    assert findings(file, past(file, passes=rows)) == []


def test_an_excuse_of_a_date_that_upstream_never_had_is_told_with_its_place():
    tables = {"refined": {"excuses": [{"reason": "old", "from": "2024-05-05", "to": "2024-05-05"}]}}
    file = small_pipeline(seasons=SEASONS, tables=tables, **EXCUSED)
    found = findings(file, past(file))

    assert [(check.name, check.about) for check in found] == [("excuse", ONE), ("excuse", ONE), ("excuse", TWO)]
    assert "`cup` never matched: it excuses 2024-05-05" in found[0].sentence
    assert found[0].mend == f"correct or remove it under transitions.{ONE}.policy.excuses"
    assert found[1].mend == "correct or remove it under excuses of d.refined"


def test_on_this_machine_nobody_need_have_scanned():
    file = pipeline()

    assert findings(file, past(file, passes=[]), local=True) == []
    assert findings(file, past(file, passes=[scan(file, 9 * HOUR)]), local=True) == []


@pytest.mark.parametrize("mode", ["paused", "observe", "heal"])
@pytest.mark.parametrize("whole", [True, False])
def test_what_a_function_has_of_the_file_is_no_other_file(mode, whole, tmp_path):
    """It is packed in the resolved form, the detector's whole, a transition's its share; GAPHEAL_MODE lowers modes."""
    file = pipeline(excuses=[{"reason": "warm-up", "first_days": 3, "season": "s"}])
    (tmp_path / "pipeline.json").write_text(json.dumps(spec.resolved(file if whole else share(file, ONE))))
    packed = spec.load(tmp_path / "pipeline.json")
    lowered = {
        name: step.model_copy(update={"policy": step.policy.model_copy(update={"mode": mode})})
        for name, step in packed.transitions.items()
    }
    there = packed.model_copy(update={"transitions": lowered})

    assert findings(file, past(file, passes=[scan(there)])) == []


class TestInBigQuery:
    """The statements, on a ledger that real passes would have written."""

    @pytest.fixture
    def world(self, bq, project):
        from gapheal.bigquery import connect  # noqa: PLC0415
        from gapheal.doctor import World  # noqa: PLC0415

        connection = connect("small", project, "us-west2")
        return World(pipeline(), connection, topics=None, scheduler=None, local=True, now=NOW)

    @pytest.fixture
    def keep(self, world):
        from gapheal.ledger import BigQueryLedger  # noqa: PLC0415

        ledger = BigQueryLedger(world.pipeline, world.connection)

        def keep(pass_id, table, *rows, transition=ONE):
            common = {"transition": transition, "pass_id": pass_id}
            told = [{**common, **row, "observed_at": row["observed_at"].isoformat()} for row in rows]
            assert ledger.record(pass_id, {table: told}) == []

        return keep

    def test_all_of_it_is_read(self, world, keep):
        first, second, third = NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY
        days = ["2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"]
        for name, at, mode in (("p1", first, "heal"), ("p2", second, "heal"), ("p0", first - DAY, "observe")):
            row = {"source": "scan", "mode": mode, "observed_at": at, "gaps_found": 3, "actions": {"deferred": 2}}
            keep(name, "passes", {**row, "breaker": "closed", "spec_hash": "abc"})
        keep("e", "passes", {"source": "event", "mode": "heal", "observed_at": third, "gaps_found": 1})

        def verdict(day, condition, at, **more):
            return {"partition_date": day, "condition": condition, "observed_at": at, **more}

        gap = {"first_seen_at": first.isoformat()}
        ours = {"triggered_at": first.isoformat()}
        keep("p0", "verdicts", verdict(days[2], "missing", first - DAY, **gap))
        keep("p1", "verdicts", *(verdict(day, "missing", first, **gap) for day in days[:2]))
        keep("p1", "verdicts", verdict(days[3], "complete", first))
        keep("p2", "verdicts", verdict(days[0], "complete", second), verdict(days[1], "complete", second, **ours))
        keep("p2", "verdicts", verdict(days[2], "complete", second))
        trigger = {"partition_date": days[1], "n": 1, "outcome": "failed", "error": "x", "observed_at": first}
        keep("p1", "triggers", trigger)
        keep("p2", "triggers", {**trigger, "n": 2, "outcome": "published", "error": None, "observed_at": second})
        read = history.read(world)

        assert [(row["observed_at"], row["mode"], row["deferred"], row["spec_hash"]) for row in read.passes[ONE]] == [
            (second, "heal", 2, "abc"),
            (first, "heal", 2, "abc"),
            (first - DAY, "observe", 2, "abc"),
        ]
        assert [(row["outcome"], row["error"]) for row in read.deliveries[ONE]] == [("published", None)]
        assert [(row["triggered_at"], row["healed_at"]) for row in read.heals[ONE]] == [(first, second)]
        assert [(str(row["partition_date"]), row["gap_seen_at"], row["whole_at"]) for row in read.strangers[ONE]] == [
            (days[0], first, second)
        ]
        assert {str(day) for day in read.dates[ONE]} == set(days)
        assert read.dates[TWO] == frozenset()
