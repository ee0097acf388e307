"""The ten-line file and its two tables, and the command as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud import bigquery
from typer.testing import CliRunner

from gapheal.cli.commands import command
from gapheal.local import wiring

TEN_LINES = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: [nba_raw.bdl_player_boxscores]
  phase3: [nba_analytics.player_game_summary]
transitions:
  phase2_to_phase3: {}
"""


@pytest.fixture
def pipeline(tmp_path, monkeypatch) -> Path:
    """The ten-line file, in the folder where the command is typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    path = tmp_path / "pipeline.yaml"
    path.write_text(TEN_LINES)
    return path


@pytest.fixture
def heal(pipeline):
    """The same file in mode heal, with old dates allowed."""
    policy = "{policy: {mode: heal, max_age_days: null}}"
    pipeline.write_text(TEN_LINES.replace("phase2_to_phase3: {}", f"phase2_to_phase3: {policy}"))


@pytest.fixture
def gapheal():
    """Types a command; stdout and stderr in `output`."""
    runner = CliRunner()
    return lambda *words: runner.invoke(command, [str(word) for word in words])


@pytest.fixture
def tables(bq):
    """Ten dates upstream, the first four of them downstream."""
    for name in ("nba_raw", "nba_analytics"):
        dataset = bigquery.Dataset(f"{bq.project}.{name}")
        dataset.location = "us-west2"
        bq.create_dataset(dataset, retry=None, timeout=10)
    for table, last in (("nba_raw.bdl_player_boxscores", 25), ("nba_analytics.player_game_summary", 19)):
        for sql in (
            f"CREATE TABLE {table} (game_date DATE, game_id STRING) PARTITION BY game_date",
            f"INSERT INTO {table} SELECT day, 'g' FROM UNNEST(GENERATE_DATE_ARRAY('2024-04-16', '2024-04-{last}')) day",
        ):
            bq.query(sql, retry=None, timeout=30).result(timeout=30)


@pytest.fixture
def topic(project, pubsub):
    """The trigger topic, and what subscribes an endpoint to it."""
    name = f"projects/{project}/topics/nba-props-phase3-trigger"
    with wiring.clients(pubsub) as clients:
        clients.publisher.create_topic(name=name, retry=None, timeout=10)

        def subscribe(url: str) -> None:
            request = {
                "name": f"projects/{project}/subscriptions/listener",
                "topic": name,
                "push_config": {"push_endpoint": url},
            }
            clients.subscriber.create_subscription(request=request, retry=None, timeout=10)

        yield subscribe
