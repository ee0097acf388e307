"""Topics and subscriptions of a pipeline on a broker of its own."""

from __future__ import annotations

import json

import pytest

from gapheal import spec
from gapheal.local.broker import Broker
from gapheal.local.wiring import clients, wire

PIPELINE = """
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
phases:
  phase2: {completion_topic: phase2-complete, tables: [raw.boxscores]}
  phase3: {completion_topic: phase3-complete, tables: [analytics.summary]}
  phase4: [precompute.factors]
transitions:
  phase2_to_phase3: {trigger: {pubsub: {topic: phase3-trigger}}}
  phase3_to_phase4: {}
"""
CALL = {"retry": None, "timeout": 10.0}


@pytest.fixture
def broker():
    with Broker() as broker, clients(broker.address) as both:
        yield both


@pytest.fixture
def heard(broker, endpoint):
    """Which paths get a push when something is published to a topic."""
    functions = {name: f"{endpoint.url}/{name}" for name in ("phase2_to_phase3", "phase3_to_phase4")}
    wire(spec.parse(PIPELINE), "test", broker, functions, f"{endpoint.url}/workers")

    def heard(topic: str, count: int) -> set[str]:
        broker.publisher.publish(topic=f"projects/test/topics/{topic}", messages=[{"data": b"{}"}], **CALL)
        return {request.path for request in endpoint.wait_for(count)}

    return heard


def test_every_topic_that_the_file_names_is_created_once(broker, heard):
    listed = broker.publisher.list_topics(project="projects/test", **CALL)

    names = [topic.name.rpartition("/")[2] for topic in listed]
    assert names == ["phase2-complete", "phase3-complete", "phase3-trigger", "nba-props-phase4-trigger"]


def test_an_upstream_event_reaches_the_transitions_function(heard):
    assert heard("phase2-complete", 1) == {"/phase2_to_phase3"}


def test_a_phase_between_two_transitions_is_heard_by_both(heard):
    assert heard("phase3-complete", 2) == {"/phase2_to_phase3", "/phase3_to_phase4"}


def test_a_trigger_reaches_the_worker_of_its_phase(heard, endpoint):
    assert heard("phase3-trigger", 1) == {"/workers/phase3"}
    assert (
        json.loads(endpoint.received[0].body)["subscription"] == "projects/test/subscriptions/phase2_to_phase3-triggers"
    )


def test_without_workers_nobody_listens_to_the_triggers(broker, endpoint):
    wire(spec.parse(PIPELINE), "test", broker, {"phase2_to_phase3": endpoint.url})

    topic = "projects/test/topics/phase3-trigger"
    assert list(broker.publisher.list_topic_subscriptions(topic=topic, **CALL)) == []
