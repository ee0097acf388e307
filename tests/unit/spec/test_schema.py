"""Editors see the file as people write it: the schema takes every shorthand and refuses what the loader refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from gapheal.spec import json_schema, parse, resolved


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    made = json_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def plain(text: str) -> Any:
    """As an editor sees it: dates are text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize("file", ["ten", "everything"])
def test_a_sound_file_passes_short_and_resolved(schema, file, request):
    text = request.getfixturevalue(file)

    assert list(schema.iter_errors(plain(text))) == []
    assert list(schema.iter_errors(resolved(parse(text)))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (": {}", ": {upstream: phase2}"),
        (": {}", ": {upstream: [phase2]}"),
        (": {}", ": {policy: {excuses: [{reason: x, upstream_entities_below: 2}]}}"),
        (": {}", ": {trigger: {http: {url: 'https://x.example'}, fan_out: [1, {a: b}]}}"),
        ("version: 1", "version: 1\nmetadata: off"),
        ("[nba_raw.bdl_player_boxscores]", "{tables: [a.b, {table: a.c}], expected: {table: a.d}}"),
        ("[nba_raw.bdl_player_boxscores]", "[a.b, {table: a.c, date_column: d}]"),
        ("{date_column: game_date}", "{date_column: d, entity_column: e, policy: {mode: heal}}"),
    ],
)
def test_whatever_the_contract_knows_passes(schema, ten, old, new):
    assert list(schema.iter_errors(plain(ten.replace(old, new)))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("nba-props", "nba_props"),
        ("location", "lokation"),
        (": {}", ": {mode: heal}"),
        (": {}", ": {policy: {mode: off}}"),
        (": {}", ": {policy: {lag_days: '1'}}"),
        (": {}", ": {policy: {min_completeness: 1.5}}"),
        (": {}", ": {policy: {excuses: [{outside: nba}]}}"),
        ("phase2_to_phase3", "Phase2"),
        ("[nba_raw.bdl_player_boxscores]", "nba_raw.bdl_player_boxscores"),
        ("[nba_raw.bdl_player_boxscores]", "[no dataset]"),
        ("[nba_raw.bdl_player_boxscores]", "[]"),
        ("phase2: [", "'phase 2': ["),
    ],
)
def test_what_the_loader_refuses_an_editor_underlines(schema, faults, ten, old, new):
    text = ten.replace(old, new, 1)

    assert list(schema.iter_errors(plain(text)))
    assert faults(text)


def test_every_key_has_a_description():
    schema = json_schema()
    nouns = [schema, *schema["$defs"].values()]

    assert [key for noun in nouns for key, value in noun["properties"].items() if "description" not in value] == []
