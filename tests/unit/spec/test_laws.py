"""Laws of the file: it reads back to itself, every slip is told where it is, and nothing else is ever raised."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gapheal.errors import ConfigError
from gapheal.spec import parse, resolved

HERE = Path(__file__).parent
SOURCE = (HERE / "everything.yaml").read_text()
WHOLE: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(SOURCE), default=str))
relaxed = settings(deadline=None)  # the machine may be busy
Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every key of the contract: not the names that people choose, nor the inside of a template."""
    pairs: list[tuple[str | int, Any]] = []
    if at[-1:] in (("payload",), ("fan_out",)):
        return
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, child in pairs:
        chosen = at in (("seasons",), ("phases",), ("transitions",))
        if isinstance(key, str) and not chosen:
            yield (*at, key)
        yield from places(child, (*at, key))


def inside(value: Any, at: Place) -> Any:
    for step in at:
        value = value[step]
    return value


def dotted(at: Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at).lstrip(".")


def told(text: str) -> dict[str, int]:
    """The paths that are told as faulty, with their lines."""
    with pytest.raises(ConfigError) as caught:
        parse(text)
    faults = (fault.split(":", 3) for fault in str(caught.value).splitlines())
    return {path.strip(): int(line) for _, line, path, *_ in faults}


def line_of(text: str, mark: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if mark in line)


def reads_or_tells(text: str, name: str) -> None:
    pipeline = None
    with contextlib.suppress(ConfigError):
        pipeline = parse(text, name)

    assert pipeline is None or parse(json.dumps(resolved(pipeline)), "again.json") == pipeline


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
days = st.dates().map(str)
excuses = st.one_of(
    st.builds(lambda day: {"reason": "a day", "dates": [day]}, days),
    st.builds(lambda day: {"reason": "since", "from": day}, days),
    st.builds(lambda first: {"reason": "warm-up", "first_days": first, "season": "nba"}, st.integers(1, 99)),
    st.just({"reason": "summer", "outside": "nba"}),
)
policies = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["paused", "observe", "heal"]),
        "stale": st.sampled_from(["report", "ignore", "heal"]),
        "settle_minutes": st.integers(0, 500),
        "lookback_days": st.integers(0, 30),
        "depends_on_past": st.booleans(),
        "start_date": st.none() | days,
        "scan_days": st.none() | st.integers(1, 5000),
        "min_completeness": st.floats(0, 1, exclude_min=True),
        "max_age_days": st.none() | st.integers(0, 5000),
        "batch_size": st.integers(1, 50),
        "order": st.sampled_from(["oldest", "newest"]),
        "excuses": st.lists(excuses, max_size=3),
    },
)
tables = st.sampled_from(["a.b", "my-project.a.c"]) | st.fixed_dictionaries(
    {"table": st.sampled_from(["a.d", "a.e"])},
    optional={
        "date_column": st.just("day"),
        "entity_column": st.none() | st.just("game_id"),
        "updated_column": st.none() | st.just("written_at"),
        "where": st.none() | st.just("kind = '(;'"),
        "required": st.booleans(),
        "excuses": st.lists(excuses, max_size=2),
    },
)
phases = st.lists(
    tables, min_size=1, max_size=3, unique_by=lambda table: table if isinstance(table, str) else table["table"]
)
files = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "pipeline": st.from_regex(r"[a-f][a-z0-9-]{0,39}", fullmatch=True),
        "location": st.sampled_from(["US", "us-west2"]),
        "timezone": st.sampled_from(["UTC", "America/New_York"]),
        "defaults": st.fixed_dictionaries({"date_column": st.just("d")}, optional={"policy": policies}),
        "seasons": st.just({"nba": [{"start": "2021-10-19", "end": "2022-06-17"}]}),
        "phases": st.fixed_dictionaries({"p": phases, "q": st.builds(lambda tables: {"tables": tables}, phases)}),
        "transitions": st.fixed_dictionaries(
            {
                "p_to_q": st.fixed_dictionaries(
                    {},
                    optional={
                        "policy": policies,
                        "upstream": st.sampled_from(["p", ["p"]]),
                        "trigger": st.builds(lambda payload: {"payload": payload}, json_values),
                    },
                ),
            },
        ),
    },
    optional={
        "metadata": st.sampled_from(["auto", "off", "on", False]),
        "recount": st.sampled_from(["all", "changed"]),
        "project": st.sampled_from([None, "my-project"]),
    },
)
keys = st.sampled_from(sorted(places(WHOLE), key=dotted))


@relaxed
@given(keys)
def test_a_misspelt_key_is_told_at_its_path_and_line(at):
    broken = deepcopy(WHOLE)
    parent = inside(broken, at[:-1])
    parent["zzz"] = parent.pop(at[-1])
    text = yaml.safe_dump(broken, sort_keys=False)

    assert told(text)[dotted((*at[:-1], "zzz"))] == line_of(text, "zzz:")


@relaxed
@given(keys)
def test_a_mapping_where_none_belongs_is_told_at_its_path_and_line(at):
    assume(at[-1] != "payload")
    broken = deepcopy(WHOLE)
    inside(broken, at[:-1])[at[-1]] = {"zzz": 1}
    text = yaml.safe_dump(broken, sort_keys=False)
    line = line_of(text, "zzz:")
    here = {number for path, number in told(text).items() if path.startswith(dotted(at))}

    assert here
    assert here <= {line - 1, line}


@relaxed
@given(keys, json_values)
def test_whatever_stands_at_a_key_the_answer_is_a_pipeline_or_a_config_error(at, value):
    broken = deepcopy(WHOLE)
    inside(broken, at[:-1])[at[-1]] = value

    reads_or_tells(yaml.safe_dump(broken, sort_keys=False), "pipeline.yaml")
    reads_or_tells(json.dumps(broken), "pipeline.json")


@relaxed
@given(files)
def test_the_resolved_form_reads_back_to_the_same_pipeline(file):
    pipeline = parse(yaml.safe_dump(file))
    form = resolved(pipeline)
    again = parse(json.dumps(form), "pipeline.json")

    assert again == pipeline
    assert resolved(again) == form


@relaxed
@given(st.text() | st.text("{}[]&*!|>'\"%@`#-?:,. \n\tabdate01\\<~", max_size=60))
def test_no_text_raises_anything_else(text):
    reads_or_tells(text, "pipeline.yaml")
    reads_or_tells(text, "pipeline.json")


@relaxed
@given(st.integers(0, len(SOURCE)), st.integers(0, 20), st.text("{}[]&*!|>'\"%@`#-?:,. \n\tx0", max_size=4))
def test_no_slip_of_the_hand_raises_anything_else(start, length, typed):
    reads_or_tells(SOURCE[:start] + typed + SOURCE[start + length :], "pipeline.yaml")


@relaxed
@given(json_values)
def test_no_value_raises_anything_else(value):
    reads_or_tells(yaml.safe_dump(value), "pipeline.yaml")
    reads_or_tells(json.dumps(value), "pipeline.json")
