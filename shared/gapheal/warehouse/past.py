"""What tables held before, by BigQuery's time travel, and the way back: with the credentials of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from uuid import uuid4

from google.cloud import bigquery

from gapheal.bigquery import CALL_SECONDS, RETRY, Connection, translated
from gapheal.errors import ConfigError
from gapheal.model.passes import Count, TableKey
from gapheal.model.past import Back, Reach
from gapheal.model.pipeline import Pipeline
from gapheal.warehouse.catalog import Catalogue
from gapheal.warehouse.described import INGESTION, Described, keeps_every_row, zone_of
from gapheal.warehouse.restoring import Held, count_then, restore

__all__ = ["BigQueryPast"]

TIME_TRAVEL_HOURS = 168
"""Of a dataset that names no number of its own."""
RESTORE_SECONDS = 3600
"""A script has two statements for each date, seconds each. Who no longer waits for one that goes on to its end does not
know that the rows are back, and later takes them for somebody else's."""


class BigQueryPast:
    """The real past. It serves one command and remembers what it has looked up."""

    def __init__(self, pipeline: Pipeline, connection: Connection) -> None:
        self._pipeline, self._connection = pipeline, connection
        self._catalogue = Catalogue(connection)
        self._looked_up = cache(self._look_up)

    def reach(self, transition: str) -> dict[str, Reach]:
        """How far back each table can be read: its dataset's time travel, and its own beginning.

        Raises:
            ConfigError: a table is absent or misplaced.
            Unavailable: BigQuery did not answer.
        """
        with translated(f"reading the tables of {transition}"):
            now = self._now()
            return {key.table: self._reach(found, now) for key, found in self._described(transition).items()}

    def held(self, transition: str, moments: Mapping[date, datetime]) -> dict[str, dict[date, Count]]:
        """What each table held of each date at that date's moment: a statement each, since none may read two moments.

        Raises:
            ConfigError: a table cannot be read as it was then.
            Unavailable: BigQuery did not answer.
        """
        tables = self._tables(transition)
        wanted = list(product(tables, moments))
        with ThreadPoolExecutor(max_workers=8) as pool:
            counted = list(pool.map(lambda each: self._count(tables[each[0]], each[1], moments[each[1]]), wanted))
        found: dict[str, dict[date, Count]] = {name: {} for name in tables}
        for (name, day), count in zip(wanted, counted, strict=True):
            found[name][day] = count
        return found

    def restore(self, transition: str, table: str, days: Sequence[Back]) -> None:
        """One transaction: what the dates held is put in the place of what they hold.

        Raises:
            ConfigError: it holds other rows by now than were seen, or history tells otherwise: nothing was changed.
            Unavailable: BigQuery did not answer; look before trying again.
        """
        script = restore(self._tables(transition)[table], days, uuid4().hex[:12])
        with translated(f"putting back {table}"):
            (found,) = self._connection.query(script, {}, seconds=RESTORE_SECONDS).rows
        if not (found["untouched"] and found["restored"]):
            raise ConfigError(
                f"putting back {table}: expected the rows that were shown, found others: "
                f"{'somebody has written since' if not found['untouched'] else 'its history is not as it was read'}. "
                "Nothing of this table was changed; type the command again to see what it holds"
            )

    def _described(self, transition: str) -> dict[TableKey, Described]:
        phase = self._pipeline.transitions[transition].downstream
        return self._catalogue.of({TableKey(phase, each.table): each for each in self._pipeline.phases[phase].tables})

    def _tables(self, transition: str) -> dict[str, Held]:
        with translated(f"reading the tables of {transition}"):
            described = self._described(transition)
            tables = {table.table: table for table in self._pipeline.phases[next(iter(described)).phase].tables}
            return {
                key.table: Held(
                    found.name,
                    tables[key.table],
                    found.type_of(tables[key.table].date_column) or "",
                    [field.name for field in self._looked_up(found.name).schema],
                    zone_of(tables[key.table], self._pipeline.zone),
                    keeps_every_row(found, tables[key.table]),
                )
                for key, found in described.items()
            }

    def _reach(self, found: Described, now: datetime) -> Reach:
        table = self._looked_up(found.name)
        where = f"{table.project}.{table.dataset_id}"
        dataset = self._connection.client.get_dataset(where, retry=RETRY, timeout=CALL_SECONDS)
        # BigQuery tells the number as text.
        hours = int(dataset.max_time_travel_hours or TIME_TRAVEL_HOURS)
        begins = now - timedelta(hours=hours)
        why = f"the dataset {table.dataset_id} keeps {hours} hours (max_time_travel_hours)"
        if table.created and table.created > begins:
            begins, why = table.created, "the table was made then"
        return Reach(begins, why, _refusal(found, table.schema))

    def _count(self, held: Held, day: date, at: datetime) -> Count:
        with translated(f"reading {held.table.table} of {day} as it was at {at:%Y-%m-%d %H:%M:%S}Z"):
            (found,) = self._connection.query(count_then(held, day, at), {}).rows
        return Count(found["row_count"], found["entity_count"])

    def _look_up(self, name: str) -> bigquery.Table:
        return self._connection.client.get_table(name, retry=RETRY, timeout=CALL_SECONDS)

    def _now(self) -> datetime:
        (found,) = self._connection.query("SELECT CURRENT_TIMESTAMP() AS now", {}).rows
        now: datetime = found["now"]
        return now


def _refusal(found: Described, schema: Sequence[bigquery.SchemaField]) -> str | None:
    """Why dates of a table cannot be put back by DELETE and INSERT."""
    if found.kind != "TABLE":
        return f"it is a {found.kind.lower().replace('_', ' ')}: it has no rows of its own, and no dates to put back"
    if found.by_ingestion:
        return f"it is partitioned by the time of ingestion ({', '.join(INGESTION)}): no row has a date of its own"
    if found.buffered:
        return "rows are still in its streaming buffer, where BigQuery deletes none: wait until they are in the table"
    if _tagged(schema):
        return "it has columns with policy tags: what is masked for whoever asks would come back masked"
    return None


def _tagged(schema: Sequence[bigquery.SchemaField]) -> bool:
    return any(field.policy_tags or _tagged(field.fields) for field in schema)
