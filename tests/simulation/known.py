"""The ledger's rows by what is asked of them, as far as a pass could read them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any, NamedTuple

from tests.simulation.witness import Run

from gapheal.ledger.recall import Fact


class Placed(NamedTuple):
    """A row, and how many came before it."""

    place: int
    row: Fact


class Known:
    """Grows with the ledger, so that nothing is read twice."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self._rows = rows
        self._read = dict.fromkeys(("triggers", "verdicts"), 0)
        self._by_step: dict[tuple[str, str], list[Placed]] = defaultdict(list)
        self._complete: dict[tuple[str, str], list[tuple[int, datetime]]] = defaultdict(list)

    def of(self, run: Run, table: str) -> list[Fact]:
        """The transition's rows that this pass could read; oldest first."""
        self._catch_up(table)
        limit = (run.known or {}).get(table, 0)
        return [placed.row for placed in self._by_step[table, run.transition] if placed.place < limit]

    def completed(self, name: str, day: date, run: Run | None = None) -> list[datetime]:
        """When passes saw the date complete: all that are written, or those that `run` could read."""
        self._catch_up("verdicts")
        limit = len(self._rows["verdicts"]) if run is None else (run.known or {}).get("verdicts", 0)
        return [moment for place, moment in self._complete[name, str(day)] if place < limit]

    def _catch_up(self, table: str) -> None:
        rows = self._rows[table]
        for place in range(self._read[table], len(rows)):
            row = rows[place]
            self._by_step[table, row["transition"]].append(Placed(place, row))
            if table == "verdicts" and row["condition"] == "complete":
                moment = datetime.fromisoformat(row["observed_at"])
                self._complete[row["transition"], row["partition_date"]].append((place, moment))
        self._read[table] = len(rows)
