"""A trigger on its way: published, pushed by either broker, read by the worker's half; and a completion event back."""

from __future__ import annotations

import json
from datetime import date

import pytest

import gapheal
from gapheal import completion, spec, worker
from gapheal.errors import ConfigError
from gapheal.events import read
from gapheal.local.wiring import clients
from gapheal.messages import Dated, compose
from gapheal.model.passes import Source
from gapheal.publisher import PubSubPublisher
from gapheal.testing import small_pipeline

pytestmark = [pytest.mark.emulator, pytest.mark.parametrize("pubsub", ["embedded", "official"], indirect=True)]

CALL = {"retry": None, "timeout": 10.0}
TODAY = date(2024, 7, 1)
NAME = "raw_to_refined"
PIPELINE = small_pipeline(batch_size=31)
TRIGGER = PIPELINE.transitions[NAME].trigger
FILE = """\
version: 1
pipeline: small
location: us-west2
timezone: UTC
defaults: {date_column: day}
phases:
  raw: [d.raw]
  refined: {tables: [d.refined], completion_topic: refined-complete}
transitions:
  raw_to_refined: {}
"""


@pytest.fixture
def subscribe(project, pubsub, endpoint):
    """Creates a topic, and lets the endpoint hear it."""
    with clients(pubsub) as both:

        def subscribe(name, **push):
            topic = both.publisher.create_topic(name=f"projects/{project}/topics/{name}", **CALL).name
            request = {
                "name": f"projects/{project}/subscriptions/{name}-sub",
                "topic": topic,
                "push_config": {"push_endpoint": endpoint.url, **push},
            }
            both.subscriber.create_subscription(request=request, **CALL)

        yield subscribe


PUSHES = {
    "wrapped": {},
    "unwrapped": {"no_wrapper": {"write_metadata": True}},
    "unwrapped, bare": {"no_wrapper": {"write_metadata": False}},
}


@pytest.mark.parametrize("push", PUSHES.values(), ids=PUSHES)
def test_what_either_broker_pushes_is_read_and_a_repeat_is_dropped(subscribe, endpoint, project, push):
    subscribe("refined-trigger", **push)
    dated = [Dated(TODAY, 1, "missing")]
    (message,) = compose(PIPELINE, NAME, dated, Source.SCAN)
    endpoint.statuses = [503]
    publisher = PubSubPublisher(project)
    deliveries = [*publisher.publish(TRIGGER, [message]), *publisher.publish(TRIGGER, [message])]
    received = endpoint.wait_for(3, seconds=20)

    found = [worker.read(each.body, each.headers) for each in received]
    seen, turns = worker.Seen(), []
    for trigger in found:
        with seen.turn(trigger) as turn:
            turns.append(turn)

    assert [delivery.outcome for delivery in deliveries] == ["published"] * 2
    assert {(each.trigger_id, each.dates, each.reason) for each in found} == {(message.trigger_id, (TODAY,), "missing")}
    assert turns == ["new", "done", "done"]


def test_what_is_pulled_is_read(project, pubsub):
    with clients(pubsub) as both:
        topic = both.publisher.create_topic(name=f"projects/{project}/topics/refined-trigger", **CALL).name
        name = f"projects/{project}/subscriptions/pulled"
        both.subscriber.create_subscription(request={"name": name, "topic": topic}, **CALL)
        (message,) = compose(PIPELINE, NAME, [Dated(TODAY, 1, "missing")], Source.SCAN)
        PubSubPublisher(project).publish(TRIGGER, [message])
        pulled = both.subscriber.pull(request={"subscription": name, "max_messages": 1}, **CALL).received_messages

    assert worker.read_message(pulled[0].message).trigger_id == message.trigger_id


def test_a_completion_event_for_a_range_is_one_message_that_the_door_reads(subscribe, endpoint, project, caplog):
    subscribe("refined-complete")
    name = gapheal.publish_completion(
        phase="refined",
        start_date="2024-04-16",
        end_date="2024-06-18",
        pipeline=spec.parse(FILE),
        processor_name="old_backfill.py",
    )
    (received,) = endpoint.wait_for(1)
    envelope = json.loads(received.body)
    request = read(received.body, received.headers, date_keys=("game_date",), today=TODAY)

    assert envelope["message"]["messageId"] == name
    assert (len(request.dates), str(min(request.dates)), str(max(request.dates))) == (64, "2024-04-16", "2024-06-18")
    assert caplog.text == ""


def test_an_event_that_nobody_hears_is_published_and_logged(project, pubsub, caplog):
    with clients(pubsub) as both:
        both.publisher.create_topic(name=f"projects/{project}/topics/refined-complete", **CALL)
    gapheal.publish_completion(phase="refined", dates=["2024-04-16"], pipeline=spec.parse(FILE))

    assert "topic refined-complete has no subscription: nobody heard the event" in caplog.text


def test_a_topic_that_is_not_there_is_told(project, pubsub, tmp_path, monkeypatch):
    (tmp_path / "pipeline.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    with pytest.raises(ConfigError, match="refined-complete does not exist: create it"):
        gapheal.publish_completion(phase="refined", dates=["2024-04-16"])


def test_a_topic_of_another_project_may_be_named(project, pubsub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no pipeline file there
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    with clients(pubsub) as both:
        topic = both.publisher.create_topic(name=f"projects/{project}-other/topics/done", **CALL).name

    assert gapheal.publish_completion(phase="anything", dates=["2024-04-16"], topic=topic)


def test_without_a_project_it_says_so(pubsub, monkeypatch):
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(ConfigError, match="no Google Cloud project"):
        completion.publisher_of(None, None)
