"""A BigQuery whose metadata can be told apart from its rows: what an emulator cannot show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from google.cloud import bigquery

from gapheal.bigquery import Rows
from gapheal.testing import small_pipeline
from gapheal.warehouse import BigQueryWarehouse

NOW = datetime(2024, 6, 21, 12, tzinfo=UTC)


@dataclass
class Table:
    """One table: its rows, and, apart from them, what metadata says."""

    resource: dict
    rows: dict[date, int] = field(default_factory=dict)
    """What a COUNT sees."""
    partitions: list[tuple[str, int, datetime | None]] = field(default_factory=list)
    written: dict[date, datetime] = field(default_factory=dict)
    """MAX(updated_column), by date."""

    def put(self, day: date, rows: int = 1, written_at: datetime | None = None, part: str | None = None) -> None:
        """Rows that are there, in their partition."""
        self.rows[day] = self.rows.get(day, 0) + rows
        self.partitions.append((part or f"{day:%Y%m%d}", rows, written_at))


class World:
    """Tables in dataset p.d, and a connection to them. DATE columns only."""

    project, location, emulator = "p", "us-west2", False

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.asked: list[str] = []
        self.client = SimpleNamespace(get_table=self.get_table)

    def create(self, name: str, cut: dict | None = None, columns: str = "day DATE, game STRING", **more) -> Table:
        """A table as the API tells it; `cut` is its timePartitioning, by default by day on `day`."""
        _, dataset, table = f"p.{name}".split(".")
        fields = [dict(zip(("name", "type"), column.split(), strict=True)) for column in columns.split(", ")]
        resource = {
            "tableReference": {"projectId": "p", "datasetId": dataset, "tableId": table},
            "type": "TABLE",
            "location": self.location,
            "schema": {"fields": fields},
            "timePartitioning": {"type": "DAY", "field": "day"} if cut is None else cut,
            **more,
        }
        self.tables[name] = Table(resource)
        return self.tables[name]

    def get_table(self, name: str, **_) -> bigquery.Table:
        return bigquery.Table.from_api_repr(self.tables[name.removeprefix("p.")].resource)

    def query(self, sql: str, parameters) -> Rows:
        self.asked.append(sql)
        rows = [{"source": -1, "day": None}]
        for branch in sql.split("UNION ALL"):
            if found := re.search(r"SELECT (\d+) AS source.*FROM `p\.([^`]+)`", branch, re.DOTALL):
                number, name = int(found[1]), found[2]
                read = self._metadata if name.endswith("PARTITIONS") else self._count
                rows += [{"source": number, "entity_count": None, **row} for row in read(name, branch, parameters)]
        return Rows([{**row, "observed_at": NOW} for row in rows], 10)

    def _count(self, name: str, branch: str, parameters):
        table = self.tables[name]
        told = {each: parameters[each] for each in re.findall(r"@(\w+)", branch)}
        first, last = (told[each] for each in told if re.match("first_day|last_day", each))
        days = next((told[each] for each in told if each.startswith("days")), None)
        for day, rows in table.rows.items():
            within = "window_start" in told and told["window_start"] <= day <= told["window_end"]
            if rows and first <= day <= last and (days is None or within or day in days):
                written_at = table.written.get(day) if "MAX(" in branch else None
                yield {"day": day, "row_count": rows, "written_at": written_at}

    def _metadata(self, name: str, branch: str, parameters):
        dataset = name.split(".", maxsplit=1)[0]
        first, last = parameters["first_partition"], parameters["last_partition"]
        names = {value for key, value in parameters.items() if key.startswith("table_")}
        for table in sorted(names):
            for part, rows, written_at in self.tables[f"{dataset}.{table}"].partitions:
                if first <= part <= last or part in {"__NULL__", "__UNPARTITIONED__"}:
                    yield {"day": None, "row_count": rows, "written_at": written_at, "place": f"{table}${part}"}

    def counted(self) -> list[list[str]]:
        """The tables that each statement counted."""
        return [re.findall(r"FROM `p\.(d\.\w+)`", sql) for sql in self.asked]


@pytest.fixture(scope="session")
def new_world() -> type[World]:
    """For tests that need many."""
    return World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def tables(world):
    """Both sides of the small pipeline's first transition, cut by day."""
    return world.create("d.raw"), world.create("d.refined")


@pytest.fixture
def file():
    """The small pipeline without entities; `raw` and `refined` are more keys of those tables."""

    def file(raw=None, refined=None, metadata="auto", timezone="UTC", **policy):
        tables = {"raw": {"entity_column": None, **(raw or {})}, "refined": {"entity_column": None, **(refined or {})}}
        pipeline = small_pipeline(timezone=timezone, tables=tables, **policy)
        return pipeline.model_copy(update={"metadata": metadata})

    return file


@pytest.fixture
def observe(world, file):
    def observe(scope, pipeline=None, **settings):
        return BigQueryWarehouse(pipeline or file(), world, **settings).observe("raw_to_refined", scope)

    return observe
