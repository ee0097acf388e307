"""The demo's eyes: the tables, the workers' log, and the ledger where nobody else can know."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from gapheal.bigquery import Connection, connect
from gapheal.local.calls import call
from gapheal.local.demo.findings import FACTORS, GRADES, SUMMARY, Games
from gapheal.local.stack import Stack

PLAYOFF_GAMES = f"""\
SELECT
  season_year,
  COUNT(DISTINCT game_code) AS games
FROM {SUMMARY}
WHERE {{playoffs}}
GROUP BY season_year
ORDER BY season_year"""

PLAYOFF_DATES = f"""\
SELECT COUNT(DISTINCT game_date) AS dates
FROM {FACTORS}
WHERE {{playoffs}}"""
"""The two queries that once showed the hole; where they were open-ended, they name the playoffs."""

GRADED_DATES = f"""\
SELECT COUNT(DISTINCT game_date) AS graded_dates
FROM {GRADES}
WHERE game_date >= '{{opens}}'"""

_EXCUSED = """
SELECT transition, JSON_VALUE(numbers, '$.excuse') AS excuse, COUNT(DISTINCT partition_date) AS dates
FROM {ledger}.verdicts
WHERE condition = 'excused'
GROUP BY transition, excuse"""

_HEALS = "SELECT transition, seconds_to_heal AS seconds FROM {ledger}.heals"


class Told(NamedTuple):
    """What the ledger tells, by transition."""

    excused: Mapping[str, Mapping[str, int]]
    """Dates by reason."""
    seconds: Mapping[str, list[int]]
    """From the first sight of a gap to the sight of its rows."""


class World:
    """What can be seen of a running stack from outside."""

    def __init__(self, stack: Stack, connection: Connection) -> None:
        self._stack = stack
        self._connection = connection

    @classmethod
    @contextmanager
    def of(cls, stack: Stack) -> Iterator[World]:
        """Through Google's client, which finds the emulator by the environment."""
        before = dict(os.environ)
        os.environ.update(stack.env())
        try:
            yield cls(stack, connect(stack.pipeline.pipeline, stack.project, stack.pipeline.location))
        finally:
            os.environ.clear()
            os.environ.update(before)

    def ask(self, sql: str) -> list[Mapping[str, Any]]:
        """The rows of a query."""
        return self._connection.query(sql, {}).rows

    def games(self) -> Games:
        """Games by phase, table and date."""
        phases = self._stack.pipeline.phases
        counts = (
            f"SELECT '{name}' AS phase, '{table.table}' AS name, {table.date_column} AS day, "
            f"COUNT(DISTINCT game_id) AS games FROM {table.table} GROUP BY day"
            for name, phase in phases.items()
            for table in phase.tables
        )
        games: dict[str, dict[str, dict[str, int]]] = {
            name: {table.table: {} for table in phase.tables} for name, phase in phases.items()
        }
        for row in self.ask("\nUNION ALL\n".join(counts)):
            games[row["phase"]][row["name"]][str(row["day"])] = row["games"]
        return games

    def log(self) -> list[Mapping[str, Any]]:
        """Every trigger that the workers got."""
        log: list[Mapping[str, Any]] = json.loads(call("GET", f"{self._stack.workers_url}/log").body)
        return log

    def told(self) -> Told:
        """What the ledger remembers."""
        ledger = self._stack.pipeline.ledger_dataset
        excused: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self.ask(_EXCUSED.format(ledger=ledger)):
            excused[row["transition"]][row["excuse"]] = row["dates"]
        seconds: dict[str, list[int]] = defaultdict(list)
        for row in self.ask(_HEALS.format(ledger=ledger)):
            seconds[row["transition"]].append(row["seconds"])
        return Told(excused, seconds)


def within(playoffs: Iterable[tuple[str, str]]) -> str:
    """The predicate that names some runs of dates."""
    return "\n   OR ".join(f"game_date BETWEEN '{first}' AND '{last}'" for first, last in playoffs)
