"""Reads what exists: one statement counts both sides of a transition, and says by its own clock when."""

from __future__ import annotations

from datetime import date

from google.api_core import exceptions as google

from gapheal.bigquery import Connection, Rows, translated
from gapheal.judge.needs import tables_of
from gapheal.model.passes import Count, Observations, Scope, TableKey
from gapheal.model.pipeline import Pipeline, Table
from gapheal.warehouse import catalog
from gapheal.warehouse.sql import Source, statement

__all__ = ["BigQueryWarehouse"]


class BigQueryWarehouse:
    """The real warehouse. Column types are looked up once a process, and again when a query fails."""

    def __init__(self, pipeline: Pipeline, connection: Connection) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._types: catalog.Types = {}

    def observe(self, transition: str, scope: Scope) -> Observations:
        """Count every table that judging `transition` needs, in `scope`, in one statement.

        Raises:
            ConfigError: a table or column is absent, misplaced or of a wrong type.
            Unavailable: BigQuery did not answer, or refused for now.
        """
        tables = dict(tables_of(self._pipeline, transition))
        with translated(f"observing {transition}"):
            try:
                answer = self._count(tables, scope)
            except (google.NotFound, google.BadRequest):
                # A table may have changed since it was looked up: the catalogue names the culprit, if there is one.
                self._types = {}
                answer = self._count(tables, scope)
        return self._observations(tables, answer)

    def _count(self, tables: dict[TableKey, Table], scope: Scope) -> Rows:
        # Requests share this object: another one may forget the types at any moment.
        types = self._types
        if unknown := [(key, table) for key, table in tables.items() if key not in types]:
            self._types = types = {**types, **catalog.date_types(self._connection, unknown)}
        sources = [
            Source(number, catalog.full_name(self._connection, table.table), table, types[key])
            for number, (key, table) in enumerate(tables.items())
        ]
        sql, parameters = statement(sources, scope, self._pipeline.zone)
        return self._connection.query(sql, parameters)

    @staticmethod
    def _observations(tables: dict[TableKey, Table], answer: Rows) -> Observations:
        keys = list(tables)
        counts: dict[TableKey, dict[date, Count]] = {key: {} for key in keys}
        for row in answer.rows:
            if row["source"] >= 0 and row["day"] is not None:
                counts[keys[row["source"]]][row["day"]] = Count(row["row_count"], row["entity_count"])
        return Observations(answer.rows[0]["observed_at"], counts, 1, answer.bytes_billed)
