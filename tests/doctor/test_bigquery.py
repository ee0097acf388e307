"""Tables, ledger and canary on BigQuery: whole, nothing is said against them; each fault is told alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.api_core import exceptions as google
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.doctor import State, World, examine, ledger, rehearsal, tables
from gapheal.doctor.canary import Canary
from gapheal.doctor.topics import Topics
from gapheal.ledger.create import create
from gapheal.ledger.schema import TABLES, VIEWS, columns
from gapheal.local import wiring
from gapheal.testing import small_pipeline

ONE, TWO = "raw_to_refined", "refined_to_served"
CALL = {"retry": None, "timeout": 30}
PIPELINE = small_pipeline(stale="ignore")


class Client(bigquery.Client):
    """The real client on the emulator, and what only BigQuery itself keeps: expiries, filters, texts, permissions."""

    def __init__(self, project: str) -> None:
        super().__init__(project=project, location="us-west2", credentials=AnonymousCredentials())
        self.tables: dict[str, dict] = {}
        """By table, what `tables.get` tells beside what the emulator tells."""
        self.lacking: set[str] = set()
        self.forbidden: set[str] = set()
        """Methods that are refused."""

    def get_table(self, table, **keys):
        self._perhaps_refuse("get_table")
        found = super().get_table(table, **keys)
        for name, value in self.tables.get(found.table_id, {}).items():
            found._properties[name] = value
        return found

    def get_dataset(self, name, **keys):
        self._perhaps_refuse("get_dataset")
        return super().get_dataset(name, **keys)

    def create_table(self, table, **keys):
        self._perhaps_refuse("create_table")
        return super().create_table(table, **keys)

    def delete_table(self, table, **keys):
        self._perhaps_refuse("delete_table")
        return super().delete_table(table, **keys)

    def test_iam_permissions(self, table, permissions, **_):
        name = super().get_table(table, **CALL).table_id
        return {} if name in self.lacking else {"permissions": list(permissions)}

    def _perhaps_refuse(self, method: str) -> None:
        if method in self.forbidden:
            raise google.Forbidden(f"{method}: denied")


@pytest.fixture
def world(bq, project, pubsub):
    """Three tables, the last one behind; a ledger; as on a real project where that makes a difference."""
    dataset = bigquery.Dataset(f"{project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, **CALL)
    for name in ("raw", "refined", "served"):
        bq.query(f"CREATE TABLE d.{name} (day DATE, game STRING) PARTITION BY day", **CALL).result(timeout=30)
        bq.query(f"INSERT INTO d.{name} VALUES ('2024-04-16', 'a'), ('2024-04-17', 'a')", **CALL).result(timeout=30)
    pipeline = PIPELINE.model_copy(update={"metadata": "off"})
    connection = replace(connect("small", project, "us-west2"), client=Client(project), emulator=False)
    create(connection, pipeline)
    with wiring.clients(pubsub) as clients:
        for topic in ("refined-trigger", "served-trigger"):
            clients.publisher.create_topic(name=f"projects/{project}/topics/{topic}", **CALL)
        topics = Topics(project, clients.publisher, clients.subscriber)
        yield World(pipeline, connection, topics, scheduler=None, local=False, now=datetime.now(UTC))


def looked(world):
    held = tables.group.look("tables", "all", tables.ROLE, lambda: tables.checks(world))
    access = tables.group.look("access", "all", tables.ROLE, lambda: tables.access(world))
    return [*held, *access, *ledger.group.look("dataset", "all", ledger.ROLE, lambda: ledger.checks(world))]


def findings(world):
    return [check for check in looked(world) if check.state not in {State.OK, State.SKIPPED}]


def test_whole_tables_and_a_whole_ledger_are_ok(world):
    found = looked(world)

    assert {check.state for check in found} == {State.OK}
    assert {check.about for check in found if check.group == "ledger"} >= {*TABLES, *VIEWS, "gapheal_small"}
    assert "a scan sees 2 dates from 2024-04-16 to 2024-04-17" in " ".join(check.sentence for check in found)


def older(world, *lacking):
    """The verdicts as an older release made them."""
    name = f"{world.ledger}.verdicts"
    world.connection.client.delete_table(name, **CALL)
    schema = [bigquery.SchemaField(each, kind) for each, kind in columns("verdicts").items() if each not in lacking]
    table = bigquery.Table(name, schema=schema)
    table.time_partitioning = bigquery.TimePartitioning(field="recorded_at")
    world.connection.client.create_table(table, **CALL)


def label(world, dataset, **labels):
    found = world.connection.client.get_dataset(f"{world.connection.project}.{dataset}", **CALL)
    found.labels = labels
    world.connection.client.update_dataset(found, ["labels"], **CALL)


def expire(world, milliseconds):
    found = world.connection.client.get_dataset(world.ledger, **CALL)
    found.default_table_expiration_ms = milliseconds
    world.connection.client.update_dataset(found, ["default_table_expiration_ms"], **CALL)


def drop(world, name):
    world.connection.client.delete_table(f"{world.connection.project}.{name}", **CALL)


def told(world, table, **keys):
    world.connection.client.tables[table] = keys


def cut(**keys):
    return {"type": "DAY", "field": "recorded_at", **keys}


CREATE = "gapheal ledger create"
FAULTS = {
    "no table": (lambda w: drop(w, "d.refined"), ("fail", "table", "d.refined"), "gapheal validate --live"),
    "may not read": (lambda w: w.connection.client.lacking.add("raw"), ("warn", "access"), "roles/bigquery.dataViewer"),
    "may not write": (lambda w: w.connection.client.lacking.add("triggers"), ("warn", "access"), "bigquery.dataEditor"),
    "an older table": (lambda w: older(w, "seen_whole"), ("fail", "columns", "verdicts"), CREATE),
    "no ledger table": (lambda w: drop(w, "gapheal_small.backfills"), ("fail", "table", "backfills"), CREATE),
    "no view": (lambda w: drop(w, "gapheal_small.heals"), ("fail", "view", "heals"), CREATE),
    "an older view": (
        lambda w: told(w, "heals", view={"query": "SELECT 1", "useLegacySql": False}),
        ("warn", "view", "heals"),
        CREATE,
    ),
    "another type": (
        lambda w: told(w, "rejections", schema={"fields": rejections(error="INTEGER")}),
        ("fail", "column types", "rejections"),
        CREATE,
    ),
    "a stranger's": (lambda w: label(w, "gapheal_small", gapheal_pipeline="mlb"), ("fail", "owner"), "set the label"),
    "a stranger's claims": (lambda w: label(w, "gapheal_small_claims", a="b"), ("fail", "owner"), "set the label"),
    "the dataset expires": (lambda w: expire(w, 86_400_000), ("fail", "dataset expiry"), "bq update --default"),
    "a table expires": (
        lambda w: told(w, "passes", expirationTime="1893456000000"),
        ("fail", "table expiry", "passes"),
        "bq update --expiration 0",
    ),
    "partitions expire": (
        lambda w: told(w, "passes", timePartitioning=cut(expirationMs="7776000000")),
        ("fail", "partition expiry", "passes"),
        "bq update --time_partitioning_expiration 0",
    ),
    "a filter is required": (
        lambda w: told(w, "passes", requirePartitionFilter=True),
        ("fail", "partition filter", "passes"),
        "bq update --norequire_partition_filter",
    ),
    "not partitioned": (lambda w: told(w, "passes", timePartitioning=None), ("warn", "partitioning", "passes"), None),
}


def rejections(**other):
    return [{"name": name, "type": other.get(name, kind)} for name, kind in columns("rejections").items()]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_is_exactly_one_finding_with_its_mend(world, fault):
    plant, expected, mend = FAULTS[fault]
    plant(world)
    (found,) = findings(world)

    assert (str(found.state), found.name, found.about)[: len(expected)] == expected
    assert mend is None or mend in found.mend


def test_an_older_ledger_is_mended_by_the_command_that_is_named(world):
    """Columns, tables and views."""
    older(world, "seen_whole", "grew_at")
    for name in ("backfills", "heals"):
        drop(world, f"gapheal_small.{name}")
    before = findings(world)
    create(world.connection, world.pipeline)
    now = world.connection.query(f"SELECT seen_whole, grew_at FROM `{world.ledger}.verdicts`", {}).rows

    assert {check.mend for check in before} == {CREATE}
    assert [check.about for check in before] == ["verdicts", "backfills", "heals"]
    assert "verdicts lacks grew_at, seen_whole" in before[0].sentence
    assert now == []
    assert not [check for check in findings(world) if check.about in {"backfills", "heals"}]


def test_without_a_ledger_its_history_is_not_asked_for(world):
    for name in ("gapheal_small", "gapheal_small_claims"):
        full = f"{world.connection.project}.{name}"
        world.connection.client.delete_dataset(full, delete_contents=True, not_found_ok=True, **CALL)
    world.local = True
    found = [check for check in examine(world) if check.group in {"ledger", "heartbeat", "knobs"}]

    assert [(str(check.state), check.name, check.about) for check in found] == [
        ("fail", "dataset", "gapheal_small"),
        ("fail", "dataset", "gapheal_small_claims"),
        ("skipped", "history", "all transitions"),
    ]


@pytest.mark.parametrize("method", ["get_table", "get_dataset"])
def test_what_may_not_be_looked_at_is_unknown_and_never_ok(world, method):
    world.connection.client.forbidden.add(method)
    found = findings(world)

    assert found
    assert {(check.state, check.unavailable) for check in found} == {(State.UNKNOWN, False)}
    assert all("grant roles/bigquery.dataViewer" in check.mend for check in found)


def test_a_permission_is_told_only_of_tables_that_are_there(world):
    def access():
        (check,) = tables.access(world)
        return str(check.state), check.about

    drop(world, "d.raw")
    some = access()
    for name in ("d.refined", "d.served", *(f"gapheal_small.{table}" for table in ("passes", "triggers", "verdicts"))):
        drop(world, name)

    assert (some, access()) == (("ok", "5 tables"), ("skipped", "all tables"))


def test_a_column_that_only_a_query_misses_is_told_once_by_its_table(world):
    """The second transition reads it, too: it measures its upstream by the first one's."""
    phases = {**world.pipeline.phases}
    (table,) = phases["raw"].tables
    wrong = table.model_copy(update={"where": "gme = 'a'"})
    phases["raw"] = phases["raw"].model_copy(update={"tables": (wrong,)})
    world.pipeline = world.pipeline.model_copy(update={"phases": phases})
    found = findings(world)

    assert [(check.state, check.name, check.about) for check in found] == [(State.FAIL, "reading", "d.raw")]
    assert all("gme" in check.sentence for check in found)


class TestCanary:
    @pytest.fixture
    def no_statements(self, monkeypatch):
        """They take the most time, and are tried elsewhere."""
        monkeypatch.setattr("gapheal.doctor.canary.rehearsal.checks", lambda _: [])

    def left(self, world):
        """What stands in the claims dataset, and the topics."""
        client, project = world.connection.client, world.connection.project
        claims = [each.table_id for each in client.list_tables(f"{project}.gapheal_small_claims", **CALL)]
        topics = [each.name for each in world.topics._publisher.list_topics(project=f"projects/{project}", **CALL)]
        return claims, sorted(name.rpartition("/")[2] for name in topics)

    def rows(self, world):
        counts = " + ".join(f"(SELECT COUNT(*) FROM `{world.ledger}.{name}`)" for name in TABLES)
        return world.connection.query(f"SELECT {counts} AS n", {}).rows[0]["n"]

    def test_it_tries_everything_and_leaves_nothing(self, world):
        canary = Canary(world)
        found = {check.name: check for check in canary.run()}

        assert {check.state for check in found.values()} == {State.OK}
        assert set(found) == {"observation", "ledger statement", "insert", "cost", "claim", "topic", "paid"}
        assert canary.claim in found["claim"].sentence
        assert canary.topic in found["topic"].sentence
        assert canary.claim in canary.creates[0]
        assert canary.topic in canary.creates[1]
        assert "bytes a month, about $" in found["cost"].sentence
        assert self.left(world) == ([], ["refined-trigger", "served-trigger"])
        assert self.rows(world) == 0

    def test_two_canaries_never_meet(self, world):
        one, other = Canary(world), Canary(world)

        assert (one.claim, one.topic) != (other.claim, other.topic)
        assert "claim_raw_to_refined_99991231_" in one.claim

    def test_every_statement_of_the_ledger_has_values_to_be_rehearsed_with(self, world):
        told = rehearsal.statements(ONE, ONE, world.ledger, world.now)
        names = {each.name for each in told}

        assert {"recall", "status", "heal_times", "rejections", "doctor's strangers"} <= names
        assert {f"view {name}" for name in VIEWS} <= names

    def test_a_statement_that_cannot_run_is_told_by_name(self, world):
        drop(world, "gapheal_small.rejections")
        found = [check for check in rehearsal.checks(world) if check.state is State.FAIL]

        assert {(check.name, check.about) for check in found} == {("ledger statement", "rejections")}

    def test_what_a_scan_reads_at_once_is_rehearsed_and_needs_no_mend(self, world):
        """Where it cannot run, a scan reads apart."""

        def at_once():
            return [(each.state, each.about) for each in rehearsal.checks(world) if "at once" in each.sentence]

        assert at_once() == [(State.OK, ONE), (State.OK, TWO)]
        drop(world, "gapheal_small.alerts")
        assert at_once() == [(State.WARN, ONE), (State.WARN, TWO)]

    def test_a_rehearsal_creates_no_ledger(self, world):
        """Under an emulator the first use of one does."""
        client = world.connection.client
        client.delete_dataset(world.ledger, delete_contents=True, **CALL)
        world.connection = replace(world.connection, emulator=True)
        found = [check for check in rehearsal.checks(world) if check.name == "insert"]

        assert [check.state for check in found] == [State.FAIL] * len(TABLES)
        with pytest.raises(google.NotFound):
            client.get_dataset(world.ledger, **CALL)

    def test_who_may_not_claim_is_told_and_the_topic_is_tried_all_the_same(self, world, no_statements):
        world.connection.client.forbidden |= {"create_table", "delete_table"}
        found = {check.name: check for check in Canary(world).run()}

        assert found["claim"].state is State.UNKNOWN
        assert "roles/bigquery.dataEditor" in found["claim"].mend
        assert "claim left" not in found
        assert found["topic"].state is State.OK

    def test_what_cannot_be_deleted_is_named_with_the_command_that_deletes_it(self, world, no_statements):
        world.connection.client.forbidden.add("delete_table")
        canary = Canary(world)
        found = {check.name: check for check in canary.run()}

        assert (found["claim"].state, found["claim left"].state) == (State.OK, State.FAIL)
        project, _, claim = canary.claim.partition(".")
        assert found["claim left"].mend == f"bq rm -f -t {project}:{claim}"

    def test_a_topic_whose_creation_lost_its_first_reply_is_deleted(self, world, no_statements, monkeypatch):
        create = world.topics.create

        def again(topic):
            create(topic)
            create(topic)

        monkeypatch.setattr(world.topics, "create", again)
        found = {check.name: check for check in Canary(world).run()}

        assert found["topic"].state is State.FAIL
        assert self.left(world) == ([], ["refined-trigger", "served-trigger"])

    def test_whatever_breaks_it_the_topic_is_deleted(self, world, no_statements, monkeypatch):
        """A broker that takes no message, and a person's Ctrl-C."""
        for error in (RuntimeError(), KeyboardInterrupt()):

            def publish(*_, error=error):
                raise error

            monkeypatch.setattr("gapheal.doctor.canary.PubSubPublisher.publish", publish)
            with pytest.raises(type(error)):
                list(Canary(world).run())

            assert self.left(world) == ([], ["refined-trigger", "served-trigger"])
