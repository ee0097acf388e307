"""`gapheal doctor` as it is typed, on a healthy local stack: words, JSON, exit codes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from typer.testing import CliRunner

from gapheal.cli.commands import command
from gapheal.local import wiring
from gapheal.local.stack import Stack
from gapheal.scheduler import EMULATOR

pytestmark = pytest.mark.emulator
E2E = Path(__file__).parents[1] / "e2e"
CALL = {"retry": None, "timeout": 30}
DAYS = [date(2024, 4, 16), date(2024, 4, 17)]


def seed(stack):
    bq = bigquery.Client(
        project=stack.project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": stack.bigquery_host},
    )
    dataset = bigquery.Dataset(f"{stack.project}.d")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, **CALL)
    for phase in ("raw", "refined", "served"):
        bq.query(f"CREATE TABLE d.{phase} (day DATE, game STRING) PARTITION BY day", **CALL).result(timeout=30)
        values = ", ".join(f"('{day}', 'a')" for day in DAYS)
        bq.query(f"INSERT INTO d.{phase} VALUES {values}", **CALL).result(timeout=30)


@pytest.fixture(scope="module")
def stack():
    pytest.importorskip("bqemulator")
    with Stack(E2E / "pipeline.yaml", workers=E2E / "worker.py", broker="embedded", seed=seed) as stack:
        for transition in stack.pipeline.transitions:
            stack.scan(transition)
        yield stack


@pytest.fixture
def doctor(stack, monkeypatch):
    """Types the command where the stack is; its exit code and what it said."""
    for name, value in stack.env().items():
        monkeypatch.setenv(name, value)
    for name in (EMULATOR, "GAPHEAL_ALERT_URLS", "GAPHEAL_PAGE_URLS", "GAPHEAL_MODE"):
        monkeypatch.delenv(name, raising=False)

    def doctor(*words):
        result = CliRunner().invoke(command, ["doctor", *words])
        return result.exit_code, result.output

    return doctor


def test_on_a_healthy_stack_everything_is_ok_or_is_not_there(doctor, monkeypatch):
    monkeypatch.setenv("GAPHEAL_ALERT_URLS", "slack://s3cr3t")
    code, said = doctor("--json", "--location", "us-central1")
    told = json.loads(said)
    states = {check["state"] for check in told["checks"]}

    assert (code, states) == (0, {"ok", "skipped"}), said
    assert {check["group"] for check in told["checks"] if check["state"] == "ok"} == {
        *("tables", "ledger", "events", "triggers", "functions", "heartbeat", "knobs", "alerts"),
    }
    assert {frozenset(check) for check in told["checks"]} == {
        frozenset({"group", "name", "about", "state", "sentence", "mend", "unavailable"})
    }
    assert sum(told["summary"].values()) == len(told["checks"])
    assert list(told["summary"]) == ["ok", "warn", "fail", "unknown", "skipped"]
    assert "s3cr3t" not in said


def test_the_canary_says_what_it_makes_and_that_an_emulator_counts_no_bytes(doctor):
    code, said = doctor("--canary")
    lines = said.splitlines()

    assert code == 0, said
    assert lines[0].startswith("canary: creates, reads and deletes one claim, the empty table gapheal-local.")
    assert lines[1].startswith("canary: creates the topic projects/gapheal-local/topics/small-canary-")
    assert "an emulator counts no bytes" in said
    assert "refused a second time, read back, deleted" in said


def test_what_fails_is_told_with_its_mend_and_exit_code_1(stack, doctor):
    topic = wiring.topic_path(stack.project, "small-served-trigger")
    with wiring.clients(stack.pubsub_host) as clients:
        (listener,) = clients.publisher.list_topic_subscriptions(topic=topic, **CALL)
        kept = clients.subscriber.get_subscription(subscription=listener, **CALL)
        clients.subscriber.delete_subscription(subscription=listener, **CALL)
        code, said = doctor()
        clients.subscriber.create_subscription(request=kept, **CALL)
    lines = [" ".join(line.split()) for line in said.splitlines()]

    assert code == 1
    assert any(
        line.startswith("fail refined_to_served topic small-served-trigger has no subscription") for line in lines
    )
    assert any(line.startswith("→ subscribe the job to it") for line in lines)
    assert lines[-1].endswith("1 fail, 4 skipped")


def test_a_service_that_does_not_answer_is_exit_code_3(doctor, monkeypatch):
    monkeypatch.setenv(EMULATOR, "127.0.0.1:1")
    code, said = doctor("--json")
    unknown = [check for check in json.loads(said)["checks"] if check["state"] == "unknown"]

    assert code == 3
    assert [(check["group"], check["unavailable"]) for check in unknown] == [("schedule", True)]


def test_a_fault_of_the_file_is_exit_code_2(doctor, tmp_path):
    (tmp_path / "pipeline.yaml").write_text("version: 1\n")

    assert doctor("--pipeline", str(tmp_path / "pipeline.yaml"))[0] == 2
