"""A world in BigQuery's emulator: real tables, and gapheal's real warehouse, ledger and claims."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.precision.stages import pipeline_of, watched
from tests.precision.world import DAY, Cell, Table, World

from gapheal.app import build
from gapheal.testing import MemoryPublisher

LOCATION = "us-west2"
SECONDS = 60


class SqlStage:
    """Each table as the file describes it; BIGQUERY_EMULATOR_HOST says where."""

    def __init__(self, world: World, project: str) -> None:
        self._zone = ZoneInfo(world.zone)
        self._tables = {table.name: table for _, table in world.tables()}
        for phase in world.phases:
            if phase.expected:
                self._tables[phase.expected.name] = phase.expected
        self._changes: dict[str, dict[date, Cell | None]] = defaultdict(dict)
        self._filled: set[str] = set()
        self._client = bigquery.Client(project=project, credentials=AnonymousCredentials())
        self._create()
        self.app = watched(build(pipeline_of(world), project=project, publisher=MemoryPublisher()))

    def write(self, table: str, day: date, cell: Cell | None) -> None:
        """What a table holds of a date, from the next `ready` on."""
        self._changes[table][day] = cell

    def ready(self, now: datetime) -> None:
        """All that was written is there to be seen; BigQuery has its own clock."""
        stale = [name for name in self._changes if name in self._filled]
        if stale:
            deleted = "\n".join(f"DELETE FROM `{name}` WHERE {self._on_changed_days(name)};" for name in stale)
            self._client.query(f"BEGIN\n{deleted}\nEND", retry=None, timeout=SECONDS).result(timeout=SECONDS)
        for name, days in self._changes.items():
            rows = [
                row for day, cell in sorted(days.items()) if cell for row in self._rows(self._tables[name], day, cell)
            ]
            if name not in self._filled:
                rows += self._noise(self._tables[name], days)
            self._load(name, rows)
        self._filled |= set(self._changes)
        self._changes.clear()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _create(self) -> None:
        for name in sorted({table.partition(".")[0] for table in self._tables}):
            dataset = bigquery.Dataset(f"{self._client.project}.{name}")
            dataset.location = LOCATION
            self._client.create_dataset(dataset, retry=None, timeout=SECONDS)
        for table in self._tables.values():
            wanted = bigquery.Table(f"{self._client.project}.{table.name}", schema=_schema(table))
            wanted.time_partitioning = bigquery.TimePartitioning(
                field=table.date_column,
                expiration_ms=table.retention_days and table.retention_days * 24 * 3600 * 1000,
            )
            self._client.create_table(wanted, retry=None, timeout=SECONDS)

    def _load(self, name: str, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        config = bigquery.LoadJobConfig(
            schema=_schema(self._tables[name]),
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        )
        lines = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
        where = f"{self._client.project}.{name}"
        self._client.load_table_from_file(lines, where, job_config=config, timeout=SECONDS).result(timeout=SECONDS)

    def _rows(self, table: Table, day: date, cell: Cell) -> Iterator[dict[str, Any]]:
        for n in range(cell.rows):
            row: dict[str, Any] = {table.date_column: self._at(table, day, n)}
            if table.entity_column and cell.entities:
                row[table.entity_column] = f"{table.entity}-{n % cell.entities}"
            if table.updated_column:
                earlier = timedelta(minutes=n % 7) if n else timedelta()
                row[table.updated_column] = (cell.written - earlier).isoformat()
            if table.flag_column:
                row[table.flag_column] = True
            yield row

    def _noise(self, table: Table, days: dict[date, Cell | None]) -> Iterator[dict[str, Any]]:
        """Rows that mean nothing: of no date, or such as the table's `where` leaves out."""
        yield {table.date_column: None}
        for day in sorted(days) if table.flag_column else []:
            for near in (day, day + DAY):
                yield {table.date_column: self._at(table, near, 0), table.flag_column: False}

    def _at(self, table: Table, day: date, n: int) -> str:
        """The first second of a day, the last, or one between: where the pipeline is."""
        if table.kind == "DATE":
            return str(day)
        start, end = datetime.combine(day, time()), datetime.combine(day + DAY, time())
        if table.kind == "DATETIME":
            return (start, end - timedelta(seconds=1), start + timedelta(hours=13))[n % 3].isoformat()
        first, last = (each.replace(tzinfo=self._zone).astimezone(UTC) for each in (start, end))
        return (first, last - timedelta(seconds=1), first + (last - first) / 2)[n % 3].isoformat()

    def _on_changed_days(self, name: str) -> str:
        table, days = self._tables[name], ", ".join(f"DATE '{day}'" for day in sorted(self._changes[name]))
        column = f"`{table.date_column}`"
        day = {"DATE": column, "DATETIME": f"DATE({column})"}.get(table.kind, f"DATE({column}, '{self._zone.key}')")
        return f"{day} IN ({days})"


def _schema(table: Table) -> list[bigquery.SchemaField]:
    columns = {
        table.date_column: table.kind,
        table.entity_column: "STRING",
        table.updated_column: "TIMESTAMP",
        table.flag_column: "BOOL",
    }
    return [bigquery.SchemaField(column, kind) for column, kind in columns.items() if column]
