"""gapheal keeps every phase of a date-partitioned BigQuery pipeline caught up with the phase before it."""

__version__ = "0.1.0"
