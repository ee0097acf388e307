"""The sentence of each reason code. A sentence is made from the reason's numbers and from nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gapheal.model.passes import Reason

SENTENCES = {
    # excused
    "excuse": "excused by the file: {excuse}",
    "tables_excused": "every required downstream table is excused by the file: {excuse}",
    "accepted": "accepted as it is by {who}: {why}",
    "upstream_not_required": "nothing requires {phase} to have this date, and it has no rows of it",
    "expired": "{table} keeps a date for {retention_days:g} days: this one until {last_day}",
    "not_due": "not due before {due_from} (lag_days {lag_days})",
    "upstream_gone": "upstream no longer has rows of this date: there is nothing to heal from",
    # waiting
    "upstream_rows": "upstream {table} has {found} of at least {needed} rows",
    "upstream_entities": "upstream {table} has {found} of {yardstick} {unit}, whole from {needed}",
    "stuck_rows": "upstream {table} has {found} of at least {needed} rows, and nothing was written since {since}: "
    "stuck; `{command}` takes it as it is",
    "stuck_entities": "upstream {table} has {found} of {yardstick} {unit}, whole from {needed}, and nothing was "
    "written since {since}: stuck; `{command}` takes it as it is",
    "lookback_rows": "it reads {before} too: upstream {table} has {found} of at least {needed} rows there; waits until "
    "{until} at most",
    "lookback_entities": "it reads {before} too: upstream {table} has {found} of {yardstick} {unit} there, whole from "
    "{needed}; waits until {until} at most",
    "past_open": "it depends on {before}, which is {condition}; waits until {until} at most",
    # settling
    "settling": "upstream was written at {written_at}: it is left to settle until {settled_at}",
    # missing, partial, stale, complete
    "missing": "{table} has no rows, upstream has {upstream_rows}",
    "partial_rows": "{table} has {found} of at least {needed} rows",
    "partial_entities": "{table} has {found} of {yardstick} {unit}, whole from {needed}",
    "stale_written": "{table} was written at {written_at}, upstream at {upstream_written_at}: more than "
    "{stale_after_minutes} minutes later",
    "stale_changed": "{table} was made when upstream held {made_from} (rows/entities), it has {upstream} now",
    "again": "{table} is whole, and a person asked at {asked_at} that it be made anew",
    "complete": "{rows} rows downstream, {upstream_rows} upstream",
    "rerun": "{gap}; trigger {n} ran again for this input and wrote nothing new: taken as it is",
    # what is done about a gap
    "leased": "{gap}; trigger {n} was claimed at {claimed_at}, lease until {lease_until}",
    "attempts_used": "{gap}; {attempts} of {max_attempts} triggers for this data brought nothing",
    "braked": "{gap}; {attempts} triggers since {since} brought nothing, {max_attempts} a day are the most",
    "too_old": "{gap}; {age_days} days old when first seen, more than {max_age_days}: a person decides",
    "sudden_loss": "{gap}; {lost} of {known} dates that were complete are gone: nothing is sent until they are back, "
    "or a person says retry",
    "rolled_back": "{gap}; rolled back by {who} ({why}): held until a person says retry",
    "stale_reported": "{gap}; policy.stale is report: told once, a person decides",
    "no_room": "{gap}; no room: {in_flight} of {room} dates are in flight or go first",
    "slow_start": "{gap}; no room: {in_flight} of {room} dates are in flight or go first, until one is seen healed",
    "not_asked": "{gap}; this backfill asks for dates that are {only}, and for no other",
    "breaker_open": "{gap}; the breaker is open since {since}: {failed} triggers in a row to {target} brought nothing; "
    "the next probe is due at {probe_at}",
    "observe": "{gap}; mode observe sends nothing",
    "dry_run": "{gap}; it would be triggered now, a dry run sends nothing",
}


def reason(code: str, **numbers: Any) -> Reason:
    """A reason whose sentence states its own numbers."""
    return Reason(code, numbers, SENTENCES[code].format_map(numbers))


def moment(at: datetime) -> str:
    """A timestamp as numbers hold it."""
    return at.isoformat(timespec="seconds")
