"""Creates the ledger and its claims dataset; safe when many start at once, and never in a stranger's dataset."""

from __future__ import annotations

from google.api_core import exceptions as google
from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, OWNER_LABEL, RETRY, Connection, translated
from gapheal.errors import ConfigError
from gapheal.ledger.schema import (
    CLUSTERED_BY,
    PARTITIONED_BY,
    TABLES,
    VIEWS,
    columns,
    sql,
)
from gapheal.model.pipeline import Pipeline


def create(connection: Connection, pipeline: Pipeline) -> None:
    """Create what is absent of the datasets, tables, columns and views.

    Raises:
        ConfigError: a dataset of that name belongs to somebody else.
        Unavailable: BigQuery did not answer.
    """
    ledger = f"{connection.project}.{pipeline.ledger_dataset}"
    with translated(f"creating the ledger {ledger}"):
        for dataset in (pipeline.ledger_dataset, pipeline.claims_dataset):
            _create_dataset(connection, pipeline.pipeline, dataset)
        for table in TABLES:
            _create_table(connection, _table(ledger, table))
        for view in VIEWS:
            wanted = bigquery.Table(f"{ledger}.{view}")
            wanted.view_query = sql(view, ledger)
            _create(connection, wanted)
            _update_view(connection, wanted)


def check_owner(connection: Connection, pipeline: str, dataset: str) -> None:
    """Refuse a ledger dataset that is absent, or that another pipeline owns.

    Raises:
        ConfigError: with the mend.
        Unavailable: BigQuery did not answer.
    """
    name = f"{connection.project}.{dataset}"
    with translated(f"reading the ledger {name}"):
        try:
            found = connection.client.get_dataset(name, retry=RETRY, timeout=CALL_SECONDS)
        except google.NotFound:
            raise ConfigError(
                f"the ledger dataset {name} was not found: run `gapheal ledger create`, or apply the Terraform module"
            ) from None
        owner = (found.labels or {}).get(OWNER_LABEL)
    if owner != pipeline:
        raise ConfigError(
            f"the ledger dataset {name} belongs to {f'pipeline {owner}' if owner else 'somebody else'}, expected "
            f"the label {OWNER_LABEL}={pipeline}: choose another `ledger_dataset`, or set that label if it is yours"
        )


def _create_dataset(connection: Connection, pipeline: str, name: str) -> None:
    wanted = bigquery.Dataset(f"{connection.project}.{name}")
    wanted.location = connection.location
    wanted.labels = {OWNER_LABEL: pipeline}
    try:
        connection.client.create_dataset(wanted, retry=RETRY, timeout=CALL_SECONDS)
    except google.Conflict:
        check_owner(connection, pipeline, name)


def _table(ledger: str, name: str) -> bigquery.Table:
    schema = [bigquery.SchemaField(column, kind) for column, kind in columns(name).items()]
    table = bigquery.Table(f"{ledger}.{name}", schema=schema)
    table.time_partitioning = bigquery.TimePartitioning(field=PARTITIONED_BY)
    table.clustering_fields = [CLUSTERED_BY]
    return table


def _create(connection: Connection, table: bigquery.Table) -> bigquery.Table:
    """The table as it is there now."""
    return connection.client.create_table(table, exists_ok=True, retry=RETRY, timeout=CALL_SECONDS)


def _create_table(connection: Connection, wanted: bigquery.Table) -> None:
    """A table that an older release created gets the columns that this one writes."""
    there = {column.name for column in _create(connection, wanted).schema}
    for column in wanted.schema:
        if column.name not in there:
            # Not update_table: many may start at once, and the emulator takes its schema without using it.
            connection.query(f"ALTER TABLE `{wanted}` ADD COLUMN IF NOT EXISTS {column.name} {column.field_type}", {})


def _update_view(connection: Connection, wanted: bigquery.Table) -> None:
    """A view that an older release created says what this one says."""
    found = connection.client.get_table(wanted.reference, retry=RETRY, timeout=CALL_SECONDS)
    if found.view_query != wanted.view_query:
        found.view_query = wanted.view_query
        connection.client.update_table(found, ["view_query"], retry=RETRY, timeout=CALL_SECONDS)
