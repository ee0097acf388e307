"""The ledger's contract, held alike by the memory double and by BigQuery's tables."""

from datetime import UTC, date, datetime, timedelta

import pytest
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.ledger import BigQueryLedger
from gapheal.ledger.create import create
from gapheal.ledger.schema import TABLES, VIEWS, columns
from gapheal.model.passes import Accepted, Action, Condition
from gapheal.testing import small_pipeline

NAME = "raw_to_refined"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY, OTHER, THIRD, FOURTH = (date(2024, 3, day) for day in range(1, 5))
NEXT = "refined_to_served"
"""Its upstream is fed by the first; the first one's upstream, the phase `raw`, by nothing."""


def at(minutes_ago):
    return (NOW - timedelta(minutes=minutes_ago)).isoformat()


def verdict(day, condition="missing", *, minutes_ago=10.0, triggered_at=None, **more):
    return {
        "observed_at": at(minutes_ago),
        "transition": NAME,
        "pass_id": "p",
        "partition_date": str(day),
        "condition": condition,
        "action": "heal" if condition == "missing" else "none",
        "watermark": "100/10",
        "code": condition,
        "numbers": {"table": "it's `quoted`", "rows": 3},
        "sentence": "a 'sentence' with \"quotes\" and a \n newline",
        "downstream_rows": 0,
        "downstream_entities": None,
        "attempts": 0,
        "first_seen_at": at(60),
        "arrived_at": at(90),
        "triggered_at": triggered_at,
        "spec_hash": "abc",
        "seen_whole": None,
        **more,
    }


def trigger(day, n=1, *, minutes_ago=10.0, outcome="published", **more):
    return {
        "observed_at": at(minutes_ago),
        "transition": NAME,
        "pass_id": "p",
        "trigger_id": f"{day}-{n}",
        "source": "scan",
        "partition_date": str(day),
        "n": n,
        "part": None,
        "reason": "missing",
        "watermark": "100/10",
        "downstream_rows": 4,
        "downstream_entities": 2,
        "claimed_at": at(minutes_ago),
        "destination": "topic",
        "message_id": "1",
        "outcome": outcome,
        "error": None,
        **more,
    }


def word(decision, day=DAY, *, of=NAME, minutes_ago=5.0, until=None):
    said = {"decision": decision, "who": "me", "why": 'it\'s "so"', "until": until}
    return {"observed_at": at(minutes_ago), "transition": of, "partition_date": str(day), **said}


def scan(source="scan"):
    common = {"observed_at": at(5), "transition": NAME, "pass_id": "p", "source": source, "mode": "heal"}
    window = {"window_start": None, "window_end": None, "gaps_found": 1, "triggered": 1, "conditions": {"missing": 1}}
    rest = {"actions": {}, "queries": 2, "bytes_billed": 0, "duration_ms": 3, "spec_hash": "s", "breaker": None}
    return {**common, **window, **rest, "error": None}


def test_an_empty_ledger_remembers_nothing(ledger):
    memory = ledger.recall(NAME, None)

    assert (dict(memory.entries), memory.baseline, memory.healed_before, memory.heals) == ({}, True, False, ())


def test_a_verdict_is_remembered_as_it_was(ledger):
    assert ledger.record("p", {"verdicts": [verdict(DAY)]}) == []

    entry = ledger.recall(NAME, None).entries[DAY]
    assert (entry.condition, entry.action, entry.watermark, entry.code) == (
        Condition.MISSING,
        Action.HEAL,
        "100/10",
        "missing",
    )
    assert (entry.first_seen_at, entry.arrived_at) == (NOW - timedelta(minutes=60), NOW - timedelta(minutes=90))


def test_the_latest_verdict_of_a_date_counts(ledger):
    ledger.record("p1", {"verdicts": [verdict(DAY, "partial", minutes_ago=5), verdict(DAY, minutes_ago=50)]})

    assert ledger.recall(NAME, None).entries[DAY].condition is Condition.PARTIAL


def test_an_event_recalls_its_own_dates_and_all_open_ones(ledger):
    rows = [verdict(DAY, "complete"), verdict(OTHER, "missing"), verdict(THIRD, "complete")]
    ledger.record("p", {"verdicts": rows})

    assert set(ledger.recall(NAME, frozenset({DAY})).entries) == {DAY, OTHER}
    assert set(ledger.recall(NAME, frozenset()).entries) == {OTHER}
    assert set(ledger.recall(NAME, None).entries) == {DAY, OTHER, THIRD}


@pytest.mark.parametrize("condition", ["waiting", "settling", "partial", "stale"])
def test_whatever_may_still_change_is_open(ledger, condition):
    ledger.record("p", {"verdicts": [verdict(DAY, condition)]})

    assert DAY in ledger.recall(NAME, frozenset()).entries


def test_a_trigger_is_an_attempt_with_what_it_found(ledger):
    ledger.record("p", {"triggers": [trigger(DAY, 1, minutes_ago=30), trigger(DAY, 2, minutes_ago=20)]})

    entry = ledger.recall(NAME, frozenset()).entries[DAY]
    assert entry.n == 2
    assert [(a.n, a.outcome, a.watermark, a.rows, a.entities) for a in entry.attempts] == [
        (1, "published", "100/10", 4, 2),
        (2, "published", "100/10", 4, 2),
    ]
    assert entry.attempts[0].claimed_at == NOW - timedelta(minutes=30)


def test_attempts_before_the_date_was_seen_complete_are_over_but_numbers_go_on(ledger):
    ledger.record(
        "p",
        {
            "triggers": [trigger(DAY, 1, minutes_ago=30), trigger(DAY, 2, minutes_ago=5)],
            "verdicts": [verdict(DAY, "complete", minutes_ago=10, triggered_at=at(30))],
        },
    )

    entry = ledger.recall(NAME, frozenset({DAY})).entries[DAY]
    assert (entry.n, [attempt.n for attempt in entry.attempts]) == (2, [2])


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (["failed", "published", "failed"], "published"),
        (["failed", "unknown"], "unknown"),
        (["failed", "busy"], "busy"),
        (["failed", "failed"], "failed"),
    ],
)
def test_a_fan_out_was_delivered_if_any_part_was(ledger, outcomes, outcome):
    parts = [trigger(DAY, 1, outcome=each, part=f"{i}/{len(outcomes)}") for i, each in enumerate(outcomes, 1)]
    ledger.record("p", {"triggers": parts})

    (attempt,) = ledger.recall(NAME, frozenset()).entries[DAY].attempts
    assert attempt.outcome == outcome


def test_a_heal_ends_slow_start_and_is_told_while_it_can_prolong_a_lease(ledger):
    ledger.record(
        "p",
        {
            "verdicts": [
                verdict(DAY, "complete", minutes_ago=10, triggered_at=at(30)),
                verdict(OTHER, "complete", minutes_ago=200, triggered_at=at(230)),
            ]
        },
    )

    memory = ledger.recall(NAME, frozenset())
    assert memory.healed_before
    assert [(h.triggered_at, h.healed_at) for h in memory.heals] == [
        (NOW - timedelta(minutes=30), NOW - timedelta(minutes=10))
    ]


def test_the_last_heal_that_ever_was_is_told_with_its_message(ledger):
    """Only what failed after it can open the breaker, and no date of its message failed."""
    seen = [
        verdict(DAY, "complete", minutes_ago=500, triggered_at=at(510), trigger_id="old"),
        verdict(OTHER, "complete", minutes_ago=200, triggered_at=at(230), trigger_id="last"),
    ]
    ledger.record("p", {"verdicts": seen})

    assert [(h.healed_at, h.message) for h in ledger.recall(NAME, frozenset()).heals] == [
        (NOW - timedelta(minutes=200), "last")
    ]


def test_growth_is_remembered_with_what_there_was(ledger):
    seen = verdict(DAY, "partial", downstream_rows=40, downstream_entities=4, grew_at=at(10))
    ledger.record("p", {"verdicts": [seen]})
    entry = ledger.recall(NAME, None).entries[DAY]

    assert (entry.rows, entry.entities, entry.grew_at) == (40, 4, NOW - timedelta(minutes=10))


def test_a_claim_is_told_with_the_message_that_carried_it(ledger):
    ledger.record("p", {"triggers": [trigger(DAY, trigger_id="one"), trigger(OTHER, trigger_id="one")]})
    entries = ledger.recall(NAME, None).entries

    assert {entry.attempts[0].message for entry in entries.values()} == {"one"}


def test_a_date_that_was_complete_all_along_is_no_heal(ledger):
    ledger.record("p", {"verdicts": [verdict(DAY, "complete")]})

    assert not ledger.recall(NAME, frozenset()).healed_before


@pytest.mark.parametrize("whole", [{"d.refined": ("100/10", "90/10"), "d.other": ("1@2024-03-01", "")}, {}])
def test_a_verdict_keeps_the_files_hash_and_what_was_seen_whole(ledger, whole):
    ledger.record("p", {"verdicts": [verdict(DAY, spec_hash="5f1c", seen_whole=whole or None)]})

    entry = ledger.recall(NAME, None).entries[DAY]
    assert (entry.spec, entry.seen_whole) == ("5f1c", whole)


def test_nobody_has_decided_or_given_up_anything_in_an_empty_ledger(ledger):
    memory = ledger.recall(NEXT, None)

    assert (dict(memory.accepted), dict(memory.stalled)) == ({}, {})


@pytest.mark.parametrize(
    ("of", "asked", "phase"),
    [(NAME, NAME, "refined"), (NAME, NEXT, "refined"), (NEXT, NEXT, "served"), ("raw", NAME, "raw")],
    ids=["the downstream", "the upstream", "the later downstream", "a first phase"],
)
def test_an_accepted_phase_is_accepted_in_both_its_roles(ledger, of, asked, phase):
    ledger.decide([word("accept", DAY, of=of), word("accept", OTHER, of=of)])

    said = Accepted("me", 'it\'s "so"')
    assert ledger.recall(asked, frozenset()).accepted == {phase: {DAY: said, OTHER: said}}


def test_a_later_transition_is_no_ones_business(ledger):
    ledger.decide([word("accept", of=NEXT), word("retry", of=NEXT)])

    memory = ledger.recall(NAME, None)
    assert (dict(memory.accepted), dict(memory.entries)) == ({}, {})


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        ([word("accept", until=at(-60))], True),
        ([word("accept", until=at(1))], False),
        ([word("accept"), word("retry", minutes_ago=1)], False),
        ([word("retry", minutes_ago=9), word("accept")], True),
        ([word("accept"), word("accept", minutes_ago=1, until=at(0.5))], False),
        ([word("accept"), word("retry", OTHER, minutes_ago=1)], True),
    ],
    ids=["until later", "until passed", "taken back", "after a retry", "limited since", "another date's retry"],
)
def test_the_last_word_on_a_date_counts(ledger, words, accepted):
    for said in words:
        ledger.decide([said])

    assert (DAY in ledger.recall(NAME, frozenset()).accepted.get("refined", {})) is accepted


def test_of_two_words_at_once_the_one_kept_later_counts(ledger):
    ledger.decide([word("accept")])
    ledger.decide([word("retry")])

    memory = ledger.recall(NAME, frozenset())
    assert (dict(memory.accepted), memory.entries[DAY].retried_at) == ({}, NOW - timedelta(minutes=5))


def test_a_retried_date_is_recalled_though_it_is_not_open(ledger):
    ledger.record("p", {"verdicts": [verdict(DAY, "excused")], "triggers": [trigger(OTHER, 3, minutes_ago=50)]})
    ledger.record("p2", {"verdicts": [verdict(OTHER, "complete", minutes_ago=40)]})
    ledger.decide([word("retry", DAY), word("retry", OTHER), word("retry", THIRD)])

    entries = ledger.recall(NAME, frozenset()).entries
    assert {day: (entry.condition, entry.n) for day, entry in entries.items()} == {
        DAY: (Condition.EXCUSED, 0),
        OTHER: (Condition.COMPLETE, 3),
        THIRD: (None, 0),
    }
    assert {entry.retried_at for entry in entries.values()} == {NOW - timedelta(minutes=5)}


def test_a_retry_leaves_the_attempts_as_they_are(ledger):
    ledger.record("p", {"verdicts": [verdict(DAY)], "triggers": [trigger(DAY, n, minutes_ago=30 - n) for n in (1, 2)]})
    ledger.decide([word("retry")])

    entry = ledger.recall(NAME, frozenset()).entries[DAY]
    assert (entry.n, [attempt.n for attempt in entry.attempts]) == (2, [1, 2])


WEEK = 7 * 24 * 60


@pytest.mark.parametrize(
    ("said", "completed", "over"),
    [
        (word("retry", minutes_ago=WEEK - 5), None, False),
        (word("retry", minutes_ago=WEEK + 5), None, True),
        (word("retry", until=at(-5)), None, False),
        (word("retry", until=at(1)), None, True),
        (word("retry"), 3, True),
        (word("retry"), 8, False),
    ],
    ids=["nearly a week", "a week", "until later", "until passed", "complete since", "complete before"],
)
def test_a_retry_lasts_until_the_date_is_complete_and_a_week_at_most(ledger, said, completed, over):
    ledger.record("p", {"verdicts": [verdict(DAY, minutes_ago=2)]})
    if completed:
        ledger.record("p2", {"verdicts": [verdict(DAY, "complete", minutes_ago=completed)]})
    ledger.decide([said])

    assert (ledger.recall(NAME, None).entries[DAY].retried_at is None) is over


def test_what_feeds_an_upstream_phase_tells_where_it_is_stalled(ledger):
    rows = [
        verdict(DAY, action="stalled"),
        verdict(OTHER, action="stalled", minutes_ago=20),
        verdict(OTHER, "complete"),
        verdict(THIRD, action="held"),
        verdict(FOURTH, action="stalled", transition=NEXT),
    ]
    ledger.record("p", {"verdicts": rows})

    memory = ledger.recall(NEXT, frozenset())
    assert (memory.stalled, set(memory.entries)) == ({"refined": {DAY}}, {FOURTH})
    assert dict(ledger.recall(NAME, frozenset()).stalled) == {}


@pytest.mark.parametrize(("source", "baseline"), [("scan", False), ("sweep", False), ("event", True)])
def test_the_baseline_is_over_after_the_first_scan_or_sweep(ledger, source, baseline):
    ledger.record("p", {"passes": [scan(source)]})

    assert ledger.recall(NAME, frozenset()).baseline is baseline


def test_transitions_do_not_see_each_other(ledger):
    ledger.record("p", {"verdicts": [verdict(DAY)], "triggers": [trigger(DAY)], "passes": [scan()]})

    memory = ledger.recall(NEXT, None)
    assert (dict(memory.entries), memory.baseline) == ({}, True)


def test_status_counts_dates_as_last_judged(ledger):
    rows = [verdict(DAY, minutes_ago=50), verdict(DAY, "complete"), verdict(OTHER), verdict(THIRD)]
    ledger.record("p", {"verdicts": rows, "passes": [scan()]})

    status = ledger.status(NAME)
    assert [(row["condition"], row["dates"], row["oldest"], row["newest"]) for row in status["dates"]] == [
        ("complete", 1, "2024-03-01", "2024-03-01"),
        ("missing", 2, "2024-03-02", "2024-03-03"),
    ]
    assert status["last_pass"]["gaps_found"] == 1


@pytest.mark.parametrize("said", [{"condition": "mislaid"}, {"action": "postponed"}], ids=["condition", "action"])
def test_a_word_of_a_newer_release_is_an_error_that_names_it(ledger, said):
    """After a deployment was taken back, say: what is not understood is not taken for nothing."""
    ledger.record("p", {"verdicts": [verdict(DAY, **said)]})

    with pytest.raises(ConfigError, match=r"the ledger says '(mislaid|postponed)' of a date, expected one of"):
        ledger.recall(NAME, None)


def test_a_rejected_event_is_kept(ledger):
    row = {"observed_at": at(0), "transition": NAME, "raw": "{", "error": "e", "message_id": "7", "publish_time": None}

    ledger.reject(row)


class TestInBigQuery:
    """What only the real tables can show."""

    @pytest.fixture
    def connection(self, bq, project):
        return connect("small", project, "us-west2")

    def test_every_table_and_view_can_be_read(self, connection, project):
        create(connection, small_pipeline())

        for name in (*TABLES, *VIEWS):
            assert connection.query(f"SELECT * FROM `{project}.gapheal_small.{name}`", {}).rows == []

    def test_tables_are_partitioned_by_day_and_clustered_by_transition(self, connection, project, bq):
        create(connection, small_pipeline())
        table = bq.get_table(f"{project}.gapheal_small.verdicts", retry=None, timeout=10)

        assert (table.time_partitioning.field, table.clustering_fields) == ("recorded_at", ["transition"])

    def test_no_row_is_later_than_it_was_stored(self, connection):
        """Whatever clock wrote it: a date that is complete in the future would have no lease, and be asked for ever."""
        ledger, ahead = BigQueryLedger(small_pipeline(), connection), -60 * 24 * 365
        ledger.decide([word("accept", OTHER, minutes_ago=ahead)])
        ledger.record("p1", {"verdicts": [verdict(DAY, "complete", minutes_ago=ahead, triggered_at=at(9))]})
        ledger.record("p2", {"triggers": [trigger(DAY, 7, minutes_ago=ahead)], "verdicts": [verdict(DAY)]})
        ledger.decide([word("retry", OTHER, minutes_ago=-5)])
        memory, now = ledger.recall(NAME, None), datetime.now(UTC)

        (attempt,) = memory.entries[DAY].attempts
        (heal,) = memory.heals
        retried_at = memory.entries[OTHER].retried_at
        assert retried_at
        assert max(attempt.claimed_at, heal.healed_at, retried_at) <= now
        assert (attempt.n, memory.accepted) == (7, {})

    def test_a_trigger_that_tells_no_claim_is_as_old_as_its_row_says(self, connection):
        """Written by hand, say; its number counts, and so does its lease."""
        ledger = BigQueryLedger(small_pipeline(), connection)
        ledger.record("p", {"triggers": [trigger(DAY, 7, claimed_at=None)]})
        entry = ledger.recall(NAME, None).entries[DAY]

        assert (entry.n, [attempt.claimed_at.isoformat() for attempt in entry.attempts]) == (7, [at(10)])

    def test_a_heal_that_two_passes_saw_is_one_heal(self, connection, project):
        ledger = BigQueryLedger(small_pipeline(), connection)
        for name, minutes_ago in (("p1", 9), ("p2", 10), ("p3", 8)):
            seen = verdict(DAY, "complete", minutes_ago=minutes_ago, triggered_at=at(30), pass_id=name)
            assert ledger.record(name, {"verdicts": [seen]}) == []

        rows = connection.query(f"SELECT * FROM `{project}.gapheal_small.heals`", {}).rows
        assert [(row["partition_date"], row["healed_at"].isoformat()) for row in rows] == [(DAY, at(10))]

    def test_the_views_tell_open_gaps_and_heals(self, connection, project):
        ledger = BigQueryLedger(small_pipeline(), connection)
        ledger.recall(NAME, None)
        ledger.record(
            "p",
            {
                "verdicts": [
                    verdict(DAY),
                    verdict(OTHER, "complete", triggered_at=at(30)),
                    verdict(THIRD, "waiting"),
                    verdict(FOURTH, minutes_ago=20),
                    verdict(FOURTH, "excused"),
                ],
                "passes": [scan()],
            },
        )

        def read(view):
            return connection.query(f"SELECT * FROM `{project}.gapheal_small.{view}`", {}).rows

        assert [(row["partition_date"], row["condition"]) for row in read("open_gaps")] == [(DAY, "missing")]
        assert [(row["partition_date"], row["seconds_to_heal"]) for row in read("heals")] == [(OTHER, 3000)]
        assert [(row["transition"], row["gaps_found"]) for row in read("gap_trend")] == [(NAME, 1)]
        assert [row["pass_id"] for row in read("pass_health")] == ["p"]

    def test_a_strangers_dataset_is_refused(self, connection, bq, project):
        bq.create_dataset("gapheal_small", retry=None, timeout=10)

        with pytest.raises(ConfigError, match="belongs to somebody else, expected the label gapheal_pipeline=small"):
            BigQueryLedger(small_pipeline(), connection).recall(NAME, None)

    def test_another_pipelines_ledger_is_refused(self, connection, project):
        create(connection, small_pipeline())
        other = small_pipeline().model_copy(update={"pipeline": "other"})

        with pytest.raises(ConfigError, match="belongs to pipeline small"):
            BigQueryLedger(other, connection).recall(NAME, None)

    def test_a_ledger_of_an_older_release_gets_its_new_columns(self, connection, bq, project):
        create(connection, small_pipeline())
        older = [(name, kind) for name, kind in columns("verdicts").items() if name not in {"spec_hash", "seen_whole"}]
        bq.delete_table(f"{project}.gapheal_small.verdicts", retry=None, timeout=10)
        schema = [bigquery.SchemaField(name, kind) for name, kind in older]
        bq.create_table(bigquery.Table(f"{project}.gapheal_small.verdicts", schema=schema), retry=None, timeout=10)
        ledger = BigQueryLedger(small_pipeline(), connection)

        assert ledger.record("p", {"verdicts": [verdict(DAY, spec_hash="abc")]}) == []
        assert ledger.recall(NAME, None).entries[DAY].spec == "abc"
