"""What a job makes of a trigger: every way it may come, what is refused, and repeats."""

from __future__ import annotations

import base64
import json
from datetime import date
from types import SimpleNamespace

import pytest

from gapheal import worker
from gapheal.errors import RequestError
from gapheal.messages import Dated, compose
from gapheal.model.passes import Source
from gapheal.publisher.http import _headers
from gapheal.testing import FrozenClock, small_pipeline

DAYS = (date(2024, 4, 16), date(2024, 4, 18))


def message(days=DAYS, **trigger):
    """A trigger as gapheal composes it."""
    pipeline = small_pipeline(batch_size=31)
    name, transition = next(iter(pipeline.transitions.items()))
    changed = transition.model_copy(update={"trigger": transition.trigger.model_copy(update=trigger)})
    pipeline = pipeline.model_copy(update={"transitions": {**pipeline.transitions, name: changed}})
    return compose(pipeline, name, [Dated(day, 2, "missing") for day in days], Source.SCAN)[-1]


def b64(data):
    return base64.b64encode(data).decode()


def wrapped(sent):
    envelope = {"message": {"data": b64(sent.data), "attributes": dict(sent.attributes), "messageId": "7"}}
    return worker.read(json.dumps({**envelope, "subscription": "s"}).encode(), {})


def in_a_cloud_event(sent):
    data = {"message": {"data": b64(sent.data), "attributes": dict(sent.attributes)}}
    event = {"specversion": "1.0", "type": "t", "id": "1", "source": "s", "data": data}
    return worker.read(json.dumps(event).encode(), {})


def unwrapped(sent):
    """With metadata; header names reach a server in any case."""
    return worker.read(sent.data, {name.title(): text for name, text in sent.attributes.items()})


def over_http(sent):
    return worker.read(sent.data, _headers(sent))


def pulled(sent):
    return worker.read_message(SimpleNamespace(data=sent.data, attributes=sent.attributes))


WAYS = {way.__name__: way for way in (wrapped, in_a_cloud_event, unwrapped, over_http, pulled)}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_trigger_reads_the_same_whichever_way_it_comes(way):
    sent = message()
    found = way(sent)

    assert (found.pipeline, found.transition) == ("small", "raw_to_refined")
    assert (found.dates, found.start_date, found.end_date) == (DAYS, *DAYS)
    assert (found.trigger_id, found.attempt, found.reason, found.source) == (sent.trigger_id, 2, "missing", "scan")
    assert (found.part, found.payload) == (None, json.loads(sent.data))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_payload_of_ones_own_has_its_dates_from_the_attributes(way):
    """There the list of dates is not said: every day of the run is meant."""
    found = way(message(payload={"day": "{date}"}))

    assert found.dates == (DAYS[0], date(2024, 4, 17), DAYS[1])
    assert found.payload == {"day": "2024-04-16..2024-04-18"}


def test_each_message_of_a_fan_out_is_a_trigger_of_its_own():
    found = wrapped(message(days=DAYS[:1], fan_out=({"a": 1}, {"b": "{date}"})))

    assert (found.part, found.payload, found.dates) == ("2/2", {"b": "2024-04-16"}, DAYS[:1])


def test_an_unwrapped_push_without_metadata_is_read_where_the_payload_says_all():
    sent = message()

    assert worker.read(sent.data, {}).trigger_id == sent.trigger_id


def attributes(**other):
    return {**message().attributes, **other}


REFUSED = {
    "a completion event": (b'{"phase": "phase3", "game_date": "2024-04-16"}', {}, "Is this a completion event"),
    "no JSON": (b"nonsense", {}, "expected JSON"),
    "nothing": (b"", {}, "found an empty body"),
    "a payload alone": (b'{"day": "2024-04-16"}', {}, "found none called pipeline"),
    "no such day": (b"{}", attributes(partition="2024-02-30"), "partition: expected a date like"),
    "a reversed run": (b"{}", attributes(partition="2024-04-18..2024-04-16"), "a run such as"),
    "three ends": (b"{}", attributes(partition="2024-04-16..2024-04-17..2024-04-18"), "a run such as"),
    "no number": (b"{}", attributes(attempt="two"), "attempt: expected a whole number"),
    "two ids": (message().data, attributes(trigger_id="other"), "expected one trigger_id"),
    "a date outside": (message().data, attributes(partition="2024-04-16"), "within 2024-04-16, found 2024-04-18"),
    "dates that are no list": (b'{"trigger_id": "t", "dates": 7}', attributes(trigger_id="t"), "a list of dates"),
    "dates that are none": (b'{"trigger_id": "t", "dates": ["x"]}', attributes(trigger_id="t"), "dates[0]: expected"),
}


@pytest.mark.parametrize(("body", "headers", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_trigger_is_refused_with_the_reason(body, headers, told):
    with pytest.raises(RequestError) as caught:
        worker.read(body, headers)

    assert told in str(caught.value)


def test_what_is_pulled_and_is_no_trigger_is_refused():
    with pytest.raises(RequestError, match="found none called"):
        worker.read_message(SimpleNamespace(data=b"{}", attributes={}))


def test_attributes_that_are_no_text_are_refused():
    body = {"message": {"data": b64(b"{}"), "attributes": {"pipeline": 7}}}
    with pytest.raises(RequestError, match=r"attributes.pipeline: expected text, found 7"):
        worker.read(json.dumps(body).encode(), {})


def turns(seen, *triggers):
    found = []
    for trigger in triggers:
        with seen.turn(trigger) as turn:
            found.append(turn)
    return found


ONE, OTHER = pulled(message()), pulled(message(days=DAYS[:1]))


def test_a_repeat_is_done_already_and_another_trigger_is_not():
    assert turns(worker.Seen(), ONE, ONE, OTHER, ONE) == ["new", "done", "new", "done"]


def test_a_repeat_that_comes_while_the_first_still_runs_is_told_so():
    seen = worker.Seen()
    with seen.turn(ONE) as first, seen.turn(ONE) as second:
        assert (first, second) == ("new", "running")

    assert turns(seen, ONE) == ["done"]


def test_a_job_that_failed_runs_at_the_next_delivery():
    seen = worker.Seen()
    with pytest.raises(ZeroDivisionError), seen.turn(ONE):
        _ = 1 / 0

    assert turns(seen, ONE, ONE) == ["new", "done"]


def test_the_memory_holds_the_newest_for_a_time():
    clock = FrozenClock()
    memory = worker.Memory(limit=2, seconds=60, monotonic=clock.monotonic)
    first = [memory.begin(name) for name in ("a", "b", "c")]
    again = [memory.begin(name) for name in ("c", "a")]
    clock.advance(seconds=61)

    assert first == ["new"] * 3
    assert again == ["running", "new"]
    assert memory.begin("c") == "new"


def test_a_store_of_ones_own_takes_the_memorys_place():
    """Two instances of a service, one store."""
    store = worker.Memory()

    assert turns(worker.Seen(store), ONE) + turns(worker.Seen(store), ONE) == ["new", "done"]
