"""What is said to a phase's job."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from gapheal.errors import ConfigError
from gapheal.messages import Dated, compose, trigger_id
from gapheal.model.passes import Source
from gapheal.model.pipeline import Pipeline
from gapheal.model.template import PLACEHOLDERS
from gapheal.spec import validated

D16, D17, D18, D19 = (date(2024, 4, 16) + timedelta(days=n) for n in range(4))
T = "phase2_to_phase3"


def pipeline(**trigger) -> Pipeline:
    return validated(
        {
            "version": 1,
            "pipeline": "nba-props",
            "location": "us-west2",
            "timezone": "America/New_York",
            "ledger_dataset": "gapheal_nba_props",
            "phases": {
                "phase2": {"tables": [{"table": "nba_raw.boxscores", "date_column": "game_date"}]},
                "phase3": {"tables": [{"table": "nba_analytics.summary", "date_column": "game_date"}]},
            },
            "transitions": {
                T: {
                    "upstream": ["phase2"],
                    "downstream": "phase3",
                    "trigger": {"pubsub": {"topic": "nba-props-phase3-trigger"}, **trigger},
                }
            },
        }
    )


def composed(*run, source=Source.SCAN, **trigger):
    return compose(pipeline(**trigger), T, [Dated(*dated) for dated in run], source)


def test_a_message_for_one_date_says_all_that_is_known():
    (message,) = composed((D16, 2, "missing"))

    assert json.loads(message.data) == {
        "pipeline": "nba-props",
        "transition": "phase2_to_phase3",
        "phase": "phase3",
        "date": "2024-04-16",
        "start_date": "2024-04-16",
        "end_date": "2024-04-16",
        "dates": ["2024-04-16"],
        "trigger_id": "83002863d700db0f905fdd65db46eb5c",
        "attempt": 2,
        "reason": "missing",
        "source": "scan",
    }
    assert message.attributes == {
        "pipeline": "nba-props",
        "transition": "phase2_to_phase3",
        "partition": "2024-04-16",
        "trigger_id": message.trigger_id,
        "attempt": "2",
        "reason": "missing",
        "source": "scan",
    }
    assert message.days == (D16,)


def test_a_message_for_a_run_says_its_ends_its_dates_and_its_highest_claim():
    (message,) = composed((D16, 1, "missing"), (D17, 3, "partial"), (D19, 2, "missing"))

    data = json.loads(message.data)
    assert data["date"] == message.attributes["partition"] == "2024-04-16..2024-04-19"
    assert (data["start_date"], data["end_date"]) == ("2024-04-16", "2024-04-19")
    assert data["dates"] == ["2024-04-16", "2024-04-17", "2024-04-19"]
    assert data["attempt"] == 3
    assert data["reason"] == "missing,partial"
    assert message.days == (D16, D17, D19)


def test_the_default_data_are_what_placeholders_can_say():
    (message,) = composed((D16, 1, "missing"))

    assert set(json.loads(message.data)) == set(PLACEHOLDERS)


TEMPLATES = {
    "text": ({"game_date": "{date}"}, {"game_date": "2024-04-16"}),
    "inside a text": ({"path": "gs://b/{phase}/{date}.json"}, {"path": "gs://b/phase3/2024-04-16.json"}),
    "own types": ({"n": 5, "x": 1.5, "on": True, "no": None}, {"n": 5, "x": 1.5, "on": True, "no": None}),
    "a number renders as text": ({"attempt": "{attempt}"}, {"attempt": "2"}),
    "dates alone is a list": ({"dates": "{dates}"}, {"dates": ["2024-04-16"]}),
    "dates within a text": ({"dates": "in {dates}"}, {"dates": "in 2024-04-16"}),
    "nested": ({"a": [{"b": ["{start_date}", "{end_date}"]}]}, {"a": [{"b": ["2024-04-16", "2024-04-16"]}]}),
    "a key": ({"{date}": 1}, {"2024-04-16": 1}),
    "a list": (["{date}"], ["2024-04-16"]),
    "a bare text": ("{pipeline}/{transition}/{source}/{reason}", "nba-props/phase2_to_phase3/event/missing"),
    "other braces": ({"q": "{} {da-te} { date }"}, {"q": "{} {da-te} { date }"}),
    "no placeholder twice": ({"d": "{date}{date}"}, {"d": "2024-04-162024-04-16"}),
    "an empty object": ({}, {}),
    "false": (False, False),
}


@pytest.mark.parametrize(("template", "data"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_keeps_its_types_and_its_placeholders_are_filled(template, data):
    (message,) = composed((D16, 2, "missing"), source=Source.EVENT, payload=template)

    assert json.loads(message.data) == data


def test_a_run_of_several_dates_inside_a_text_is_joined():
    (message,) = composed((D16, 1, "missing"), (D17, 1, "missing"), payload={"dates": "[{dates}]"})

    assert json.loads(message.data) == {"dates": "[2024-04-16,2024-04-17]"}


def test_an_unknown_placeholder_is_a_fault_of_the_file():
    with pytest.raises(ConfigError, match=r"unknown placeholder \{game_date\} in a payload; known are \{pipeline\}"):
        composed((D16, 1, "missing"), payload={"a": ["{game_date}"]})


def test_fan_out_sends_one_message_for_each_payload():
    tables = ("a", "b", "c")
    messages = composed((D16, 1, "missing"), fan_out=[{"source_table": t, "analysis_date": "{date}"} for t in tables])

    assert [json.loads(m.data) for m in messages] == [
        {"source_table": t, "analysis_date": "2024-04-16"} for t in tables
    ]
    assert [m.attributes["part"] for m in messages] == ["1/3", "2/3", "3/3"]
    assert len({m.trigger_id for m in messages}) == 3


@pytest.mark.parametrize(
    ("transition", "dated", "part"),
    [
        ("phase3_to_phase4", [(D16, 1), (D17, 1)], ""),
        (T, [(D16, 2), (D17, 1)], ""),
        (T, [(D16, 1), (D17, 2)], ""),
        (T, [(D16, 1)], ""),
        (T, [(D16, 1), (D18, 1)], ""),
        (T, [(D16, 1), (D17, 1)], "1/2"),
        (T, [(D16, 1), (D17, 1)], "2/2"),
    ],
)
def test_a_trigger_id_differs_in_whatever_differs(transition, dated, part):
    assert trigger_id(transition, dated, part) != trigger_id(T, [(D16, 1), (D17, 1)])


def test_a_true_repeat_has_the_same_trigger_id_whoever_asks():
    (scan,) = composed((D16, 1, "missing"))
    (event,) = composed((D16, 1, "partial"), source=Source.EVENT)

    assert scan.trigger_id == event.trigger_id
    assert len(scan.trigger_id) == 32
