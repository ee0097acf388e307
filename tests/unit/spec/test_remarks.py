"""What is said of a file without faults."""

from __future__ import annotations

import pytest

from gapheal.spec import parse, remarks


def test_ten_lines_are_told_what_they_do_and_do_not_do(ten):
    assert remarks(parse(ten)) == [
        "1 transition",
        "phase2_to_phase3: mode observe: nothing is sent; set policy.mode: heal once the gaps it reports are right",
        "phase2_to_phase3: triggers go to topic nba-props-phase3-trigger",
        "partial dates are invisible: nba_raw.bdl_player_boxscores has no entity_column",
        "partial dates are invisible: nba_analytics.player_game_summary has no entity_column",
    ]


def test_a_table_between_two_transitions_is_told_once():
    text = """\
version: 1
pipeline: p
location: US
timezone: UTC
defaults: {date_column: d, policy: {mode: heal}}
phases: {a: [x.a], b: [x.b], c: [x.c]}
transitions: {a_to_b: {}, b_to_c: {policy: {mode: paused}}}
"""
    told = remarks(parse(text))

    assert told[0] == "2 transitions"
    assert "a_to_b: mode heal: gaps are healed" in told
    assert any(remark.startswith("b_to_c: mode paused: nothing is looked at") for remark in told)
    assert [remark for remark in told if "x.b" in remark] == ["partial dates are invisible: x.b has no entity_column"]


@pytest.mark.parametrize(
    ("upstream", "downstream", "warned"),
    [
        ("entity_column: game_id", "entity_column: game_id", False),
        ("entity_column: game_id", "entity_column: player_id", True),
        ("entity_column: gid, entity: game", "entity_column: game_id, entity: game", False),
        ("entity_column: gid, entity: game", "entity_column: game_id", True),
        ("entity_column: game_id, required: false", "entity_column: player_id", False),
    ],
)
def test_sides_that_count_different_things_are_told(ten, upstream, downstream, warned):
    text = ten.replace("[nba_raw.bdl_player_boxscores]", f"[{{table: r.a, {upstream}}}]")
    text = text.replace("[nba_analytics.player_game_summary]", f"[{{table: m.b, {downstream}}}]")

    told = [remark for remark in remarks(parse(text)) if "m.b" in remark]

    assert bool(told) == warned
    assert all("give both one `entity`" in remark for remark in told)


def test_a_downstream_that_requires_nothing_is_told(ten):
    text = ten.replace("[nba_analytics.player_game_summary]", "[{table: m.b, required: false}]")

    assert "phase2_to_phase3: nothing is ever missing: no table of phase3 is required" in remarks(parse(text))
