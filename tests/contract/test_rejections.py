"""What the ledger keeps of events that could not be used, held alike by the memory double and by BigQuery's table."""

from datetime import UTC, datetime, timedelta

import pytest

from gapheal.app.rejections import FIRST, kept, replay
from gapheal.errors import Rejected
from gapheal.events.rejections import KEPT
from gapheal.ledger.schema import sql
from gapheal.testing import FrozenClock

NOW = datetime.now(UTC).replace(microsecond=0)
NAME = "raw_to_refined"


def rejection(raw="{", minutes_ago=10, **more):
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    return {
        "observed_at": at,
        "transition": NAME,
        "raw": raw,
        "error": "e",
        "message_id": "7",
        "publish_time": None,
        **more,
    }


def ids(ledger, since=FIRST):
    return [(one.id, one.replayed is not None) for one in kept(ledger, since, NOW)]


def test_they_come_newest_first_cut_to_what_is_asked_for(ledger):
    ledger.reject(rejection("é" * 9, 20))
    ledger.reject(rejection("", 10, message_id=None, publish_time="2024-06-18T05:00:00+00:00"))

    newest, oldest = ledger.rejections(FIRST, NOW, 4)
    assert (newest["raw"], newest["bytes"], newest["message_id"]) == ("", 0, None)
    assert newest["publish_time"] == "2024-06-18T05:00:00+00:00"
    assert (oldest["raw"], oldest["bytes"], oldest["error"], oldest["transition"]) == ("éééé", 18, "e", NAME)
    assert datetime.fromisoformat(oldest["observed_at"]) == NOW - timedelta(minutes=20)


def test_only_those_of_the_time_asked_for(ledger):
    for minutes_ago in (30, 20, 10):
        ledger.reject(rejection(minutes_ago=minutes_ago, message_id=str(minutes_ago)))

    between = ledger.rejections(NOW - timedelta(minutes=20), NOW - timedelta(minutes=15), 9)
    assert [row["message_id"] for row in between] == ["20"]


def test_a_replay_counts_for_what_was_rejected_before_it(ledger):
    ledger.reject(rejection(minutes_ago=30))
    ledger.reject(rejection(minutes_ago=30, transition="refined_to_served"))
    ledger.reject(rejection(None, 20))

    assert sorted(ids(ledger)) == [("7", False), ("7", True)]
    ledger.reject(rejection(minutes_ago=10))
    assert ids(ledger)[0] == ("7", False)


@pytest.mark.parametrize(
    ("raw", "cut"),
    [("x" * KEPT, True), ("x" * (KEPT - 1), False), ("é" * (KEPT // 2), True)],
    ids=["full", "not full", "full of two bytes"],
)
def test_what_fills_all_that_is_kept_may_have_lost_its_end(ledger, raw, cut):
    ledger.reject(rejection(raw))

    (one,) = kept(ledger, FIRST, NOW)
    assert (one.cut, len(one.begins)) == (cut, 200)


def test_the_body_that_is_read_again_is_the_one_that_came(ledger):
    """Two of one moment, of which only the transition differs; and a body that no one statement may cut."""
    long = '{"x": "' + "é`'\"\\n" * 2000 + '"}'
    ledger.reject(rejection("other", transition="refined_to_served"))
    ledger.reject(rejection(long))
    bodies = []

    def read(transition, headers, body):
        bodies.append((transition, body.decode()))
        raise Rejected("still")

    (one,) = [one for one in kept(ledger, FIRST, NOW) if one.transition == NAME]
    told = replay(one, ledger, FrozenClock(NOW), read, run=dict)

    assert told == {"id": "7", "transition": NAME, "rejected": True, "error": "still"}
    assert bodies == [(NAME, long)]


def test_the_statement_is_bigquerys_sql():
    sqlglot = pytest.importorskip("sqlglot")

    assert sqlglot.parse_one(sql("rejections", "project.dataset"), read="bigquery").find(sqlglot.exp.Select)
