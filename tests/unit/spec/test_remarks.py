"""What is said of a file without faults."""

from __future__ import annotations

from datetime import date

import pytest

from gapheal.spec import parse, remarks


def test_ten_lines_are_told_what_they_do_and_do_not_do(ten):
    assert remarks(parse(ten)) == [
        "1 transition",
        "phase2_to_phase3: mode observe: nothing is sent; set policy.mode: heal once the gaps it reports are right",
        "phase2_to_phase3: triggers go to topic nba-props-phase3-trigger",
        "partial dates are invisible: nba_raw.bdl_player_boxscores has no entity_column",
        "partial dates are invisible: nba_analytics.player_game_summary has no entity_column",
        (
            "late rows show by partition metadata where a table is partitioned by day on its date column "
            "(`gapheal validate --live` tells which), elsewhere only where they change the number of rows or entities "
            "(nba_raw.bdl_player_boxscores, nba_analytics.player_game_summary: no updated_column)"
        ),
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
    assert [remark for remark in told if "x.b has" in remark] == [
        "partial dates are invisible: x.b has no entity_column"
    ]


@pytest.mark.parametrize(
    ("upstream", "downstream", "warned"),
    [
        ("entity_column: game_id", "entity_column: game_id", False),
        ("entity_column: game_id", "entity_column: player_id", True),
        ("entity_column: gid, entity: game", "entity_column: game_id, entity: game", False),
        ("entity_column: gid, entity: game", "entity_column: game_id", True),
        ("entity_column: game_id", "entity_column: GAME_ID", False),
        ("entity_column: game_id, entity: game", "entity_column: GAME_ID, entity: game", False),
        ("entity_column: game_id, required: false", "entity_column: player_id", False),
    ],
)
def test_sides_that_count_different_things_are_told(ten, upstream, downstream, warned):
    text = ten.replace("[nba_raw.bdl_player_boxscores]", f"[{{table: r.a, {upstream}}}]")
    text = text.replace("[nba_analytics.player_game_summary]", f"[{{table: m.b, {downstream}}}]")

    told = [remark for remark in remarks(parse(text)) if "of m.b" in remark]

    assert bool(told) == warned
    assert all("give both one `entity`" in remark for remark in told)


def test_a_downstream_that_requires_nothing_is_told(ten):
    text = ten.replace("[nba_analytics.player_game_summary]", "[{table: m.b, required: false}]")

    assert "phase2_to_phase3: nothing is ever missing: no table of phase3 is required" in remarks(parse(text))


def test_an_upstream_that_requires_nothing_is_told(ten):
    text = ten.replace("[nba_raw.bdl_player_boxscores]", "[{table: r.a, required: false}]")

    assert "phase2_to_phase3: nothing is ever judged: no table of phase2 is required" in remarks(parse(text))


@pytest.mark.parametrize(("where", "told"), [("", True), (", where: graded", False)])
def test_a_table_that_is_compared_with_itself_is_told(ten, where, told):
    text = ten.replace("[nba_analytics.player_game_summary]", f"[{{table: nba_raw.bdl_player_boxscores{where}}}]")
    found = "phase2_to_phase3: nba_raw.bdl_player_boxscores is never missing: it is upstream and downstream"

    assert (found in remarks(parse(text))) == told


HEAD = """\
version: 1
pipeline: p
location: US
timezone: UTC
defaults: {date_column: d}
seasons: {nba: [{start: 2021-10-19, end: 2022-06-17}, {start: 2022-10-18, end: 2023-06-13}]}
"""


def told(phases: str, step: str = "{}", more: str = "", today: date | None = None) -> list[str]:
    return remarks(parse(f"{HEAD}{more}phases: {phases}\ntransitions: {{a_to_b: {step}}}\n"), today)


@pytest.mark.parametrize(
    ("other", "warned"),
    [("[{table: x.c, entity_column: game}]", False), ("[{table: x.c, entity_column: player}]", True), ("[x.c]", True)],
)
def test_one_of_several_upstreams_that_counts_the_same_is_enough(other, warned):
    phases = "{a: [{table: x.a, entity_column: team}], c: OTHER, b: [{table: x.b, entity_column: game}]}"
    said = told(phases.replace("OTHER", other), "{upstream: [a, c]}")

    assert any("of x.b are invisible: it counts game, upstream counts" in remark for remark in said) == warned


@pytest.mark.parametrize(
    ("more", "step", "said"),
    [
        ("", "{}", ["late rows show by partition metadata where a table is partitioned by day on its date column"]),
        ("metadata: on\n", "{}", ["late rows show by partition metadata where"]),
        ("metadata: off\n", "{}", ["late rows show only where they change the number of rows or entities"]),
        ("metadata: off\n", "{policy: {stale: ignore}}", []),
        ("", "{policy: {stale: ignore}}", []),
    ],
)
def test_how_late_rows_show_is_told_where_anybody_asks_for_them(more, step, said):
    found = [remark for remark in told("{a: [x.a], b: [x.b]}", step, more) if "late rows" in remark]

    assert len(found) == len(said)
    assert all(remark.startswith(start) for remark, start in zip(found, said, strict=True))
    assert all(remark.endswith("(x.a, x.b: no updated_column)") for remark in found)


def test_tables_that_tell_when_rows_were_written_or_need_not_be_there_are_not_told():
    phases = "{a: [{table: x.a, updated_column: at}, {table: x.z, required: false}], b: [x.b]}"
    (found,) = (remark for remark in told(phases) if "late rows" in remark)

    assert found.endswith("(x.b: no updated_column)")


def test_a_long_list_of_tables_is_cut():
    (found,) = (remark for remark in told("{a: [x.a, x.c, x.d], b: [x.b, x.e]}") if "late rows" in remark)

    assert found.endswith("(x.a, x.c, x.d and 2 more: no updated_column)")


@pytest.mark.parametrize(
    ("a", "b", "warned"),
    [
        ("[x.a]", "[x.b]", True),
        ("[{table: x.a, entity_column: g}]", "[{table: x.b, entity_column: p}]", True),
        ("[{table: x.a, entity_column: g}]", "[{table: x.b, entity_column: g}]", False),
        ("[{table: x.a, entity_column: g}, {table: x.c, entity_column: g}]", "[x.b]", False),
        (
            "{tables: [{table: x.a, entity_column: g}], expected: {table: x.e, entity_column: g}}",
            "[x.b]",
            False,
        ),
        ("{tables: [{table: x.a, entity_column: g}], expected: {table: x.e}}", "[x.b]", True),
    ],
)
def test_a_share_of_nothing_is_told(a, b, warned):
    said = told(f"{{a: {a}, b: {b}}}", "{policy: {min_completeness: 0.8}}")
    found = "a_to_b: min_completeness 0.8 measures nothing: no table of b counts an entity that upstream counts"

    assert (found in said) == warned
    assert not any("measures nothing" in remark for remark in told(f"{{a: {a}, b: {b}}}"))


@pytest.mark.parametrize(
    ("url", "warned"), [("http://grader.internal/start", True), ("https://grader.example/start", False)]
)
def test_an_audience_that_no_token_is_made_for_is_told(url, warned):
    said = told("{a: [x.a], b: [x.b]}", f"{{trigger: {{http: {{url: '{url}', audience: 'https://g.example'}}}}}}")

    assert ("a_to_b: the audience is not used: only https:// URLs are sent a token" in said) == warned
    assert f"a_to_b: triggers go to {url}" in said


OFF_SEASON = "{policy: {excuses: [{reason: off-season, outside: nba}]}}"
ENDED = "seasons: nba ended on 2023-06-13: everything later is excused as off-season; add the new season"


@pytest.mark.parametrize(
    ("step", "today", "warned"),
    [
        (OFF_SEASON, date(2023, 6, 14), True),
        (OFF_SEASON, date(2023, 6, 13), False),
        (OFF_SEASON, None, False),
        ("{policy: {excuses: [{reason: warm-up, first_days: 3, season: nba}]}}", date(2024, 1, 1), False),
        ("{policy: {excuses: [{reason: x, outside: nba, to: 2023-08-01}]}}", date(2024, 1, 1), False),
    ],
)
def test_a_season_that_ended_is_told_where_what_lies_outside_is_excused(step, today, warned):
    said = told("{a: [x.a], b: [x.b]}", step, today=today)

    assert (ENDED in said) == warned
    assert any(remark.startswith("seasons:") for remark in said) == warned


def test_a_season_that_ended_is_told_for_a_table_s_excuse_too():
    said = told("{a: [x.a], b: [{table: x.b, excuses: [{reason: off-season, outside: nba}]}]}", today=date(2024, 1, 1))

    assert ENDED in said


@pytest.mark.parametrize(("metadata", "idle"), [("auto", False), ("on", False), ("off", True)])
def test_counting_what_changed_needs_metadata(metadata, idle):
    said = told("{a: [x.a], b: [x.b]}", more=f"recount: changed\nmetadata: {metadata}\n")

    assert any(remark.startswith("recount: changed counts everything all the same") for remark in said) == idle
