"""One table of the datasets, as it was found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gapheal.warehouse.described import INGESTION


@dataclass(frozen=True, slots=True)
class Found:
    """One table, as far as it was looked at."""

    phase: str
    table: str
    """As the file names it: `dataset.table`, with its project where that is another."""
    kind: str
    """TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT."""
    columns: Mapping[str, str]
    """Types by name."""
    cut_by: str | None = None
    """The partitioning column; `_PARTITIONDATE` for the time of ingestion."""
    unit: str | None = None
    """DAY, HOUR, MONTH, YEAR; None: not partitioned by time."""
    kept_days: int | None = None
    """How long a partition is kept; None: for ever."""
    expires: datetime | None = None
    """When the table as a whole goes."""
    filter_required: bool = False
    date_column: str | None = None
    dates: tuple[date, ...] = ()
    entities: Mapping[str, float] = field(default_factory=dict)
    """What could be counted, and how many of them a usual day has."""
    left_out: str | None = None
    """Why it is not in the file."""

    def type_of(self, column: str) -> str:
        """In BigQuery's words; the pseudo-columns have one, too."""
        return INGESTION.get(column.lower()) or self.columns[column]
