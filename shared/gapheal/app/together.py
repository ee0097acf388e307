"""The ledger and the tables of a transition, read by one BigQuery job."""

from __future__ import annotations

from datetime import date

from google.api_core import exceptions as google

from gapheal.bigquery import Connection, Parameter, Rows, translated
from gapheal.errors import ConfigError, brief
from gapheal.ledger import Asked, BigQueryLedger
from gapheal.ledger.recall import facts, memory
from gapheal.model.passes import Memory, Observations, Scope
from gapheal.warehouse import BigQueryWarehouse, First


class BigQueryTogether:
    """The real adapter: what the warehouse and the ledger would ask, each a part of one statement."""

    def __init__(self, warehouse: BigQueryWarehouse, ledger: BigQueryLedger, connection: Connection) -> None:
        self._warehouse, self._ledger, self._connection = warehouse, ledger, connection

    def read(self, transition: str, dates: frozenset[date] | None, scope: Scope) -> tuple[Memory, Observations]:
        """What `recall` and `observe` tell, of one moment; the job that told both is counted in the memory.

        Raises:
            ConfigError: one of them cannot be read; read apart, it names its fault.
            Unavailable: BigQuery did not answer.
        """
        asked = self._ledger.asked(transition, dates)
        with translated(f"observing {transition}"):
            first = self._warehouse.first(transition, scope)
        answer = self._ask(transition, *statement(first, asked))
        known = memory(asked.question, facts(row for row in answer.rows if row["kind"]), answer.bytes_billed)
        with translated(f"observing {transition}"):
            seen = self._warehouse.told(first, Rows([row for row in answer.rows if not row["kind"]], 0))
        return known, seen._replace(queries=seen.queries - 1)

    def _ask(self, transition: str, sql: str, parameters: dict[str, Parameter]) -> Rows:
        doing = f"reading the ledger and observing {transition}"
        with translated(doing):
            try:
                return self._connection.query(sql, parameters)
            except google.Forbidden as error:
                # Whose tables are forbidden is told by the one of the two that fails alone.
                raise ConfigError(f"{doing}: {brief(error)}") from error


def statement(first: First, asked: Asked) -> tuple[str, dict[str, Parameter]]:
    """Both statements as one, and the parameters of both.

    A row tells of a table (`kind` and `fact` are null), or it is a fact of the ledger (all else is null).
    """
    seen, nothing = ", ".join(first.columns), ", ".join("NULL" for _ in first.columns)
    sql = (
        f"WITH\nseen AS (\n{first.sql}),\nknown AS (\n{asked.sql})\n"
        f"SELECT {seen}, CAST(NULL AS STRING) AS kind, CAST(NULL AS STRING) AS fact FROM seen\n"
        f"UNION ALL\nSELECT {nothing}, kind, fact FROM known\n"
    )
    return sql, {**first.parameters, **asked.question.parameters}
