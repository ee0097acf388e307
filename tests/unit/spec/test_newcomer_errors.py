"""The mistakes that people make first, and every word they are told."""

from __future__ import annotations

import pytest

from gapheal.errors import ConfigError
from gapheal.spec import Fault, SpecError, parse


def with_policy(ten: str, policy: str) -> str:
    return ten.replace("phase2_to_phase3: {}", f"phase2_to_phase3:\n    policy:\n      {policy}")


def test_an_unknown_key_is_told_with_the_one_that_was_meant(ten, faults):
    assert faults(with_policy(ten, "lag_day: 2")) == [
        "12: transitions.phase2_to_phase3.policy.lag_day: unknown key; did you mean lag_days?",
    ]


def test_a_key_at_the_wrong_level_is_told_where_it_belongs(ten, faults):
    assert faults(ten.replace(": {}", ": {mode: heal}")) == [
        "10: transitions.phase2_to_phase3.mode: unknown key; did you mean policy.mode?",
    ]


def test_mode_off_is_told_as_what_yaml_makes_of_it(ten, faults):
    assert faults(with_policy(ten, "mode: off")) == [
        (
            "12: transitions.phase2_to_phase3.policy.mode: "
            "expected paused, observe or heal, found off, which YAML reads as false; did you mean paused?"
        ),
    ]


def test_a_template_without_quotes_is_told_as_what_yaml_makes_of_it(ten, faults):
    assert faults(ten.replace(": {}", ":\n    trigger:\n      payload: {game_date: {date}}")) == [
        (
            "12: transitions.phase2_to_phase3.trigger.payload.game_date: "
            'expected text, found {date} without quotes, which YAML reads as a mapping; write "{date}"'
        ),
    ]


def test_a_key_written_twice_names_both_lines(ten, faults):
    assert faults(with_policy(ten, "mode: observe\n      lag_days: 2\n      mode: heal")) == [
        (
            "14: transitions.phase2_to_phase3.policy.mode: "
            "expected one mode, found a second (the first is on line 12); keep one"
        ),
    ]


@pytest.mark.parametrize("written", ["2024-04-16 00:00:00", "2024-04-16T00:00:00Z", "'2024-04-16T00:00'"])
def test_a_datetime_is_no_date(ten, faults, written):
    assert faults(with_policy(ten, f"start_date: {written}")) == [
        (
            "12: transitions.phase2_to_phase3.policy.start_date: "
            f'expected a date such as 2024-04-16, found "{written.strip(chr(39))}"; leave out the time'
        ),
    ]


def test_a_table_without_a_date_column_is_told_both_places_for_it(ten, faults):
    assert faults(ten.replace("defaults: {date_column: game_date}\n", "")) == [
        "6: phases.phase2[0].date_column: no date_column; write it at the table or in defaults",
        "7: phases.phase3[0].date_column: no date_column; write it at the table or in defaults",
    ]


def test_a_transition_of_nothing_is_told_what_to_write(ten, faults):
    assert faults(ten.replace(": {}", ":")) == [
        (
            "10: transitions.phase2_to_phase3: "
            "expected a mapping of settings, found nothing; write {} to take every default"
        ),
    ]


def test_what_is_missing_is_told_with_an_example(faults):
    assert faults("pipeline: nba-props\n") == [
        "1: version: no version; write `version: 1`",
        "1: location: no location; write where the BigQuery datasets are, such as `location: us-west2`",
        "1: timezone: no timezone; write what decides when a day begins, such as `timezone: America/New_York`",
        "1: phases: no phases; write `phases: {phase2: [dataset.table], phase3: [dataset.table]}`",
        "1: transitions: no transitions; write `transitions: {phase2_to_phase3: {}}`",
    ]


def test_a_pasted_secret_is_not_repeated(ten, faults):
    assert faults(f"{ten}alerts: {{urls_env: 'https://hooks.example/T0/secret'}}\n") == [
        (
            "11: alerts.urls_env: expected the name of an environment variable, such as GAPHEAL_ALERT_URLS, "
            "found something else; keep the URLs themselves out of this file"
        ),
    ]


def test_all_faults_are_told_at_once_in_the_order_of_the_file(faults):
    text = """\
version: 2
pipeline: nba_props
location: us-west2
timezone: New York
defaults: {date_column: game_date, policy: {mode: hael}}
seasons:
  nba: [{start: 2022-06-17, end: 2021-10-19}]
phases:
  phase2: [raw.games, raw games]
  phase3: [made.games]
transitions:
  phase2_to_phase3:
    policy: {lag_days: "1", excuses: [{reason: summer, outside: nbb}]}
    trigger: {payload: {day: "{dat}"}}
  phase3_to_phase9: {policy: {page_above: 3}}
"""
    assert faults(text) == [
        "1: version: expected 1, found 2",
        (
            "2: pipeline: expected a name of at most 40 lower-case letters, digits and -, such as nba-props, "
            'found "nba_props"'
        ),
        (
            "4: timezone: expected an IANA time zone such as America/New_York, "
            'found "New York"; did you mean America/New_York?'
        ),
        '5: defaults.policy.mode: expected paused, observe or heal, found "hael"; did you mean heal?',
        "7: seasons.nba[0].end: the window ends on 2021-10-19, before it starts on 2022-06-17; swap them",
        '9: phases.phase2[1]: expected [project.]dataset.table, such as nba_raw.games, found "raw games"',
        '13: transitions.phase2_to_phase3.policy.lag_days: expected a whole number, found "1"; write it without quotes',
        (
            "13: transitions.phase2_to_phase3.policy.excuses[0].outside: "
            'expected a season of this file, found "nbb"; did you mean nba?'
        ),
        "14: transitions.phase2_to_phase3.trigger.payload.day: unknown placeholder {dat}; did you mean {date}?",
        (
            "15: transitions.phase3_to_phase9.downstream: "
            'expected a phase of this file, found "phase9"; did you mean phase3?'
        ),
    ]


def test_faults_can_be_read_by_a_program_too(ten):
    with pytest.raises(SpecError) as caught:
        parse(ten.replace(": {}", ": {mode: heal}"))

    assert isinstance(caught.value, ConfigError)
    assert caught.value.faults == (
        Fault("transitions.phase2_to_phase3.mode", 10, "unknown key; did you mean policy.mode?"),
    )
