"""The command `rollback` as a user types it, on tables that keep their history."""

import json
import time
from datetime import UTC, date, datetime

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal import app, spec
from gapheal.backfill import Order, Wish
from gapheal.intervals import Interval
from gapheal.ledger import BigQueryLedger

STEP, PHASE3 = "phase2_to_phase3", "nba_analytics.player_game_summary"
RAW = "nba_raw.bdl_player_boxscores"
DAY, OTHER = date(2024, 4, 16), date(2024, 4, 17)
WINDOW = Interval.inclusive(DAY, OTHER)
CALL = {"retry": None, "timeout": 30}

pytestmark = pytest.mark.emulator


@pytest.fixture
def bq(remembering_emulator, project, pubsub, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", remembering_emulator)
    with bigquery.Client(project=project, credentials=AnonymousCredentials()) as client:
        yield client


def at(moment: datetime) -> str:
    return moment.isoformat()


class Told:
    """What the ledger has kept of a backfill that ended."""

    def __init__(self, path, client) -> None:
        self.client = client
        self.ledger: BigQueryLedger = app.build(spec.load(path)).loop.ledger  # type: ignore[assignment]

    def run(self, sql):
        return [tuple(row.values()) for row in self.client.query(sql, job_retry=None, **CALL).result(timeout=30)]

    def write(self, table, day, *games):
        self.run(f"DELETE FROM {table} WHERE game_date = '{day}'")
        for game in games:
            self.run(f"INSERT INTO {table} VALUES (DATE '{day}', '{game}')")

    def rows(self, table=PHASE3):
        return self.run(f"SELECT CAST(game_date AS STRING), game_id FROM {table} ORDER BY 1, 2")

    def keep(self, order, state="finished", held=1):
        """Both dates failed their post-check: it saw so many rows of them."""
        now = datetime.now(UTC)
        seen = {"seen_at": at(now), "tables": {PHASE3: {"rows": held, "entities": None}}}
        said = {"kind": "failed", "code": "post_check", "sentence": "seen whole before, and no more"}
        ends = [{"date": str(day), **said, **seen} for day in (DAY, OTHER)]
        report = {"passed": False, "steps": [{"transition": STEP, "not_done": ends}]}
        self.ledger.keep_backfill(order.row("started", order.started_at))
        self.ledger.keep_backfill(order.row(state, now, report))

    def triggered(self, order, moment):
        common = {"transition": STEP, "pass_id": "p", "observed_at": at(moment), "reason": "stale"}
        rows = [
            {**common, "partition_date": str(day), "n": 1, "outcome": "published", "claimed_at": at(moment)}
            for day in (DAY, OTHER)
        ]
        healed = {"observed_at": at(moment), "triggered_at": at(moment), "watermark": "1", "numbers": {}}
        seen = [
            {**common, **healed, "partition_date": str(day), "condition": "complete", "action": "none"}
            for day in (DAY, OTHER)
        ]
        assert self.ledger.record("p", {"triggers": rows, "verdicts": seen}) == []


@pytest.fixture
def told(pipeline, bq):
    """Two dates, made anew by a backfill, of which one row is left each; they had three and none before."""
    for name in ("nba_raw", "nba_analytics"):
        dataset = bigquery.Dataset(f"{bq.project}.{name}")
        dataset.location = "us-west2"
        bq.create_dataset(dataset, retry=None, timeout=10)
    told = Told(pipeline, bq)
    for table in (RAW, PHASE3):
        told.run(f"CREATE TABLE {table} (game_date DATE, game_id STRING) PARTITION BY game_date")
    for day in (DAY, OTHER):
        told.write(RAW, day, "a", "b", "c")
    told.write(PHASE3, DAY, "a", "b", "c")
    told.before = told.rows()
    time.sleep(0.02)
    told.order = Order("20240701-3fa2", Wish(WINDOW, None, (STEP,)), "ada", "why", datetime.now(UTC))
    told.triggered(told.order, datetime.now(UTC))
    for day in (DAY, OTHER):
        told.write(PHASE3, day, "z")
    return told


def test_it_shows_the_rows_puts_them_back_exactly_and_keeps_it(told, gapheal):
    told.keep(told.order)
    after = told.rows()
    shown = gapheal("rollback", told.order.id, "--dry-run")
    lines = [line.split() for line in shown.output.splitlines()]

    assert (shown.exit_code, told.rows()) == (0, after)
    assert lines[0] == ["step", "date", "table", "as", "of", "before", "now", "after"]
    assert [(line[1], line[-3:]) for line in lines[1:]] == [
        (str(DAY), ["3", "1", "3"]),
        (str(OTHER), ["0", "1", "0"]),
    ]

    done = gapheal("rollback", told.order.id, "--yes", "--who", "bob", "--why", "its job writes twice", "--json")

    assert (done.exit_code, json.loads(done.output)["done"]) == (0, 2)
    assert told.rows() == told.before
    page = gapheal("backfill", "show", told.order.id, "--markdown").output
    assert f"# Backfill {told.order.id}: rolled_back" in page
    assert f"| {STEP} | {DAY} | {PHASE3} |" in page
    assert "nothing to put back" in gapheal("rollback", told.order.id, "--yes").output
    assert "held until a person says retry" in gapheal("explain", STEP, OTHER).output


def test_what_somebody_else_wrote_stays_and_is_told(told, gapheal):
    told.keep(told.order)
    told.write(PHASE3, DAY, "mine", "too")
    result = gapheal("rollback", told.order.id, "--dates", DAY, "--yes")

    assert result.exit_code == 1
    assert (
        f"{STEP} {DAY} stays as it is: something else wrote {PHASE3}: the post-check saw 1 rows, now it has 2 rows"
        in result.output
    )
    assert told.rows() == [(str(DAY), "mine"), (str(DAY), "too"), (str(OTHER), "z")]


def test_a_view_is_left_alone(told, gapheal):
    told.keep(told.order)
    told.run(f"DROP TABLE {PHASE3}")
    told.run(f"CREATE VIEW {PHASE3} AS SELECT DATE '{DAY}' AS game_date, 'a' AS game_id")
    result = gapheal("rollback", told.order.id, "--yes")

    assert (result.exit_code, "it is a view: it has no rows of its own" in result.output) == (1, True)


def test_what_cannot_be_done_is_said(told, gapheal):
    told.ledger.keep_backfill(told.order.row("started", told.order.started_at))
    at_work = gapheal("rollback", told.order.id, "--json")
    assert at_work.exit_code == 2
    assert "found 20240701-3fa2, started: let it end" in json.loads(at_work.output)["error"]
    told.keep(told.order)
    for words, said in (
        (["20240701-3fa3"], "did you mean 20240701-3fa2"),
        (["20240701-3fa2", "--dates", "2024-04-18", "--yes"], "expected dates that failed their post-check"),
        (["20240701-3fa2", "--dates", "yesterday"], "yesterday"),
        (["20240701-3fa2", "--dates", "2024-04-18..2024-04-16"], "swap them"),
        (["20240701-3fa2", "--dates", "2999-01-01"], "expected a date from 1990-01-01 to tomorrow"),
        (["20240701-3fa2"], "expected --yes, found nobody to ask"),
        (["20240701-3fa2", "--yes", "--why", " "], "why: expected a text"),
    ):
        result = gapheal("rollback", *words)

        assert (result.exit_code, said in " ".join(result.output.split())) == (2, True), result.output
