"""What keeps a fault from doing harm, taken out: the test that shows the fault's outcome must fail then.

As a pytest plugin (`-p tests.faults.guards`) it takes the guards out around their tests, and writes what became of
each to the file that GUARDS_OUT names.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import gapheal.events
import gapheal.judge.actions
import gapheal.reconcile.healing
import gapheal.spec.graph
from gapheal.bigquery import Connection
from gapheal.claims import BigQueryClaims
from gapheal.errors import Unavailable
from gapheal.judge.actions import Actions
from gapheal.judge.stale import Stale
from gapheal.judge.whole import Tables
from gapheal.model.passes import Attempt, Lost, Memory, Won
from gapheal.model.pipeline import Pipeline
from gapheal.publisher import pubsub
from gapheal.reconcile.reads import Reads
from gapheal.testing import MemoryClaims
from gapheal.warehouse import BigQueryWarehouse, reading

Patch = pytest.MonkeyPatch


class Guard(NamedTuple):
    """One guard, and the test that must miss it."""

    fault: int
    name: str
    test: str
    take_out: Callable[[Patch], None]


def _lease(patch: Patch) -> None:
    patch.setattr(gapheal.judge.actions, "leased", lambda *_: None)


def _claims(patch: Patch) -> None:
    patch.setattr(MemoryClaims, "acquire", lambda self, *_: Won(self.clock.now()))


def _orphans(patch: Patch) -> None:
    """A claim that exists is somebody's for ever."""
    patch.setattr(gapheal.reconcile.healing, "timedelta", lambda **_: timedelta.max)


def _young_claims(patch: Patch) -> None:
    """A claim that exists is an orphan at once."""
    patch.setattr(gapheal.reconcile.healing, "timedelta", lambda **_: timedelta(0))


def _read_back(patch: Patch) -> None:
    read = BigQueryClaims._read
    patch.setattr(BigQueryClaims, "_read", lambda self, *args: Lost(read(self, *args).created_at))


def _doubt(patch: Patch) -> None:
    patch.setattr(Attempt, "delivered", property(lambda self: self.outcome == "published"))


def _refusals(patch: Patch) -> None:
    patch.setattr(pubsub, "_refused", lambda _: False)


def _fail_closed(patch: Patch) -> None:
    """What cannot be read is taken for nothing."""
    read = Reads.read

    def careless(self: Reads, *args: Any, **more: Any) -> Any:
        try:
            return read(self, *args, **more)
        except Unavailable:
            return Memory(), None

    patch.setattr(Reads, "read", careless)


def _loss(patch: Patch) -> None:
    patch.setattr(gapheal.judge.actions, "sudden_loss", lambda *_: None)


def _hidden(patch: Patch) -> None:
    patch.setattr(BigQueryWarehouse, "_hidden", lambda *_: iter(()))


def _stable_ids(patch: Patch) -> None:
    query = Connection.query
    patch.setattr(Connection, "query", lambda self, sql, parameters, _job_id=None: query(self, sql, parameters))


def _buffer(patch: Patch) -> None:
    patch.setattr(Stale, "_buffered", lambda *_: False)


def _no_date(patch: Patch) -> None:
    """Whatever is no date is one that everybody knows."""
    day = reading._day
    patch.setattr(reading, "_day", lambda partition: day(partition) or date(2024, 3, 1))


def _min_rows(patch: Patch) -> None:
    due = Tables.due

    def lenient(self: Tables, *args: Any) -> Iterator[Any]:
        yield from ((table.model_copy(update={"min_rows": 1}), count) for table, count in due(self, *args))

    patch.setattr(Tables, "due", lenient)


def _stale(patch: Patch) -> None:
    patch.setattr(Stale, "of", lambda *_: None)


def _strict_json(patch: Patch) -> None:
    patch.setattr(gapheal.events, "parse", json.loads)


def _known_events(patch: Patch) -> None:
    patch.setattr(gapheal.events, "looks_like_event", lambda *_: False)


def _strict_dates(patch: Patch) -> None:
    patch.setattr(gapheal.events.days, "_day", lambda _form, _expected, value, *_: date.fromisoformat(str(value)))


def _marks(patch: Patch) -> None:
    patch.setattr(gapheal.events, "marked", lambda _: False)


def _zone(patch: Patch) -> None:
    patch.setattr(Pipeline, "zone", property(lambda _: UTC))


def _room(patch: Patch) -> None:
    patch.setattr(Actions, "_room", lambda *_: (10_000, "no_room", {}))


def _attempts(patch: Patch) -> None:
    patch.setattr(Actions, "_stalled", lambda *_: None)


def _circles(patch: Patch) -> None:
    patch.setattr(gapheal.spec.graph, "_circles", lambda _: iter(()))


def _groups(patch: Patch) -> None:
    """What one message of a call came to is taken for all."""
    publish = gapheal.reconcile.healing.Healer._publish

    def careless(self: Any, planned: Any, held: Any, healing: Any) -> None:
        publish(self, planned, held, healing)
        best = min((sent.outcome for sent in healing.sent), key=("published", "unknown", "busy", "failed").index)
        healing.sent[:] = [sent._replace(outcome=best) for sent in healing.sent]

    patch.setattr(gapheal.reconcile.healing.Healer, "_publish", careless)


REPEATS, DEGRADATION = "tests/faults/test_repeats.py::", "tests/faults/test_degradation.py::"
GUARDS = [
    Guard(1, "the lease", REPEATS + "test_the_same_push_twice_in_a_row_is_one_trigger", _lease),
    Guard(2, "the claim", REPEATS + "test_the_same_push_twice_at_once_is_one_trigger", _claims),
    Guard(
        5,
        "orphan claims are recorded",
        REPEATS + "test_a_crash_between_claim_and_publish_costs_a_lease_and_nothing_else",
        _orphans,
    ),
    Guard(
        6,
        "young claims are somebody's",
        REPEATS + "test_a_crash_between_publish_and_record_costs_at_most_one_more_trigger",
        _young_claims,
    ),
    Guard(
        7,
        "the owner is read back",
        "tests/contract/test_claims.py::test_a_lost_reply_is_read_back_as_our_own",
        _read_back,
    ),
    Guard(8, "unknown counts as sent", "tests/unit/test_loop.py::test_an_unknown_outcome_is_treated_as_sent", _doubt),
    Guard(
        9,
        "each message has its own outcome",
        REPEATS + "test_three_of_fifty_that_cannot_be_published_are_told_and_come_next",
        _groups,
    ),
    Guard(
        10,
        "a refusal is no doubt",
        "tests/contract/test_publisher_faults.py::test_what_the_server_refuses_was_surely_not_delivered",
        _refusals,
    ),
    Guard(
        11,
        "what cannot be read is an error",
        DEGRADATION + "test_an_unreadable_table_means_503_and_no_trigger",
        _fail_closed,
    ),
    Guard(13, "sudden loss", "tests/unit/judge/test_phases.py::test_most_of_ten_dates_gone_holds_the_gaps", _loss),
    Guard(
        13,
        "hidden rows",
        "tests/unit/warehouse/test_hidden_rows.py::test_a_table_that_hides_its_rows_is_an_error_with_the_numbers",
        _hidden,
    ),
    Guard(
        16,
        "stable job ids",
        "tests/unit/test_bigquery.py::test_a_statement_with_a_stable_id_is_attached_to_and_runs_once",
        _stable_ids,
    ),
    Guard(
        18,
        "streaming buffers",
        "tests/unit/judge/test_stale.py::test_nothing_is_stale_while_rows_are_in_a_streaming_buffer",
        _buffer,
    ),
    Guard(
        19,
        "partitions of no date",
        "tests/unit/warehouse/test_metadata.py::test_rows_of_no_date_are_numbered_and_judged_nowhere",
        _no_date,
    ),
    Guard(
        20,
        "min_rows",
        "tests/unit/judge/test_conditions.py::test_a_date_with_fewer_rows_than_min_rows_is_partial",
        _min_rows,
    ),
    Guard(
        21,
        "last writes compared",
        "tests/unit/judge/test_stale.py::test_upstream_written_later_than_the_table_by_more_than_the_limit_is_stale",
        _stale,
    ),
    Guard(
        22,
        "JSON read strictly",
        "tests/functions/test_requests.py::test_any_other_post_is_refused_with_what_was_expected_and_found",
        _strict_json,
    ),
    Guard(
        23,
        "a broken event is known as one",
        "tests/unit/test_events.py::test_a_malformed_event_is_rejected_not_refused",
        _known_events,
    ),
    Guard(
        24,
        "dates read strictly",
        "tests/unit/test_events.py::test_one_bad_date_rejects_the_event_whole_and_says_why",
        _strict_dates,
    ),
    Guard(
        26,
        "a header takes power away",
        "tests/unit/test_events.py::test_a_header_never_turns_an_event_into_a_scan",
        _marks,
    ),
    Guard(
        28,
        "the pipeline's own time zone",
        "tests/unit/judge/test_today.py::test_the_small_hours_of_utc_belong_to_the_pipelines_own_day",
        _zone,
    ),
    Guard(29, "room", REPEATS + "test_five_years_of_gaps_are_healed_a_few_at_a_time", _room),
    Guard(30, "attempts", REPEATS + "test_a_date_that_never_heals_is_given_up_and_no_other_suffers", _attempts),
    Guard(
        31,
        "circles are looked for",
        "tests/unit/spec/test_ends_and_circles.py::test_each_circle_is_told_once",
        _circles,
    ),
]
"""One guard a test: each is taken out alone."""

_became: dict[str, list[str]] = defaultdict(list)


def _key(nodeid: str) -> str:
    """File and function: of a class or of parameters the guard knows nothing."""
    name = nodeid.partition("[")[0]
    return f"{name.partition('::')[0]}::{name.rpartition('::')[2]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    guard = next((guard for guard in GUARDS if guard.test == _key(item.nodeid)), None)
    with pytest.MonkeyPatch.context() as patch:
        if guard:
            guard.take_out(patch)
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.failed:
        _became[_key(report.nodeid)].append(report.outcome if report.when == "call" else "error")


def pytest_sessionfinish() -> None:
    Path(os.environ["GUARDS_OUT"]).write_text(json.dumps(_became))
