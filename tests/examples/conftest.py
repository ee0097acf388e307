"""The example's scripts, as Python finds them when one of them runs: beside each other."""

from __future__ import annotations

import sys
import uuid
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "nba"))

import seed
import world


@pytest.fixture(scope="session")
def three_seasons(bigquery_emulator) -> world.Warehouse:
    """The whole example, seeded. Only to be looked at."""
    warehouse = world.Warehouse(f"test-{uuid.uuid4().hex[:12]}", bigquery_emulator)
    seed.seed(warehouse)
    return warehouse


@pytest.fixture
def warehouse(bigquery_emulator, project) -> world.Warehouse:
    """One season, seeded anew for each test."""
    warehouse = world.Warehouse(project, bigquery_emulator)
    seed.seed(warehouse, ["2021-22"])
    return warehouse


@pytest.fixture(scope="session")
def games():
    """Games per date of a table."""

    def games(warehouse: world.Warehouse, table: str) -> dict:
        rows = warehouse.run(f"SELECT game_date, COUNT(DISTINCT game_id) AS games FROM {table} GROUP BY game_date")
        return {row["game_date"]: row["games"] for row in rows}

    return games


@pytest.fixture(scope="session")
def content():
    """What a table holds of some dates, but for when it was written."""

    def content(warehouse: world.Warehouse, table: str, first: date, last: date) -> list:
        rows = warehouse.run(
            f"SELECT * EXCEPT (processed_at) FROM {table} WHERE game_date BETWEEN @first AND @last",
            first=first,
            last=last,
        )
        return sorted(tuple(row.values()) for row in rows)

    return content
