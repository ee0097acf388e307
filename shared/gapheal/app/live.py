"""`validate --live`: what the file says, held against what BigQuery says. Reads everything, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from gapheal.app.unseen import warnings
from gapheal.app.wiring import project_of
from gapheal.bigquery import Connection, connect
from gapheal.errors import ConfigError
from gapheal.judge.needs import expected_key
from gapheal.ledger.create import check_owner
from gapheal.model.passes import Memory, Observations, Request, Source, TableKey
from gapheal.model.pipeline import Pipeline, Table
from gapheal.reconcile.scope import scope_of
from gapheal.warehouse import BigQueryWarehouse, reads_metadata
from gapheal.warehouse.catalog import survey
from gapheal.warehouse.described import Described, retention
from gapheal.warehouse.plan import told_by_partitions


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table as it stands, in words."""

    phase: str
    table: str
    type: str
    location: str
    date_column: str
    """With its type."""
    partitions: str
    filter: str
    """Whether a query must bound the partitions, and by which column."""
    kept: str
    """How long a date is kept."""
    last_write: str
    """Where the last write of a date is known from."""


@dataclass(frozen=True, slots=True)
class Live:
    """A file that fits its tables."""

    tables: list[TableReport]
    warnings: list[str]

    @property
    def columns(self) -> list[str]:
        """What is told of each table."""
        return [field.name for field in fields(TableReport)]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"tables": [asdict(table) for table in self.tables], "warnings": self.warnings}


def live(pipeline: Pipeline, project: str | None = None) -> Live:
    """Read every table of the file through the catalogue, then what each transition would look at.

    Raises:
        ConfigError: every fault of every table, one a line.
        Unavailable: BigQuery did not answer.
    """
    connection = connect(pipeline.pipeline, project_of(pipeline, project), pipeline.location)
    tables = all_tables(pipeline)
    found = survey(connection, tables)
    try:
        seen = observed(pipeline, connection)
    except ConfigError as error:
        raise ConfigError("\n".join(dict.fromkeys([*found.faults, *str(error).splitlines()]))) from error
    if found.faults:
        raise ConfigError("\n".join(found.faults))
    metadata = reads_metadata(pipeline, connection)
    told = [*_ledger(pipeline, connection), *warnings(pipeline, found.tables, seen, metadata=metadata)]
    reports = [report(pipeline, key, table, found.tables[key], metadata=metadata) for key, table in tables.items()]
    return Live(reports, told)


def all_tables(pipeline: Pipeline) -> dict[TableKey, Table]:
    """Every table that the file names, those of paused transitions too."""
    tables = {}
    for name, phase in pipeline.phases.items():
        tables.update({TableKey(name, table.table): table for table in phase.tables})
        if phase.expected:
            tables[expected_key(name, phase.expected.table)] = phase.expected.as_table
    return tables


def report(pipeline: Pipeline, key: TableKey, table: Table, found: Described, *, metadata: bool) -> TableReport:
    """What is worth knowing of one table."""
    cut, kept = found.partitioning, retention(found, table, pipeline.zone)
    column = cut and (cut.column or "ingestion")
    if table.updated_column:
        last_write = f"updated_column {table.updated_column}"
    elif metadata and told_by_partitions(found, table, pipeline.zone):
        last_write = "partition metadata"
    else:
        last_write = "not known"
    return TableReport(
        phase=key.phase,
        table=key.table,
        type=found.kind,
        location=found.location,
        date_column=f"{table.date_column} {found.type_of(table.date_column)}",
        partitions=f"{cut.unit} of {column}" if cut else "none",
        filter=f"required on {column}" if found.filter_required else "none",
        kept="for ever" if kept is None else f"{kept.days} days",
        last_write=last_write,
    )


def observed(pipeline: Pipeline, connection: Connection) -> Mapping[str, Observations]:
    """What the next scan of each transition would see; faults that only a query can find are told at once.

    Raises:
        ConfigError: every fault, one a line.
        Unavailable: BigQuery did not answer.
    """
    warehouse = BigQueryWarehouse(pipeline, connection)
    today = datetime.now(UTC).astimezone(pipeline.zone).date()
    seen, faults = {}, dict[str, None]()
    for name, transition in pipeline.transitions.items():
        scope = scope_of(transition.policy, Request(Source.SCAN), Memory(), today)
        if scope is None or transition.policy.mode == "paused":
            continue
        try:
            seen[name] = warehouse.observe(name, scope)
        except ConfigError as error:
            faults |= dict.fromkeys(str(error).splitlines())
    if faults:
        raise ConfigError("\n".join(faults))
    return seen


def _ledger(pipeline: Pipeline, connection: Connection) -> Iterator[str]:
    try:
        check_owner(connection, pipeline.pipeline, pipeline.ledger_dataset)
    except ConfigError as error:
        yield str(error)
