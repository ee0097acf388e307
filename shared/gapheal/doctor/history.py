"""What the ledger has of the past: the last passes and deliveries, heals, dates that somebody else filled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from gapheal.bigquery import Connection, Parameter, translated
from gapheal.doctor.world import World
from gapheal.ledger.schema import sql

LATELY = timedelta(days=30)

Row = Mapping[str, Any]
ByTransition = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class History:
    """Rows by transition."""

    passes: ByTransition
    """The last 24 scans and sweeps, newest first."""
    deliveries: ByTransition
    """The last one."""
    heals: ByTransition
    """The last 200: when triggered, when seen healed."""
    strangers: ByTransition
    """Dates of the last 30 days that came whole without a trigger."""
    dates: Mapping[str, frozenset[date]]
    """Every date that was ever judged."""


def own(name: str, ledger: str) -> str:
    """The statement in `name`.sql of this package, on the ledger dataset `project.dataset`."""
    return (files("gapheal.doctor") / f"{name}.sql").read_text().replace("${ledger}", ledger)


def read(world: World) -> History:
    """All of it, as plain rows.

    Raises:
        ConfigError: the ledger is not whole.
        Unavailable: BigQuery did not answer.
    """
    named: dict[str, Parameter] = {"names": ",".join(world.pipeline.transitions)}
    statements: dict[str, tuple[str, Mapping[str, Parameter]]] = {
        "passes": (own("passes", world.ledger), named),
        "deliveries": (own("deliveries", world.ledger), named),
        "heals": (sql("heal_times", world.ledger), named),
        "strangers": (own("strangers", world.ledger), {**named, "since": world.now - LATELY}),
        "dates": (own("dates", world.ledger), named),
    }
    with translated(f"reading the ledger {world.ledger}"), ThreadPoolExecutor(len(statements)) as pool:
        asked = {name: pool.submit(_rows, world.connection, *each) for name, each in statements.items()}
        rows = {name: answer.result() for name, answer in asked.items()}
    dates = {name: frozenset(row["partition_date"] for row in some) for name, some in rows.pop("dates").items()}
    return History(dates=defaultdict(frozenset, dates), **rows)


def _rows(connection: Connection, statement: str, parameters: Mapping[str, Parameter]) -> ByTransition:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in connection.query(statement, parameters).rows:
        found[row["transition"]].append(row)
    return found
