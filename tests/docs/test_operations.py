"""The pages for operators, as written: their scripts run on a stack, their commands print what they show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gapheal.local import wiring
from gapheal.local.calls import call
from gapheal.local.stack import Stack

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs" / "operations" / "completion-events.md").read_text()
SCRIPT, SERVICE = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(gapheal complete .*)$", PAGE, re.MULTILINE)
TOPIC = "nba-phase3-analytics-complete"
PIPELINE = f"""\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {{date_column: game_date, policy: {{mode: heal, max_age_days: null}}}}
phases:
  phase2: [nba_raw.bdl_player_boxscores]
  phase3: {{tables: [nba_analytics.player_game_summary], completion_topic: {TOPIC}}}
  phase4: [nba_precompute.factors]
transitions:
  phase2_to_phase3: {{}}
  phase3_to_phase4: {{}}
"""
ANONYMOUS = """\
import google.auth
from google.auth.credentials import AnonymousCredentials

google.auth.default = lambda *_, **__: (AnonymousCredentials(), None)  # emulators ask for none
"""
SERVES = """\
import argparse

from werkzeug.serving import run_simple

import service

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
run_simple("127.0.0.1", parser.parse_args().port, service.app, threaded=True)
"""
FIRST = date(2024, 4, 16)
CALL = {"retry": None, "timeout": 30}


class Running:
    """The pipeline, with the page's service as the job of phase 3."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.bq = bigquery.Client(
            project=stack.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": stack.bigquery_host},
        )

    def query(self, sql: str) -> list[bigquery.Row]:
        return list(self.bq.query(sql, **CALL).result(timeout=30))

    def fill(self, *days: date) -> None:
        for day in days:
            self.query(f"INSERT INTO nba_raw.bdl_player_boxscores VALUES (DATE '{day}', 'g1'), (DATE '{day}', 'g2')")

    def rows(self, table: str) -> dict[str, int]:
        found = self.query(f"SELECT game_date, COUNT(*) AS n FROM {table} GROUP BY game_date ORDER BY game_date")
        return {str(row["game_date"]): row["n"] for row in found}

    def triggers(self, transition: str) -> list[tuple[str, str]]:
        ledger = self.stack.pipeline.ledger_dataset
        sql = f"SELECT partition_date, source FROM {ledger}.triggers WHERE transition = '{transition}' ORDER BY 1"
        return [(str(row[0]), row[1]) for row in self.query(sql)]

    def listen(self, topic: str, url: str) -> None:
        with wiring.clients(self.stack.pubsub_host) as clients:
            request = {
                "name": f"projects/{self.stack.project}/subscriptions/witness-{topic}",
                "topic": wiring.topic_path(self.stack.project, topic),
                "push_config": {"push_endpoint": url},
            }
            clients.subscriber.create_subscription(request=request, **CALL)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **self.stack.env(), "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operations")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "anonymous.py").write_text(ANONYMOUS)
    (folder / "service.py").write_text(f"import anonymous\n{SERVICE}")
    (folder / "serves.py").write_text(SERVES)
    (folder / "backfill_analytics.py").write_text(SCRIPT)
    (folder / "runs.py").write_text("import sys, runpy, anonymous\nrunpy.run_path(sys.argv.pop(1))\n")

    def seed(stack: Stack) -> None:
        made = Running(stack, folder)
        for table in ("nba_raw.bdl_player_boxscores", "nba_analytics.player_game_summary", "nba_precompute.factors"):
            dataset = bigquery.Dataset(f"{stack.project}.{table.partition('.')[0]}")
            dataset.location = "us-west2"
            made.bq.create_dataset(dataset, **CALL)
            made.query(f"CREATE TABLE {table} (game_date DATE, game_id STRING) PARTITION BY game_date")

    with Stack(folder / "pipeline.yaml", workers=folder / "serves.py", broker="embedded", seed=seed) as stack:
        yield Running(stack, folder)


def messages(endpoint, count):
    return [json.loads(each.body)["message"] for each in endpoint.wait_for(count, seconds=60)]


def said(message):
    import base64  # noqa: PLC0415

    return json.loads(base64.b64decode(message["data"]))


def test_the_service_makes_what_it_is_asked_for_announces_it_once_and_the_next_phase_is_asked(running, new_endpoint):
    days = [FIRST, FIRST + timedelta(days=1)]
    running.fill(*days)
    with new_endpoint() as announced, new_endpoint() as asked:
        running.listen(TOPIC, announced.url)
        running.listen("nba-props-phase3-trigger", asked.url)
        running.listen("nba-props-phase4-trigger", asked.url)
        report = running.stack.scan("phase2_to_phase3")
        events = [said(message) for message in messages(announced, 2)]
        every = messages(asked, 4)
        first = next(message for message in every if message["attributes"]["transition"] == "phase2_to_phase3")

        assert report["triggered_dates"] == [str(day) for day in days]
        assert running.rows("nba_analytics.player_game_summary") == {str(day): 2 for day in days}
        assert {(event["phase"], event["game_date"]) for event in events} == {("phase3", str(day)) for day in days}
        assert sorted(message["attributes"]["transition"] for message in every) == [
            *["phase2_to_phase3"] * 2,
            *["phase3_to_phase4"] * 2,
        ]
        assert running.triggers("phase3_to_phase4") == [(str(day), "event") for day in days]

        body = json.dumps({"message": first, "subscription": "s"}).encode()
        running.query("DELETE FROM nba_analytics.player_game_summary WHERE TRUE")
        repeats = [call("POST", f"{running.stack.workers_url}/phase3", body, {}, timeout=30).status for _ in range(2)]

        assert repeats == [204, 204]
        assert running.rows("nba_analytics.player_game_summary") == {}


def test_what_is_no_trigger_is_acknowledged_and_changes_nothing(running):
    """A completion event that was sent to the wrong topic."""
    body = b'{"phase": "phase3", "game_date": "2024-04-16"}'

    assert call("POST", f"{running.stack.workers_url}/phase3", body, {}, timeout=30).status == 204


def test_the_old_script_announces_its_range_and_the_next_phase_is_asked_for_it(running, new_endpoint):
    days = [date(2023, 4, 11) + timedelta(days=n) for n in range(4)]
    running.fill(*days)
    ends = ("--start-date", str(days[0]), "--end-date", str(days[-1]))
    with new_endpoint() as asked:
        with wiring.clients(running.stack.pubsub_host) as clients:
            name = f"projects/{running.stack.project}/subscriptions/script"
            topic = wiring.topic_path(running.stack.project, TOPIC)
            request = {"name": name, "topic": topic, "push_config": {"push_endpoint": asked.url}}
            clients.subscriber.create_subscription(request=request, **CALL)
        done = running.run(sys.executable, "runs.py", "backfill_analytics.py", *ends)
        assert done.returncode == 0, done.stderr
        (event,) = [said(message) for message in messages(asked, 1)]

    assert event == {
        "phase": "phase3",
        "start_date": str(days[0]),
        "end_date": str(days[-1]),
        "processor_name": "backfill_analytics.py",
    }
    assert {str(day) for day in days} <= running.rows("nba_analytics.player_game_summary").keys()


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_page_announce(running, line):
    program, *words = line.split()
    done = running.run(Path(sys.executable).with_name(program), *words)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("announced ")
    assert f"to {TOPIC}: 2024-04-16" in done.stdout


def test_status_heals_and_init_answer_on_the_stack(running):
    gapheal = Path(sys.executable).with_name("gapheal")
    running.stack.scan("phase2_to_phase3")
    status, heals = running.run(gapheal, "status"), running.run(gapheal, "heals", "--json")
    datasets = ("--dataset", "raw=nba_raw", "--dataset", "analytics=nba_analytics")
    first = running.run(gapheal, "init", *datasets, "--dry-run")

    assert status.returncode in {0, 1}
    assert "phase2_to_phase3 (heal)  last scan" in status.stdout
    assert json.loads(heals.stdout)["summary"].keys() == {"heals", "p50_seconds", "p95_seconds"}
    assert "table: nba_raw.bdl_player_boxscores" in first.stdout
