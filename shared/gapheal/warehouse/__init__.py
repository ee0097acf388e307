"""Reads what exists: one statement reads both sides of a transition, and says by its own clock when."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from google.api_core import exceptions as google

from gapheal.bigquery import Connection, Parameter, Rows, translated
from gapheal.errors import ConfigError, Unavailable, brief
from gapheal.intervals import EARLIEST, LATEST
from gapheal.judge.needs import tables_of
from gapheal.model.passes import Counted, Observations, Scope, TableKey
from gapheal.model.pipeline import Pipeline
from gapheal.warehouse.catalog import Catalogue, called
from gapheal.warehouse.plan import Plan
from gapheal.warehouse.reading import Reading, suspects
from gapheal.warehouse.remembered import Recount
from gapheal.warehouse.sql import columns, statement

__all__ = ["BigQueryWarehouse", "First", "reads_metadata"]


def reads_metadata(pipeline: Pipeline, connection: Connection) -> bool:
    """Whether partitions' metadata is read at all; an emulator's last writes never move."""
    return {"on": True, "off": False, "auto": not connection.emulator}[pipeline.metadata]


class First(NamedTuple):
    """The statement that an observation begins with, and what its answer is read by."""

    transition: str
    scope: Scope
    plan: Plan
    sql: str
    parameters: Mapping[str, Parameter]
    columns: tuple[str, ...]
    """What a row of the answer tells, in its order."""


class BigQueryWarehouse:
    """The real warehouse. Tables are looked up once an hour, and again when a query fails."""

    def __init__(
        self, pipeline: Pipeline, connection: Connection, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pipeline = pipeline
        self._connection = connection
        self._catalogue = Catalogue(connection, monotonic)
        self._metadata = reads_metadata(pipeline, connection)

    def observe(self, transition: str, scope: Scope, counted: Counted | None = None) -> Observations:
        """Read every table that judging `transition` needs, in `scope`: both sides in one statement.

        Where metadata tells rows, further statements count what it may not know: tables with a streaming buffer,
        and dates that a table would lack. With `counted`, the first statement reads metadata alone, and of the window
        a second one counts the dates whose partitions say something else than when they were counted.

        Raises:
            ConfigError: a table or column is absent, misplaced or of a wrong type, or hides its rows from us.
            Unavailable: BigQuery did not answer, or refused for now.
        """
        with translated(f"observing {transition}"):
            try:
                return self._observe(transition, scope, counted)
            except (google.NotFound, google.BadRequest):
                # A table may have changed since it was looked up: the catalogue names the culprit, if there is one.
                self._catalogue.forget()
                try:
                    return self._observe(transition, scope, counted)
                except (google.NotFound, google.BadRequest) as error:
                    if unreadable := list(self._unreadable(transition, scope)):
                        raise ConfigError("\n".join(unreadable)) from error
                    raise

    def first(self, transition: str, scope: Scope, *, stamped: bool = False) -> First:
        """The statement that an observation begins with, not yet run; `stamped` where counts are remembered.

        Raises:
            ConfigError: a table or column is absent, misplaced or of a wrong type.
            google.api_core.exceptions.GoogleAPICallError: and the other errors that `translated` knows.
        """
        tables = dict(tables_of(self._pipeline, transition))
        plan = Plan(tables, self._catalogue.of(tables), self._pipeline.zone, self._metadata)
        if stamped and plan.dated:
            plan = replace(plan, stamped=True)
        sources, partitions = plan.sources(() if plan.stamped else plan.counted), plan.partitions()
        asked = statement(sources, scope, plan.zone, partitions)
        return First(transition, scope, plan, *asked, columns(sources, partitions))

    def told(self, first: First, answer: Rows, counted: Counted | None = None) -> Observations:
        """What the first statement's answer tells, and the further statements that it makes necessary.

        Raises:
            ConfigError: a table hides its rows from us.
            google.api_core.exceptions.GoogleAPICallError: and the other errors that `translated` knows.
        """
        plan, scope, answers = first.plan, first.scope, [answer]
        reading, now = Reading(plan, scope, answer.rows), answer.rows[0]["observed_at"]
        recount = Recount(self._pipeline, reading, counted or {}, now) if plan.stamped else None
        if recount:
            answers += self._counted_anew(plan, scope, recount)
        if streaming := reading.streaming:
            answers.append(self._count(plan, streaming, scope))
            reading.recount(streaming, scope, answers[-1].rows)
        if lacking := suspects(self._pipeline, first.transition, reading):
            doubted = Scope(dates=frozenset[date]().union(*lacking.values()))
            answers.append(self._count(plan, lacking, doubted))
            reading.recount(lacking, doubted, answers[-1].rows)
        if hidden := list(self._hidden(reading)):
            raise ConfigError("\n".join(hidden))
        return Observations(
            now,
            reading.counts,
            reading.facts(),
            queries=len(answers),
            bytes_billed=sum(each.bytes_billed for each in answers),
            learnt=tuple(recount.learnt()) if recount else (),
        )

    def _observe(self, transition: str, scope: Scope, counted: Counted | None) -> Observations:
        # Single dates are always counted: they are open, or somebody has just named them.
        first = self.first(transition, scope, stamped=counted is not None and scope.window is not None)
        return self.told(first, self._ask(first.sql, first.parameters), counted)

    def _unreadable(self, transition: str, scope: Scope) -> Iterator[str]:
        """Tables that fail even alone: of a statement that reads many, BigQuery does not say whose part is at fault."""
        plan = self.first(transition, scope).plan
        for key, table in plan.tables.items():
            kind = plan.described[key].kind
            may_fail = ["its `where`"] * bool(table.where) + [f"the {kind.lower().replace('_', ' ')}"] * (
                kind != "TABLE"
            )
            if not may_fail:
                continue  # all that a plain table can lack is what the catalogue has looked at
            try:
                self._count(plan, [key], scope)
            except (google.NotFound, google.BadRequest) as error:
                yield f"{called(key)} cannot be read: {brief(error)}; mend {' or '.join(may_fail)}"

    def _counted_anew(self, plan: Plan, scope: Scope, recount: Recount) -> Iterator[Rows]:
        """Count what may not stand as it is remembered; where that belies what may, everything."""
        answer = Rows([], 0)
        if asked := recount.asked:
            dates = {key: each.dates for key, each in asked.items() if each.window is None}
            answer = self._ask(*statement(plan.sources(asked, dates), scope, plan.zone))
            yield answer
        recount.put(answer.rows)
        if doubted := recount.doubted:
            answer = self._count(plan, doubted, scope)
            yield answer
            recount.put_whole(answer.rows)

    def _count(self, plan: Plan, keys: Collection[TableKey], scope: Scope) -> Rows:
        return self._ask(*statement(plan.sources(keys), scope, plan.zone))

    def _ask(self, sql: str, parameters: Mapping[str, Parameter]) -> Rows:
        try:
            return self._connection.query(sql, parameters)
        except google.Forbidden as error:
            if "INFORMATION_SCHEMA" not in str(error):
                raise
            raise Unavailable(
                "partitions' metadata may not be read: grant bigquery.tables.list (roles/bigquery.dataViewer has it), "
                f"or write `metadata: off` to count rows instead; BigQuery says: {brief(error)}"
            ) from error

    def _hidden(self, reading: Reading) -> Iterator[str]:
        """Tables that show us nothing though their metadata has rows: that is never the same as empty."""
        window = reading.scope.window
        whole = window is not None and window.start <= EARLIEST and window.last >= LATEST
        for key, in_partitions in reading.empty():
            found, rows = reading.plan.described[key], in_partitions
            if whole and found.kind == "TABLE" and not self._connection.emulator:
                rows = self._catalogue.rows_now(found)
            if rows:
                column = reading.plan.tables[key].date_column
                yield (
                    f"{called(key)} shows 0 rows {_when(reading.scope)}, its metadata has {rows:,}: expected to read "
                    "them. Either a row access policy hides them from this account (grant it a filter that is TRUE), "
                    f"or {column} (date_column) holds no dates from 1990 to 2159: NULL, or another column is meant"
                )


def _when(scope: Scope) -> str:
    days = [*sorted(scope.dates)[:1], *sorted(scope.dates)[-1:]]
    days += [scope.window.start, scope.window.last] if scope.window else []
    first, last = min(days), max(days)
    if first <= EARLIEST and last >= LATEST:
        return "of any date"
    return f"from {first} to {last}" if first < last else f"of {first}"
