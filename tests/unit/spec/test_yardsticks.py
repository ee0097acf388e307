"""A yardstick that nobody would read, and an excuse that has nothing to count, are faults."""

from __future__ import annotations

import pytest

from gapheal.spec import parse

HEAD = """\
version: 1
pipeline: p
location: US
timezone: UTC
defaults: {date_column: d}
"""
LESS_THAN_TWO = "{reason: exhibition, upstream_entities_below: 2}"
NOTHING_TO_COUNT = (
    "expected entities to count, found no required table of a (upstream of a_to_b) with an entity_column; "
    "give it one, or leave this out"
)


def file(a: str = "[x.a]", b: str = "[x.b]", policy: str = "{}") -> str:
    return f"{HEAD}phases:\n  a: {a}\n  b: {b}\ntransitions:\n  a_to_b: {{policy: {policy}}}\n"


def test_expected_is_for_a_phase_that_nothing_feeds(faults):
    calendar = "expected: {table: x.calendar}"

    assert parse(file(a=f"{{tables: [x.a], {calendar}}}")).phases["a"].expected is not None
    assert faults(file(b=f"{{tables: [x.b], {calendar}}}")) == [
        (
            "8: phases.b.expected: expected this on a first phase alone, found it on b, which a_to_b feeds: "
            "its upstream is its yardstick; leave this out"
        ),
    ]


def test_expected_may_be_said_to_be_nothing_anywhere():
    assert parse(file(b="{tables: [x.b], expected: null}")).phases["b"].expected is None


@pytest.mark.parametrize("upstream", ["[x.a]", "[x.z, {table: x.a, entity_column: g, required: false}]"])
@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"policy": f"{{excuses: [{LESS_THAN_TWO}]}}"}, "10: transitions.a_to_b.policy.excuses[0]"),
        ({"b": f"[{{table: x.b, excuses: [{LESS_THAN_TWO}]}}]"}, "8: phases.b[0].excuses[0]"),
    ],
)
def test_an_excuse_of_few_entities_needs_a_required_upstream_table_that_counts(faults, upstream, where, place):
    assert faults(file(a=upstream, **where)) == [f"{place}.upstream_entities_below: {NOTHING_TO_COUNT}"]


@pytest.mark.parametrize(
    "where",
    [{"policy": f"{{excuses: [{LESS_THAN_TWO}]}}"}, {"b": f"[{{table: x.b, excuses: [{LESS_THAN_TWO}]}}]"}],
)
def test_an_excuse_of_few_entities_passes_where_one_required_upstream_table_counts(where):
    assert parse(file(a="[x.z, {table: x.a, entity_column: g}]", **where))


def test_a_first_phase_has_no_upstream_to_count(faults):
    assert faults(file(a=f"[{{table: x.a, entity_column: g, excuses: [{LESS_THAN_TWO}]}}]")) == [
        (
            "7: phases.a[0].excuses[0].upstream_entities_below: expected an upstream to count, "
            "found no transition into a; leave this out"
        ),
    ]


def test_a_default_excuse_that_one_transition_cannot_count_is_told_where_it_stands(faults):
    text = file().replace("{date_column: d}", f"{{date_column: d, policy: {{excuses: [{LESS_THAN_TWO}]}}}}")

    assert faults(text) == [f"5: defaults.policy.excuses[0].upstream_entities_below: {NOTHING_TO_COUNT}"]


def test_one_of_several_upstreams_that_counts_is_enough():
    text = file(a="[{table: x.a, entity_column: g}]", policy=f"{{excuses: [{LESS_THAN_TWO}]}}")
    text = text.replace("  b: [x.b]", "  b: [x.b]\n  c: [x.c]").replace("{policy", "{upstream: [c, a], policy")

    assert parse(text).transitions["a_to_b"].upstream == ("c", "a")


def test_an_upstream_that_is_not_known_is_told_once(faults):
    text = file(policy=f"{{excuses: [{LESS_THAN_TWO}]}}").replace("{policy", "{upstream: [z], policy")

    assert faults(text) == [
        '10: transitions.a_to_b.upstream[0]: expected a phase of this file, found "z"; write one of a, b'
    ]
