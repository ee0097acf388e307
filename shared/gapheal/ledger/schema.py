"""The ledger's tables and views as data: Python creates them, and Terraform reads the same definition."""

from __future__ import annotations

from importlib.resources import files

TABLES: dict[str, dict[str, str]] = {
    "passes": {
        "pass_id": "STRING",
        "source": "STRING",
        "mode": "STRING",
        "window_start": "DATE",
        "window_end": "DATE",
        "gaps_found": "INT64",
        "triggered": "INT64",
        "conditions": "JSON",
        "actions": "JSON",
        "queries": "INT64",
        "bytes_billed": "INT64",
        "duration_ms": "INT64",
        "spec_hash": "STRING",
        "breaker": "STRING",
        "error": "STRING",
    },
    "triggers": {
        "trigger_id": "STRING",
        "pass_id": "STRING",
        "source": "STRING",
        "partition_date": "DATE",
        "n": "INT64",
        "part": "STRING",
        "reason": "STRING",
        "watermark": "STRING",
        "downstream_rows": "INT64",
        "downstream_entities": "INT64",
        "claimed_at": "TIMESTAMP",
        "destination": "STRING",
        "message_id": "STRING",
        "outcome": "STRING",
        "error": "STRING",
    },
    "verdicts": {
        "pass_id": "STRING",
        "partition_date": "DATE",
        "condition": "STRING",
        "action": "STRING",
        "watermark": "STRING",
        "code": "STRING",
        "numbers": "JSON",
        "sentence": "STRING",
        "downstream_rows": "INT64",
        "downstream_entities": "INT64",
        "attempts": "INT64",
        "first_seen_at": "TIMESTAMP",
        "arrived_at": "TIMESTAMP",
        "triggered_at": "TIMESTAMP",
        "trigger_id": "STRING",
        "grew_at": "TIMESTAMP",
        "spec_hash": "STRING",
        "seen_whole": "JSON",
    },
    "decisions": {
        "decision": "STRING",
        "partition_date": "DATE",
        "who": "STRING",
        "why": "STRING",
        "until": "TIMESTAMP",
        "backfill_id": "STRING",
    },
    "backfills": {
        "backfill_id": "STRING",
        "state": "STRING",
        "who": "STRING",
        "why": "STRING",
        "window_start": "DATE",
        "window_end": "DATE",
        "asked": "JSON",
        "report": "JSON",
    },
    "alerts": {
        "pass_id": "STRING",
        "n": "INT64",
        "step": "INT64",
        "title": "STRING",
        "body": "STRING",
        "outcomes": "JSON",
        "state": "JSON",
    },
    "counts": {
        "pass_id": "STRING",
        "table_name": "STRING",
        "spec_hash": "STRING",
        "partition_date": "DATE",
        "row_count": "INT64",
        "entity_count": "INT64",
        "written_at": "TIMESTAMP",
        "stamp": "STRING",
    },
    "rejections": {
        "raw": "STRING",
        "error": "STRING",
        "message_id": "STRING",
        "publish_time": "STRING",
    },
}
"""Columns by table; every table begins with `COMMON`."""

COMMON = {"recorded_at": "TIMESTAMP", "observed_at": "TIMESTAMP", "transition": "STRING"}
PARTITIONED_BY = "recorded_at"
CLUSTERED_BY = "transition"
VIEWS = ("open_gaps", "heals", "gap_trend", "pass_health", "gap_history")


def columns(table: str) -> dict[str, str]:
    """Name and type of every column of a ledger table, in order."""
    return {**COMMON, **TABLES[table]}


def sql(name: str, ledger: str) -> str:
    """The statement in `name`.sql, on the ledger dataset `project.dataset`."""
    return (files("gapheal.ledger") / f"{name}.sql").read_text().replace("${ledger}", ledger)
