"""The example's scripts, as Python finds them when one of them runs: beside each other."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "nba"))

import seed
import world
from warehouse import Warehouse

Games = Callable[[Warehouse, world.Output], Mapping[date, int]]


@pytest.fixture(scope="session")
def four_seasons(bigquery_emulator) -> Warehouse:
    """The whole example, seeded. Only to be looked at."""
    warehouse = Warehouse(f"test-{uuid.uuid4().hex[:12]}", bigquery_emulator)
    seed.seed(warehouse)
    return warehouse


@pytest.fixture
def warehouse(bigquery_emulator, project) -> Warehouse:
    """One season, seeded anew for each test."""
    warehouse = Warehouse(project, bigquery_emulator)
    seed.seed(warehouse, ["2021-22"])
    return warehouse


@pytest.fixture(scope="session")
def games() -> Games:
    """Games per date of a table."""

    def games(warehouse: Warehouse, output: world.Output) -> Mapping[date, int]:
        rows = warehouse.run(
            f"SELECT {output.date_column} AS day, COUNT(DISTINCT game_id) AS games FROM {output.table} GROUP BY day"
        )
        return {row["day"]: row["games"] for row in rows}

    return games


@pytest.fixture(scope="session")
def content():
    """What a table holds of some dates, but for when it was written."""

    def content(warehouse: Warehouse, output: world.Output, *days: date) -> list:
        rows = warehouse.run(
            f"SELECT * EXCEPT (processed_at) FROM {output.table} WHERE {output.date_column} IN (@dates)", dates=days
        )
        return sorted(tuple(row.values()) for row in rows)

    return content
