"""A key whose behaviour is not built is refused where a file asks for it, and passes where it asks for nothing."""

from __future__ import annotations

import pytest

from gapheal.spec import parse

STEP = "transitions.phase2_to_phase3"


def test_a_policy_is_refused_where_it_is_written(ten, faults):
    assert faults(ten.replace(": {}", ": {policy: {page_above: 7}}")) == [
        f"10: {STEP}.policy.page_above: not supported yet: expected 100, found 7; leave it out",
    ]


@pytest.mark.parametrize("own", ["{}", "{policy: {page_above: 100}}"])
def test_a_default_policy_counts_as_written_even_where_nobody_takes_it(ten, faults, own):
    text = ten.replace("game_date}", "game_date, policy: {page_above: 7}}").replace(": {}", f": {own}")

    assert faults(text) == [
        "5: defaults.policy.page_above: not supported yet: expected 100, found 7; leave it out",
    ]


@pytest.mark.parametrize(("key", "name"), [("urls_env", "GAPHEAL_ALERT_URLS"), ("pages_env", "GAPHEAL_PAGE_URLS")])
def test_other_names_for_the_alerts_are_refused(ten, faults, key, name):
    assert faults(f"{ten}alerts: {{{key}: MINE}}\n") == [
        f'11: alerts.{key}: not supported yet: expected "{name}", found "MINE"; leave it out',
    ]


def test_defaults_written_out_pass(everything):
    assert "page_above: 100" in everything
    assert parse(everything).alerts.urls_env == "GAPHEAL_ALERT_URLS"


def test_a_broken_value_is_told_as_broken_first(ten, faults):
    (told,) = faults(ten.replace(": {}", ": {policy: {page_above: soon}}"))

    assert told == f'10: {STEP}.policy.page_above: expected a whole number, found "soon"'
