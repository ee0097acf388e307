"""The example's world: its phases, where their SQL is, and how it is run.

Nothing here knows gapheal. The seed, the workers and the planter share it, so that what they count can bear
witness about gapheal.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

HERE = Path(__file__).resolve().parent
CALENDAR = HERE / "nba_game_dates.csv"
LOCATION = "us-west2"
TIMEOUT = 60.0
RETRY = DEFAULT_RETRY.with_timeout(30.0)
"""The client's own goes on for ten minutes."""

SCHEDULE = "nba_reference.schedule"
COUNTED = frozenset({"regular", "play_in", "playoffs"})
"""Kinds of games that phase 3 takes; all-star and exhibition games end in phase 2."""
WARMED_UP, WARM_UP_DAYS = 4, 14
"""From this phase on, so many days of a season are empty: there is no history yet to compute factors from."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the example: the table it fills, and the one it reads."""

    number: int
    table: str
    upstream: str

    @property
    def name(self) -> str:
        """As pipeline.yaml calls it."""
        return f"phase{self.number}"

    @property
    def select(self) -> str:
        """What the phase computes, as one SELECT for the dates `@start_date` to `@end_date`."""
        return sql(self.name)


RAW = "nba_raw.bdl_player_boxscores"
PHASES: Mapping[int, Phase] = {
    3: Phase(3, "nba_analytics.player_game_summary", RAW),
    4: Phase(4, "nba_precompute.player_composite_factors", "nba_analytics.player_game_summary"),
    5: Phase(5, "nba_predictions.player_prop_predictions", "nba_precompute.player_composite_factors"),
    6: Phase(6, "nba_exports.export_log", "nba_predictions.player_prop_predictions"),
}


@dataclass(frozen=True, slots=True)
class GameDay:
    """One line of the calendar."""

    season: str
    day: date
    games: int
    kind: str


def calendar(seasons: Iterable[str]) -> list[GameDay]:
    """The game days of these seasons (such as `2021-22`), in order."""
    wanted = set(seasons)
    with CALENDAR.open(newline="") as lines:
        return [
            GameDay(
                line["season"],
                date.fromisoformat(line["date"]),
                int(line["games"]),
                line["kinds"].partition(":")[0],
            )
            for line in csv.DictReader(lines)
            if line["season"] in wanted
        ]


def expected_games(days: Iterable[GameDay], phase: int) -> dict[date, int]:
    """How many games a phase should have on each date; dates it leaves out by design are absent."""
    days = list(days)
    opens: dict[str, date] = {}
    for day in days:
        opens[day.season] = min(day.day, opens.get(day.season, day.day))
    return {
        day.day: day.games
        for day in days
        if day.kind in COUNTED and (phase < WARMED_UP or (day.day - opens[day.season]).days >= WARM_UP_DAYS)
    }


def sql(name: str) -> str:
    """The text of one file of the folder `sql`."""
    return (HERE / "sql" / f"{name}.sql").read_text()


def fill(table: str, select: str, where: str) -> str:
    """A script that makes `table` hold what `select` yields, wherever `where` holds; running it twice is once.

    One transaction, so that nobody sees the dates half gone, and one script, because the emulator copies a
    table for each statement outside one.
    """
    return (
        f"BEGIN TRANSACTION;\nDELETE FROM {table} WHERE {where};\nINSERT INTO {table}\n{select};\nCOMMIT TRANSACTION;\n"
    )


class Warehouse:
    """BigQuery, or its emulator at `emulator` (an URL; by default `BIGQUERY_EMULATOR_HOST`, if that is set)."""

    def __init__(self, project: str, emulator: str | None = os.environ.get("BIGQUERY_EMULATOR_HOST")) -> None:
        self.project = project
        self.client = bigquery.Client(
            project=project,
            location=LOCATION,
            credentials=AnonymousCredentials() if emulator else None,  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": emulator} if emulator else None,
        )

    def create_datasets(self, names: Iterable[str]) -> None:
        """Create what is not there yet, in the example's location."""
        for name in names:
            dataset = bigquery.Dataset(f"{self.project}.{name}")
            dataset.location = LOCATION
            self.client.create_dataset(dataset, exists_ok=True, retry=RETRY, timeout=TIMEOUT)

    def run(self, statement: str, **values: str | date) -> list[dict[str, Any]]:
        """Run one statement or script and return its rows; `values` stand for the text's `@names`.

        They become constants: the emulator binds no parameters inside a script, and constants prune partitions.
        """
        for name, value in values.items():
            statement = statement.replace(f"@{name}", _literal(value))
        job = self.client.query(statement, retry=RETRY, timeout=TIMEOUT, job_retry=None)
        return [dict(row) for row in job.result(retry=RETRY, timeout=TIMEOUT, job_retry=None)]


def _literal(value: str | date) -> str:
    return f"DATE '{value}'" if isinstance(value, date) else json.dumps(value)
