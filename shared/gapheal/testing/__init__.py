"""Doubles with state for every port, and a clock that stands still: for gapheal's tests and for yours.

A memory world behaves as BigQuery and Pub/Sub do for what gapheal asks of them; the contract tests hold both
to the same sentences. Plug them into `gapheal.app.build(pipeline, warehouse=…, ledger=…, …)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gapheal.model.pipeline import Pipeline
from gapheal.spec import validated
from gapheal.testing.alerts import MemoryAlerts
from gapheal.testing.clock import FrozenClock
from gapheal.testing.doubles import MemoryClaims, MemoryPublisher, MemoryWarehouse
from gapheal.testing.ledger import MemoryLedger
from gapheal.testing.past import MemoryPast
from gapheal.testing.schedule import MemorySchedule

__all__ = [
    "FrozenClock",
    "MemoryAlerts",
    "MemoryClaims",
    "MemoryLedger",
    "MemoryPast",
    "MemoryPublisher",
    "MemorySchedule",
    "MemoryWarehouse",
    "World",
    "small_pipeline",
]


@dataclass
class World:
    """One pipeline in memory, whole: its clock and all its ports."""

    pipeline: Pipeline
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __post_init__(self) -> None:
        self.warehouse = MemoryWarehouse(self.pipeline, self.clock)
        self.ledger = MemoryLedger(self.pipeline, self.clock)
        self.claims = MemoryClaims(self.clock)
        self.publisher = MemoryPublisher()
        self.schedule = MemorySchedule(self.pipeline)

    @property
    def ports(self) -> dict[str, Any]:
        """As `gapheal.app.build` takes them."""
        return {
            "warehouse": self.warehouse,
            "ledger": self.ledger,
            "claims": self.claims,
            "publisher": self.publisher,
            "clock": self.clock,
            "schedule": self.schedule,
        }


def small_pipeline(
    *, timezone: str = "UTC", seasons: Any = None, tables: Mapping[str, Mapping[str, Any]] | None = None, **policy: Any
) -> Pipeline:
    """Three phases of one table each (raw → refined → served, entity `game`), both transitions in mode heal.

    Args:
        timezone: of the pipeline.
        seasons: as in the file.
        tables: more keys for the table of a phase, by phase.
        policy: keys of both transitions' policies.
    """
    names = ("raw", "refined", "served")
    phases = {
        name: {
            "tables": [
                {"table": f"d.{name}", "date_column": "day", "entity_column": "game", **(tables or {}).get(name, {})}
            ]
        }
        for name in names
    }
    transitions = {
        f"{up}_to_{down}": {
            "upstream": [up],
            "downstream": down,
            "trigger": {"pubsub": {"topic": f"{down}-trigger"}},
            "policy": {"mode": "heal", **policy},
        }
        for up, down in pairwise(names)
    }
    return validated(
        {
            "version": 1,
            "pipeline": "small",
            "location": "us-west2",
            "timezone": timezone,
            "ledger_dataset": "gapheal_small",
            "seasons": seasons or {},
            "phases": phases,
            "transitions": transitions,
        }
    )
