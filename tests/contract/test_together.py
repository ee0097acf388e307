"""One job that reads ledger and tables, held against the two that read each by itself, on the real client."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import bigquery

from gapheal import app
from gapheal.app.together import BigQueryTogether
from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.ledger import BigQueryLedger
from gapheal.model.passes import Request, Scope, Source
from gapheal.spec import validated
from gapheal.testing import MemoryPublisher, small_pipeline
from gapheal.warehouse import BigQueryWarehouse

NAME, NEXT = "raw_to_refined", "refined_to_served"
NOW = datetime.now(UTC).replace(microsecond=0)
DAYS = [(NOW - timedelta(days=back)).date() for back in range(60, 2, -1)]
OLD, OTHER, WHOLE, LATE = DAYS[0], DAYS[20], DAYS[50], DAYS[55]
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
SCAN = Request(Source.SCAN)


def at(minutes_ago):
    return (NOW - timedelta(minutes=minutes_ago)).isoformat()


def verdict(day, condition="missing", *, of=NAME, minutes_ago=10, **more):
    said = {"observed_at": at(minutes_ago), "transition": of, "pass_id": "p", "partition_date": str(day)}
    seen = {"condition": condition, "action": "none", "watermark": "100/10", "code": condition, "numbers": {"rows": 3}}
    return {**said, **seen, "sentence": 'it\'s "so"', "downstream_rows": 0, "attempts": 0, "spec_hash": "s", **more}


def trigger(day, n=1, *, minutes_ago=10):
    common = {"observed_at": at(minutes_ago), "claimed_at": at(minutes_ago), "transition": NAME, "pass_id": "p"}
    return {
        **common,
        "trigger_id": f"{day}-{n}",
        "partition_date": str(day),
        "n": n,
        "watermark": "1",
        "outcome": "busy",
    }


def word(decision, day, *, of=NAME, until=None):
    said = {"decision": decision, "who": "me", "why": "so", "until": until}
    return {"observed_at": at(5), "transition": of, "partition_date": str(day), **said}


def scan():
    counts = {"gaps_found": 1, "triggered": 0, "conditions": {}, "actions": {}, "queries": 1, "bytes_billed": 0}
    return {"observed_at": at(5), "transition": NAME, "pass_id": "p", "source": "scan", "mode": "heal", **counts}


TOLD = {"observed_at": at(5), "transition": NAME, "pass_id": "p", "n": 3, "step": 0, "state": {"open": ["a 'gap'"]}}
STATES = {
    "an empty ledger": {},
    "open dates": {
        "verdicts": [verdict(OLD), verdict(LATE, "waiting"), verdict(WHOLE, "complete")],
        "passes": [scan()],
    },
    "claims": {"verdicts": [verdict(OTHER)], "triggers": [trigger(OTHER), trigger(OTHER, 2, minutes_ago=5)]},
    "words": {
        "decisions": [
            word("accept", OLD),
            word("accept", OTHER, of="raw", until=at(-60)),
            word("retry", LATE),
            word("hold", WHOLE),
            word("again", DAYS[52]),
        ]
    },
    "stalled upstream": {"verdicts": [verdict(OTHER, action="stalled")]},
    "heals": {
        "verdicts": [
            verdict(OLD, "complete", minutes_ago=500, triggered_at=at(700), trigger_id="t"),
            verdict(WHOLE, "complete", triggered_at=at(60), seen_whole={"d.refined": ["1", "2"]}),
        ]
    },
    "told": {"alerts": [TOLD]},
}
POLICIES = {
    "everything": {},
    "a window of days": {"scan_days": 30},
    "since a date": {"start_date": str(OTHER)},
    "lookback": {"lookback_days": 3, "scan_days": 30},
    "a past": {"depends_on_past": True},
}
REQUESTS = {
    "a scan": SCAN,
    "a sweep": Request(Source.SWEEP),
    "a window": Request(Source.SCAN, window=Interval.inclusive(DAYS[45], DAYS[57])),
    "a backfill": Request(Source.BACKFILL, window=Interval.inclusive(DAYS[10], DAYS[30])),
    "an event": Request(Source.EVENT, frozenset({LATE, DAYS[56]})),
}


@pytest.fixture
def run(bq):
    dataset = bigquery.Dataset(f"{bq.project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, retry=None, timeout=10)

    def run(*statements):
        for text in statements:
            bq.query(text, retry=None, timeout=30).result(timeout=30)

    columns = "(day DATE, game STRING, written TIMESTAMP) PARTITION BY day"
    run(*(f"CREATE TABLE d.{table} {columns}" for table in ("raw", "refined", "served")))
    every, most = (", ".join(f"DATE '{day}'" for day in days) for days in (DAYS, [*DAYS[:20], *DAYS[22:54]]))
    rows = "FROM UNNEST([{}]) AS day, UNNEST(['a', 'b']) AS game"
    run(
        f"INSERT INTO d.raw SELECT day, game, TIMESTAMP(day) {rows.format(every)}",
        f"INSERT INTO d.refined SELECT day, game, NULL {rows.format(most)}",
        f"INSERT INTO d.refined VALUES (DATE '{DAYS[21]}', 'a', NULL)",
    )
    return run


@pytest.fixture
def built(run, project):
    """The application with the real adapters."""

    def built(pipeline=None):
        return app.build(pipeline or small_pipeline(), publisher=MemoryPublisher())

    return built


@pytest.fixture
def adapters(run, project):
    """Ledger, warehouse, and both together."""

    def adapters(pipeline):
        connection = connect("small", project, "us-west2")
        warehouse, ledger = BigQueryWarehouse(pipeline, connection), BigQueryLedger(pipeline, connection)
        return ledger, warehouse, BigQueryTogether(warehouse, ledger, connection)

    return adapters


@pytest.fixture
def jobs(bq):
    """The statements that were run since it was last asked, oldest first."""
    known = set()

    def jobs():
        found = [job for job in bq.list_jobs(retry=None, timeout=10) if job.job_id not in known]
        known.update(job.job_id for job in found)
        return [job.query for job in reversed(found)]

    return jobs


def with_last_writes(**raw):
    data = small_pipeline().model_dump(by_alias=True)
    data["phases"]["raw"]["tables"][0].update(raw)
    return validated(data)


def alike(memory):
    """A memory without what the job that told it cost."""
    return memory._replace(queries=0, bytes_billed=0)


@pytest.mark.parametrize("state", STATES)
def test_one_job_tells_what_two_tell(adapters, state):
    ledger, warehouse, together = adapters(small_pipeline())
    assert ledger.record("p", {name: rows for name, rows in STATES[state].items() if name != "decisions"}) == []
    if words := STATES[state].get("decisions"):
        ledger.decide(words)
    for name in (NAME, NEXT):
        for dates, scope in ((None, EVER), (frozenset({WHOLE}), Scope(dates=frozenset({OLD, WHOLE})))):
            memory, seen = together.read(name, dates, scope)
            apart = warehouse.observe(name, scope)

            assert alike(memory) == alike(ledger.recall(name, dates))
            assert (seen.counts, seen.facts) == (apart.counts, apart.facts)
            assert abs(seen.now - apart.now) < timedelta(minutes=1)
            assert (memory.queries, seen.queries) == (1, 0)


@pytest.mark.parametrize("metadata", ["on", "off"])
def test_however_the_tables_are_read(adapters, metadata):
    for raw in ({"updated_column": "written"}, {"entity_column": None}, {"where": "game = 'a'"}):
        pipeline = with_last_writes(**raw).model_copy(update={"metadata": metadata})
        _, warehouse, together = adapters(pipeline)
        (_, seen), apart = together.read(NAME, None, EVER), warehouse.observe(NAME, EVER)

        assert (seen.counts, seen.facts, seen.queries + 1) == (apart.counts, apart.facts, apart.queries)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_pass_judges_alike_and_never_takes_more_jobs(built, jobs, policy):
    made = built(small_pipeline(**POLICIES[policy], max_age_days=None))
    rows = {name: rows for each in list(STATES.values())[1:3] for name, rows in each.items()}
    assert made.loop.ledger.record("p", {**rows, "verdicts": [verdict(OLD), verdict(OTHER), verdict(LATE)]}) == []
    for request in REQUESTS.values():
        asked = request._replace(dry_run=True)
        jobs()
        once, ran = made.loop.look(NAME, asked), jobs()
        apart, ran_apart = replace(made.loop, together=None).look(NAME, asked), jobs()

        assert [(v.day, v.condition, v.action, v.reason.code) for v in once.verdicts] == [
            (v.day, v.condition, v.action, v.reason.code) for v in apart.verdicts
        ]
        assert (once.seen.counts, once.seen.judged) == (apart.seen.counts, apart.seen.judged)
        assert (once.queries, apart.queries) == (len(ran), len(ran_apart))
        assert len(ran) <= len(ran_apart) == 2


@pytest.mark.parametrize("request_", [REQUESTS["a scan"], REQUESTS["a sweep"]], ids=["scan", "sweep"])
@pytest.mark.parametrize("policy", [{}, {"scan_days": 30}], ids=["everything", "a window"])
def test_a_quiet_pass_is_two_jobs_and_changes_nothing_but_by_its_one_insert(built, run, jobs, policy, request_):
    made = built(small_pipeline(**policy))
    run("DELETE FROM d.refined WHERE TRUE", "INSERT INTO d.refined SELECT * FROM d.raw")
    made.run(NAME, request_)
    jobs()
    report = made.run(NAME, request_)
    read, insert = jobs()

    assert (report["gaps_found"], report["errors"], report["queries"]) == (0, [], 1)
    assert read.startswith("WITH\nseen AS")
    assert insert.startswith(f"INSERT INTO `{made.loop.ledger._name}.passes`")


def test_an_open_date_outside_the_window_is_read_by_itself(built, jobs):
    made = built(small_pipeline(scan_days=10, max_age_days=None))
    made.loop.ledger.record("p", {"verdicts": [verdict(OTHER)], "passes": [scan()]})
    jobs()
    done = made.loop.look(NAME, SCAN._replace(dry_run=True))
    _, after = jobs()

    assert "@days" in after
    assert "window" not in after
    assert OTHER in {v.day for v in done.verdicts}


FAULTS = {
    "a table": (["DROP TABLE d.raw"], "d.raw"),
    "a column": (["DROP TABLE d.raw", "CREATE TABLE d.raw (day DATE, written TIMESTAMP)"], "no column game"),
    "a ledger's table": (["DROP TABLE gapheal_small.alerts"], "`gapheal ledger create`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_as_ever(built, run, fault):
    """Both when the tables were looked up before, and when they were not."""
    statements, named = FAULTS[fault]
    made, later = built(), built()
    for each in (made, later):
        each.loop.ledger.recall(NAME, None)  # creates the ledger
    made.loop.look(NAME, SCAN)
    run(*statements)
    for each in (made, later):
        with pytest.raises(ConfigError) as at_once:
            each.loop.look(NAME, SCAN)
        with pytest.raises(ConfigError) as apart:
            replace(each.loop, together=None).look(NAME, SCAN)

        assert named in str(at_once.value)
        assert str(at_once.value) == str(apart.value)
