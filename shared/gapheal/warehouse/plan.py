"""How each table of a pass is read: its rows counted or told by metadata, its last write known or not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gapheal.model.passes import TableKey
from gapheal.model.pipeline import Table
from gapheal.warehouse.described import Described, dates_are_partitions, keeps_every_row
from gapheal.warehouse.sql import Partitions, Source

NO_DATES: Mapping[TableKey, frozenset[date]] = MappingProxyType({})


def told_by_partitions(found: Described, table: Table, zone: ZoneInfo) -> bool:
    """Whether the last write of the table's dates is that of its partitions, where metadata is read at all."""
    return table.updated_column is None and dates_are_partitions(found, table, zone)


@dataclass(frozen=True)
class Plan:
    """The tables of one pass, and what is read of each. Chosen by the file and the catalogue, never by the data."""

    tables: Mapping[TableKey, Table]
    described: Mapping[TableKey, Described]
    zone: ZoneInfo
    metadata: bool
    """Whether INFORMATION_SCHEMA.PARTITIONS may be read."""
    stamped: bool = False
    """Whether it is read of tables, too, that have a surer last write: it still tells which dates changed."""

    @cached_property
    def dated(self) -> list[TableKey]:
        """Tables whose partitions are their dates, and may be read."""
        if not self.metadata:
            return []
        tables = self.tables.items()
        return [key for key, table in tables if dates_are_partitions(self.described[key], table, self.zone)]

    @cached_property
    def partitioned(self) -> list[TableKey]:
        """Tables whose last writes the partitions' metadata tells."""
        if not self.metadata:
            return []
        return [key for key, table in self.tables.items() if told_by_partitions(self.described[key], table, self.zone)]

    @cached_property
    def uncounted(self) -> list[TableKey]:
        """Those of them whose rows it tells as well."""
        tables = self.tables
        return [key for key in self.partitioned if not tables[key].entity_column and not tables[key].where]

    @cached_property
    def counted(self) -> list[TableKey]:
        """All others: their rows are counted."""
        uncounted = set(self.uncounted)
        return [key for key in self.tables if key not in uncounted]

    def sources(self, keys: Collection[TableKey], dates: Mapping[TableKey, frozenset[date]] = NO_DATES) -> list[Source]:
        """What to count, numbered by the place of each table in the plan; of some tables only these dates."""
        numbers = {key: number for number, key in enumerate(self.tables)}
        return [
            Source(
                numbers[key],
                self.described[key].name,
                self.tables[key],
                self.described[key].type_of(self.tables[key].date_column) or "",
                keeps_every_row(self.described[key], self.tables[key]),
                dates.get(key),
            )
            for key in keys
        ]

    def partitions(self) -> list[Partitions]:
        """Whose metadata to read, dataset by dataset, numbered after all tables."""
        names: dict[str, set[str]] = defaultdict(set)
        for key in self.dated if self.stamped else self.partitioned:
            dataset, _, name = self.described[key].name.rpartition(".")
            names[dataset].add(name)
        return [
            Partitions(len(self.tables) + place, dataset, tuple(sorted(names[dataset])))
            for place, dataset in enumerate(names)
        ]
