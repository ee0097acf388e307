"""A pipeline that moves by the hour or the month is told so, wherever its file first says it."""

from __future__ import annotations

import pytest

TOLD = "the grain of gapheal is a day: a pipeline that moves by the hour or the month is not for it"
KEYS = ["grain", "granularity", "interval", "schedule", "hourly", "monthly", "hour_column", "lag_hours", "scan_months"]
PLACES = {
    "phases.phase3": ("[nba_analytics.player_game_summary]", "{tables: [a.b], KEY: 1}"),
    "phases.phase3[0]": ("[nba_analytics.player_game_summary]", "[{table: a.b, KEY: 1}]"),
    "transitions.phase2_to_phase3": (": {}", ": {KEY: 1}"),
    "transitions.phase2_to_phase3.policy": (": {}", ": {policy: {KEY: 1}}"),
    "defaults": ("{date_column: game_date}", "{date_column: game_date, KEY: 1}"),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", PLACES)
def test_a_key_of_another_rhythm_is_told_of_the_grain(ten, faults, place, key):
    old, new = PLACES[place]

    (told,) = faults(ten.replace(old, new.replace("KEY", key)))

    assert told.partition(": ")[2] == f"{place}.{key}: unknown key; {TOLD}"


@pytest.mark.parametrize(
    ("key", "meant"), [("settle_minute", "settle_minutes"), ("lease_hours", "lease_minutes"), ("scan_day", "scan_days")]
)
def test_a_slip_in_a_key_that_exists_is_told_as_a_slip(ten, faults, key, meant):
    (told,) = faults(ten.replace(": {}", f": {{policy: {{{key}: 1}}}}"))

    assert told.endswith(f"policy.{key}: unknown key; did you mean {meant}?")


@pytest.mark.parametrize("name", ["hour", "HOUR", "month", "start_hour", "month_start", "weeks", "quarter", "minute"])
def test_a_placeholder_of_another_rhythm_is_told_of_the_grain(ten, faults, name):
    (told,) = faults(ten.replace(": {}", f": {{trigger: {{payload: {{when: '{{{name}}}'}}}}}}"))

    assert told.endswith(f"trigger.payload.when: unknown placeholder {{{name}}}; {TOLD}")
