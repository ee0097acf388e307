"""The dependency graph, from the file alone: drawn for people, as JSON, as Mermaid."""

from __future__ import annotations

import json
import re

import pytest

from gapheal.app.graph import as_mermaid, as_text, graph
from gapheal.spec import parse

NBA = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  orphan: [a.unused]
  phase2: {label: Raw, tables: [a.boxscores], expected: {table: a.schedule}}
  phase3: {label: 'Analytics "3" #1', tables: [b.summary, {table: b.team, required: false}]}
  phase5: [c.predictions]
  grading: [c.grades]
  phase6: [d.exports]
transitions:
  phase2_to_phase3: {}
  grading: {upstream: [phase5, phase3], downstream: grading, policy: {mode: heal}}
  phase3_to_phase5:
    policy: {mode: paused}
    trigger: {http: {url: 'https://coordinator.example/start'}}
  phase5_to_phase6: {}
"""
DRAWN = """\
phase2 (Raw)
│    a.boxscores
│    expected: a.schedule
└─ phase2_to_phase3: observe, topic nba-props-phase3-trigger
   phase3 (Analytics "3" #1)
   │    b.summary
   │    b.team (optional)
   ├─ grading: drawn at phase5
   └─ phase3_to_phase5: paused, https://coordinator.example/start
      phase5
      │    c.predictions
      ├─ grading: heal, topic nba-props-grading-trigger, together with phase3
      │  grading
      │       c.grades
      └─ phase5_to_phase6: observe, topic nba-props-phase6-trigger
         phase6
              d.exports

orphan: no transition touches it
     a.unused"""
MERMAID = """\
flowchart LR
  n0["orphan<br/>a.unused"]
  n1["phase2 (Raw)<br/>a.boxscores<br/>expected: a.schedule"]
  n2["phase3 (Analytics #34;3#34; #35;1)<br/>b.summary<br/>b.team (optional)"]
  n3["phase5<br/>c.predictions"]
  n4["grading<br/>c.grades"]
  n5["phase6<br/>d.exports"]
  n1 -->|"phase2_to_phase3 (observe)"| n2
  n3 -->|"grading (heal)"| n4
  n2 -->|"grading (heal)"| n4
  n2 -.->|"phase3_to_phase5 (paused)"| n3
  n3 -->|"phase5_to_phase6 (observe)"| n5"""


def test_every_phase_is_drawn_once_below_the_first_of_its_upstreams():
    assert as_text(parse(NBA)) == DRAWN


def test_mermaid_names_every_phase_and_draws_every_dependency():
    drawn = as_mermaid(parse(NBA))
    declared = set(re.findall(r"^  (n\d+)\[", drawn, re.MULTILINE))
    linked = set(re.findall(r"n\d+", "\n".join(line for line in drawn.splitlines() if "|" in line)))

    assert drawn == MERMAID
    assert linked <= declared


def test_the_graph_as_values():
    found = graph(parse(NBA))

    assert {node["phase"]: node["role"] for node in found["nodes"]} == {
        "orphan": "untouched",
        "phase2": "first",
        "phase3": "middle",
        "phase5": "middle",
        "grading": "last",
        "phase6": "last",
    }
    assert found["nodes"][1] == {
        "phase": "phase2",
        "label": "Raw",
        "role": "first",
        "tables": [{"table": "a.boxscores", "required": True}],
        "expected": "a.schedule",
        "completion_topic": None,
    }
    assert found["edges"][1:3] == [
        {
            "transition": "grading",
            "upstream": ["phase5", "phase3"],
            "downstream": "grading",
            "mode": "heal",
            "target": {"kind": "pubsub", "name": "nba-props-grading-trigger"},
        },
        {
            "transition": "phase3_to_phase5",
            "upstream": ["phase3"],
            "downstream": "phase5",
            "mode": "paused",
            "target": {"kind": "http", "name": "https://coordinator.example/start"},
        },
    ]


@pytest.fixture
def offline(pipeline, monkeypatch):
    """A file, and nothing else: no project, no emulators, no credentials."""
    pipeline.write_text(NBA)
    for name in ("GOOGLE_CLOUD_PROJECT", "BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("words", [[], ["text"], ["--pipeline", "pipeline.yaml"]])
def test_the_option_alone_draws_text(offline, gapheal, words):
    result = gapheal("plan", "--graph", *words)

    assert (result.exit_code, result.output) == (0, DRAWN + "\n")


@pytest.mark.parametrize("words", [["json"], ["--json"], ["text", "--json"]])
def test_json_is_the_graph(offline, gapheal, words):
    result = gapheal("plan", "--graph", *words)

    assert (result.exit_code, json.loads(result.output)) == (0, graph(parse(NBA)))


def test_mermaid_is_printed_as_it_is(offline, gapheal):
    assert gapheal("plan", "--graph", "mermaid").output == MERMAID + "\n"


def test_another_form_is_refused(offline, gapheal):
    result = gapheal("plan", "--graph", "svg")

    assert result.exit_code == 2
    assert "mermaid" in result.output


def test_a_circle_is_told_and_not_drawn(offline, gapheal, pipeline):
    pipeline.write_text(NBA.replace("phase2_to_phase3: {}", "phase2_to_phase3: {upstream: [phase2, phase6]}"))
    result = gapheal("plan", "--graph")

    assert result.exit_code == 2
    assert "found the circle phase6 → phase3 → phase5 → phase6; take one step out" in result.output
