"""What would change a verdict, by its reason's code: what ends it by itself, and what a person can do."""

from __future__ import annotations

from datetime import date

from gapheal.model.passes import Reason

CHANGES = {
    "excuse": "the excuse `{excuse}` in the file",
    "tables_excused": "the excuses of its tables in the file",
    "accepted": "`{retry}` takes the word back",
    "upstream_not_required": "rows of {phase}",
    "expired": "nothing: what is expired is gone; a longer partition expiration keeps later dates",
    "not_due": "time, an event that names the date, or a smaller policy.lag_days",
    "upstream_gone": "upstream's rows",
    "upstream_rows": "{needed} rows in {table}, or a smaller min_rows",
    "upstream_entities": "{needed} {unit} in {table}, or a smaller min_completeness",
    "stuck_rows": "{needed} rows in {table}, or `{command}`",
    "stuck_entities": "{needed} {unit} in {table}, or `{command}`",
    "lookback_rows": "{needed} rows in {table} on {before}, or time",
    "lookback_entities": "{needed} {unit} in {table} on {before}, or time",
    "past_open": "{before} complete, or time",
    "settling": "time, or a smaller policy.settle_minutes",
    "missing": "rows in {table}",
    "partial_rows": "{needed} rows in {table}, or a smaller min_rows",
    "partial_entities": "{needed} {unit} in {table}, or a smaller min_completeness",
    "stale_written": "a later write of {table}, or a larger policy.stale_after_minutes",
    "stale_changed": "a re-run that writes {table} anew",
    "again": "a write of {table} after a trigger",
    "complete": "fewer rows in its tables, or newer data upstream",
    "rerun": "newer data upstream",
    "leased": "rows, or the end of the lease",
    "attempts_used": "new data upstream, `{retry}`, or an excuse in the file if it is to stay empty",
    "braked": "rows, time, or `{retry}`",
    "too_old": "`{retry}`, or a larger policy.max_age_days (null: no limit)",
    "sudden_loss": "the rows that are gone, or `{retry}`",
    "rolled_back": "`{retry}`, or a backfill, once the job is mended",
    "stale_reported": "policy.stale: heal, or `{retry}`",
    "no_room": "a heal that frees room, or a larger policy.max_in_flight",
    "slow_start": "the first heal, or a larger policy.breaker_after",
    "not_asked": "a scan, or a backfill that asks for such dates",
    "breaker_open": "rows of any triggered date, or `{retry}`; look whether anything listens at {target}",
    "observe": "rows, or an excuse in the file; with policy.mode: heal a scan triggers it",
    "dry_run": "rows, or an excuse in the file; a scan triggers it",
}


def change(why: Reason, transition: str, day: date) -> str:
    """What would change it, with the command to type; nothing for a date that is simply being healed."""
    retry = f"gapheal retry {transition} {day} --why …"
    return CHANGES.get(why.code, "").format_map({**why.numbers, "retry": retry})
