"""The sentence of each reason code. A sentence is made from the reason's numbers and from nothing else."""

from __future__ import annotations

from typing import Any

from gapheal.model.passes import Reason

SENTENCES = {
    # excused
    "excuse": "excused by the file: {excuse}",
    "tables_excused": "every required downstream table is excused by the file: {excuse}",
    "not_due": "not due before {due_from} (lag_days {lag_days})",
    "upstream_gone": "upstream no longer has rows of this date: there is nothing to heal from",
    # waiting, partial
    "upstream_rows": "upstream {table} has {found} of at least {needed} rows",
    "upstream_entities": "upstream {table} has {found} of {yardstick} {unit}, whole from {needed}",
    "partial_rows": "{table} has {found} of at least {needed} rows",
    "partial_entities": "{table} has {found} of {yardstick} {unit}, whole from {needed}",
    # missing, complete
    "missing": "{table} has no rows, upstream has {upstream_rows}",
    "complete": "{rows} rows downstream, {upstream_rows} upstream",
    # what is done about a gap
    "leased": "{gap}; trigger {n} was claimed at {claimed_at}, lease until {lease_until}",
    "attempts_used": "{gap}; {attempts} of {max_attempts} triggers for this data brought nothing",
    "braked": "{gap}; {attempts} triggers since {since} brought nothing, {max_attempts} a day are the most",
    "too_old": "{gap}; {age_days} days old when first seen, more than {max_age_days}: a person decides",
    "no_room": "{gap}; no room: {in_flight} of {room} dates are in flight or go first",
    "slow_start": "{gap}; no room: {in_flight} of {room} dates are in flight or go first, until one is seen healed",
    "observe": "{gap}; mode observe sends nothing",
    "dry_run": "{gap}; a dry run sends nothing",
}


def reason(code: str, **numbers: Any) -> Reason:
    """A reason whose sentence states its own numbers."""
    return Reason(code, numbers, SENTENCES[code].format_map(numbers))
