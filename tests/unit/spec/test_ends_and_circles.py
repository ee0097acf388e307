"""Transitions lead from known phase to known phase, in one direction, each phase fed once."""

from __future__ import annotations

import pytest

HEAD = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
seasons: {nba: [{start: 2021-10-19, end: 2022-06-17}]}
phases: {a: [x.a], b: [x.b], c: [x.c]}
transitions:
"""


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            ["a_to_d: {}"],
            ['9: transitions.a_to_d.downstream: expected a phase of this file, found "d"; write one of a, b, c'],
        ),
        (
            ["a_to_b: {upstream: [phas]}"],
            ['9: transitions.a_to_b.upstream[0]: expected a phase of this file, found "phas"; write one of a, b, c'],
        ),
        (
            ["a_to_b: {upstream: z}"],
            ['9: transitions.a_to_b.upstream: expected a phase of this file, found "z"; write one of a, b, c'],
        ),
        (
            ["a_to_a: {}"],
            [
                (
                    "9: transitions.a_to_a.upstream[0]: expected another phase than the downstream, "
                    'found "a"; no phase feeds itself'
                ),
            ],
        ),
        (
            ["a_to_b: {upstream: [a, b]}"],
            [
                (
                    "9: transitions.a_to_b.upstream[1]: expected another phase than the downstream, "
                    'found "b"; no phase feeds itself'
                ),
            ],
        ),
        (
            ["a_to_b: {}", "b_to_c: {}", "c_to_a: {}"],
            ["11: transitions.c_to_a: expected one direction, found the circle a → b → c → a; take one step out"],
        ),
        (
            ["gap_detector: {upstream: a, downstream: b}"],
            [
                (
                    "9: transitions.gap_detector: expected another name, "
                    "found that of the whole pipeline's function; rename the transition"
                )
            ],
        ),
        (
            ["a_to_c: {}", "b_to_c: {}"],
            [
                (
                    "10: transitions.b_to_c.downstream: expected one transition into c, found a second "
                    "(a_to_c is the first); list several upstreams in one transition"
                ),
            ],
        ),
        (
            ["a_to_b: {}", "again: {upstream: a, downstream: b}"],
            [
                (
                    "10: transitions.again.downstream: expected one transition into b, found a second "
                    "(a_to_b is the first); list several upstreams in one transition"
                ),
            ],
        ),
        (
            ["enrich: {}"],
            [
                (
                    "9: transitions.enrich.upstream: no upstream; "
                    "name the transition <upstream>_to_<downstream>, or write `upstream`"
                ),
                (
                    "9: transitions.enrich.downstream: no downstream; "
                    "name the transition <upstream>_to_<downstream>, or write `downstream`"
                ),
            ],
        ),
        (
            ["A_to_b: {upstream: a}"],
            [
                (
                    "9: transitions.A_to_b: expected a name of lower-case letters, digits and _, "
                    'such as phase2_to_phase3, found "A_to_b"'
                ),
            ],
        ),
    ],
)
@pytest.mark.fault(31)
def test_transitions_lead_from_phase_to_phase_in_one_direction(faults, steps, told):
    assert faults(HEAD + "".join(f"  {step}\n" for step in steps)) == told


@pytest.mark.fault(31)
def test_each_circle_is_told_once(faults):
    told = faults(f"{HEAD}  a_to_b: {{upstream: [a, c]}}\n  b_to_a: {{}}\n  b_to_c: {{}}\n")

    assert len([fault for fault in told if "circle" in fault]) == 2


def test_an_upstream_stands_once(faults):
    told = faults(f"{HEAD}  a_to_b: {{upstream: [a, a]}}\n")

    assert '9: transitions.a_to_b.upstream[1]: expected each upstream once, found "a" again; keep one' in told
