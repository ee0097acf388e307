"""A file may be written short; what comes out is always the one long form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from gapheal.errors import ConfigError
from gapheal.messages import Dated, compose
from gapheal.model.noun import Noun
from gapheal.model.passes import Source
from gapheal.model.pipeline import Pipeline
from gapheal.model.template import PLACEHOLDERS
from gapheal.spec import load, parse, resolved
from gapheal.spec.document import read
from gapheal.spec.models import Model, model_of
from gapheal.spec.normal import normalise
from gapheal.spec.written import Defaults, File

HEAD = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
"""
TWO_PHASES = """\
phases:
  phase2: [raw.games]
  phase3: [made.games]
"""
DEFAULTS = "defaults: {date_column: game_date}\n"
STEP = "transitions: {phase2_to_phase3: {}}\n"


def test_ten_lines_are_enough(ten):
    pipeline = parse(ten)
    step = pipeline.transitions["phase2_to_phase3"]

    assert (step.upstream, step.downstream) == (("phase2",), "phase3")
    assert step.trigger.pubsub is not None
    assert step.trigger.pubsub.topic == "nba-props-phase3-trigger"
    assert pipeline.ledger_dataset == "gapheal_nba_props"
    assert step.policy.mode == "observe"
    assert pipeline.phases["phase2"].tables[0].date_column == "game_date"


def test_everything_can_be_said_at_once(everything):
    pipeline = parse(everything)
    policy = pipeline.transitions["phase2_to_phase3"].policy

    assert policy.scan_days is None
    assert policy.min_completeness == Decimal("0.8")
    assert policy.excuses[0].dates == (date(2022, 2, 18), date(2022, 2, 20))
    assert pipeline.phases["phase3"].tables[1].excuses[0].to == date(2021, 10, 25)
    assert pipeline.transitions["phase2_to_phase3"].trigger.payload == {
        "game_date": "{date}",
        "dates": "{dates}",
        "retries": 2,
        "dry": False,
    }


def nouns(value: Any) -> Iterator[Any]:
    """Every noun of a pipeline, or of the model that validates one, itself included."""
    if isinstance(value, Noun | Model):
        yield value
        value = vars(value)
    if isinstance(value, dict):
        value = list(value.values())
    for each in value if isinstance(value, list | tuple) else []:
        yield from nouns(each)


def kept(model: Model) -> type[Noun]:
    """What noun remains of the model."""
    return Pipeline if model.noun is File else model.noun


def test_the_file_that_says_everything_leaves_no_key_at_its_default(everything):
    """What this file does not say, the laws below it do not try."""
    pipeline = parse(everything)
    found = list(nouns(pipeline))
    file, _ = normalise(read(everything, "pipeline.yaml").data)
    said = {
        (kept(model), name) for model in nouns(model_of(File).model_validate(file)) for name in model.model_fields_set
    }
    moved = {
        (type(noun), name)
        for noun in found
        for name in noun.KINDS
        if not hasattr(type(noun), name) or getattr(noun, name) != getattr(type(noun), name)
    }
    every = {(kind, name) for kind in {type(noun) for noun in found} for name in kind.KINDS}

    assert {name for _, name in every - moved} == {"page_above", "urls_env", "pages_env", "alerts"}
    assert {(noun, name) for noun, name in said if noun is not Defaults and name != "defaults"} == every


@pytest.mark.parametrize("file", ["ten", "everything"])
@pytest.mark.parametrize("name", ["pipeline.json", "pipeline.yaml"])
def test_the_resolved_form_reads_back_to_itself(file, name, request):
    pipeline = parse(request.getfixturevalue(file))
    form = resolved(pipeline)
    text = json.dumps(form) if name.endswith("json") else yaml.safe_dump(form)

    again = parse(text, name)

    assert again == pipeline
    assert resolved(again) == form


def test_the_resolved_form_holds_json_values_and_the_keys_of_the_file(everything):
    form = resolved(parse(everything))
    step = form["transitions"]["phase2_to_phase3"]

    assert step["upstream"] == ["phase2"]
    assert step["policy"]["min_completeness"] == 0.8
    assert step["policy"]["excuses"][3]["from"] == "2023-01-01"
    assert "defaults" not in form


def test_a_decimal_of_the_file_is_that_decimal(ten):
    text = ten.replace("phase2_to_phase3: {}", "phase2_to_phase3: {policy: {min_completeness: 0.55}}")

    assert parse(text).transitions["phase2_to_phase3"].policy.min_completeness * 100 == 55


def test_defaults_fill_what_a_table_does_not_say():
    text = HEAD + STEP + "defaults: {date_column: game_date, entity_column: game_id}\n"
    text += "phases:\n  phase2: [raw.a, {table: raw.b, date_column: day, entity_column: null}]\n  phase3: [made.c]\n"

    first, second = parse(text).phases["phase2"].tables

    assert (first.date_column, first.entity_column) == ("game_date", "game_id")
    assert (second.date_column, second.entity_column) == ("day", None)


def test_a_default_policy_is_merged_key_by_key():
    text = HEAD + TWO_PHASES + "defaults: {date_column: d, policy: {mode: heal, lag_days: 2}}\n"
    text += "transitions: {phase2_to_phase3: {policy: {lag_days: 0}}}\n"

    policy = parse(text).transitions["phase2_to_phase3"].policy

    assert (policy.mode, policy.lag_days, policy.max_attempts) == ("heal", 0, 3)


def test_a_name_that_could_be_split_twice_follows_the_phases():
    text = HEAD + DEFAULTS + "phases: {a_to_b: [x.y], c: [x.z]}\ntransitions: {a_to_b_to_c: {}}\n"
    step = parse(text).transitions["a_to_b_to_c"]

    assert (step.upstream, step.downstream) == (("a_to_b",), "c")


def test_any_name_will_do_where_both_ends_are_written():
    text = HEAD + DEFAULTS + TWO_PHASES + "transitions: {enrich: {upstream: phase2, downstream: phase3}}\n"

    assert parse(text).transitions["enrich"].upstream == ("phase2",)


def test_a_trigger_that_only_has_a_payload_keeps_the_default_topic(ten):
    text = ten.replace(": {}", ': {trigger: {payload: {day: "{date}"}}}')
    trigger = parse(text).transitions["phase2_to_phase3"].trigger

    assert trigger.pubsub is not None
    assert trigger.pubsub.topic == "nba-props-phase3-trigger"


@pytest.mark.parametrize(("written", "meant"), [("off", "off"), ("auto", "auto"), ("'off'", "off")])
def test_metadata_may_be_off_without_quotes(ten, written, meant):
    assert parse(f"{ten}metadata: {written}\n").metadata == meant


@pytest.mark.parametrize("day", ["2024-04-16", "'2024-04-16'", '"2024-04-16"'])
def test_dates_may_be_quoted(ten, day):
    text = ten.replace(": {}", f": {{policy: {{start_date: {day}}}}}")

    assert parse(text).transitions["phase2_to_phase3"].policy.start_date == date(2024, 4, 16)


def test_a_date_in_a_payload_is_text(ten):
    text = ten.replace(": {}", ": {trigger: {payload: {since: 2024-04-16, at: 2024-04-16 10:00:00}}}")

    assert resolved(parse(text))["transitions"]["phase2_to_phase3"]["trigger"]["payload"] == {
        "since": "2024-04-16",
        "at": "2024-04-16 10:00:00",
    }


def test_anchors_and_merge_keys_work():
    text = HEAD + DEFAULTS + "phases: {a: [x.a], b: [x.b], c: [x.c]}\n"
    text += "transitions:\n  a_to_b: {policy: &careful {lag_days: 3, max_attempts: 2}}\n"
    text += "  b_to_c: {policy: {<<: *careful, lag_days: 5}}\n"

    policy = parse(text).transitions["b_to_c"].policy

    assert (policy.lag_days, policy.max_attempts) == (5, 2)


def test_a_file_may_begin_with_a_byte_order_mark(ten, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(ten, encoding="utf-8-sig")

    assert load(path) == parse(ten)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: None, "expected the pipeline file, found nothing"),
        (lambda path: path.mkdir(), "expected a readable file, found: Is a directory"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "expected UTF-8 text, found invalid start byte at byte 0"),
        (lambda path: path.write_text(""), "expected a mapping that begins with `version: 1`, found nothing"),
        (lambda path: path.write_text("# nothing yet\n"), "found nothing"),
        (lambda path: path.write_text("- a\n"), "found a list"),
        (lambda path: path.write_text("just words\n"), 'found "just words"'),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_by_its_path(make, told, tmp_path):
    path: Path = tmp_path / "pipeline.yaml"
    make(path)

    with pytest.raises(ConfigError) as caught:
        load(str(path))

    assert str(caught.value).startswith(f"{path}:")
    assert told in str(caught.value)


def test_every_placeholder_that_passes_can_be_sent(ten):
    template = json.dumps({name: f"{{{name}}}" for name in PLACEHOLDERS})
    pipeline = parse(ten.replace(": {}", f": {{trigger: {{payload: {template}}}}}"))

    (message,) = compose(pipeline, "phase2_to_phase3", [Dated(date(2024, 4, 16), 1, "missing")], Source.SCAN)

    assert json.loads(message.data)["date"] == "2024-04-16"
    assert b"{" not in message.data[1:]
