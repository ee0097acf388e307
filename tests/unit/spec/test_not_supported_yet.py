"""A key whose behaviour is not built is refused where a file asks for it, and passes where it asks for nothing."""

from __future__ import annotations

import pytest
import yaml

from gapheal.spec import parse

STEP = "transitions.phase2_to_phase3"
POLICY = {
    "stale": "heal",
    "stale_after_minutes": 5,
    "settle_minutes": 30,
    "lookback_days": 3,
    "depends_on_past": True,
    "page_above": 7,
    "excuses": [{"reason": "exhibition", "upstream_entities_below": 2}],
}


def written(key: str) -> str:
    return yaml.safe_dump({key: POLICY[key]}, default_flow_style=True).strip()


def place(key: str) -> str:
    return "excuses[0].upstream_entities_below" if key == "excuses" else key


@pytest.mark.parametrize("key", POLICY)
def test_a_policy_is_refused_where_it_is_written(ten, faults, key):
    (told,) = faults(ten.replace(": {}", f": {{policy: {written(key)}}}"))

    assert told.startswith(f"10: {STEP}.policy.{place(key)}: not supported yet: expected ")


@pytest.mark.parametrize("key", POLICY)
@pytest.mark.parametrize("own", ["{}", "{policy: {KEY: DEFAULT}}"])
def test_a_default_policy_counts_as_written_even_where_nobody_takes_it(ten, faults, key, own):
    default = {"excuses": "[]", "stale": "report", "stale_after_minutes": "60", "page_above": "100"}
    zero = "false" if key == "depends_on_past" else "0"
    text = ten.replace("game_date}", f"game_date, policy: {written(key)}}}")
    text = text.replace("phase3: {}", f"phase3: {own.replace('KEY', key).replace('DEFAULT', default.get(key, zero))}")

    (told,) = faults(text)

    assert told.startswith(f"5: defaults.policy.{place(key)}: not supported yet: expected ")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("pipeline: nba-props", "pipeline: nba-props\nmetadata: on", "metadata"),
        ("[nba_raw.bdl_player_boxscores]", "[{table: a.b, updated_column: at}]", "phases.phase2[0].updated_column"),
        ("[nba_raw.bdl_player_boxscores]", "{tables: [a.b], expected: {table: a.c}}", "phases.phase2.expected"),
        (
            "[nba_raw.bdl_player_boxscores]",
            "[{table: a.b, excuses: [{reason: x, upstream_entities_below: 3}]}]",
            "phases.phase2[0].excuses[0].upstream_entities_below",
        ),
        (": {}", ": {trigger: {http: {url: 'https://x.example/start'}}}", f"{STEP}.trigger.http"),
        (": {}", ": {}\nalerts: {urls_env: MINE}", "alerts.urls_env"),
        (": {}", ": {}\nalerts: {pages_env: MINE}", "alerts.pages_env"),
    ],
)
def test_a_key_is_refused_where_it_is_written(ten, faults, old, new, place):
    (told,) = faults(ten.replace(old, new))

    assert f" {place}: not supported yet: expected " in told


def test_several_upstreams_are_refused_from_the_second_on(ten, faults):
    text = ten.replace("phase3: [nba", "other: [a.b]\n  phase3: [nba").replace(": {}", ": {upstream: [phase2, other]}")

    assert faults(text) == [
        f'11: {STEP}.upstream[1]: not supported yet: expected nothing, found "other"; leave it out',
    ]


def test_defaults_written_out_pass(everything):
    text = everything.replace("stale: report", "stale: ignore").replace("metadata: auto", "metadata: off")

    assert parse(text).metadata == "off"


def test_a_broken_value_is_told_as_broken_first(ten, faults):
    (told,) = faults(ten.replace(": {}", ": {policy: {settle_minutes: soon}}"))

    assert told == f'10: {STEP}.policy.settle_minutes: expected a whole number, found "soon"'
