"""What is kept of an event that could not be used."""

from __future__ import annotations

import json

import pytest

from gapheal.events import rejection
from gapheal.events.rejections import KEPT


@pytest.mark.parametrize("spelling", [("messageId", "publishTime"), ("message_id", "publish_time")])
def test_the_message_is_named_by_its_own_id_and_time(spelling):
    message = dict(zip(spelling, ("12345", "2024-04-16T05:00:00.5Z"), strict=True))
    body = json.dumps({"message": {"data": "###", **message}}).encode()

    assert rejection(body, {}, "bad") == {
        "raw": body.decode(),
        "error": "bad",
        "message_id": "12345",
        "publish_time": "2024-04-16T05:00:00.500000+00:00",
    }


def test_an_unwrapped_message_is_named_by_its_headers():
    headers = {"X-Goog-Pubsub-Message-Id": "7", "x-goog-pubsub-publish-time": "2024-04-16T05:00:00Z"}

    row = rejection(b"x", headers, "bad")

    assert (row["message_id"], row["publish_time"]) == ("7", "2024-04-16T05:00:00+00:00")


@pytest.mark.parametrize("time", ["yesterday...", "2024-04-16T05:00:00", "9999-99-99T00:00:00Z", 5])
def test_a_time_that_is_no_moment_is_left_out(time):
    body = json.dumps({"message": {"publishTime": time}}).encode()

    assert rejection(body, {}, "bad")["publish_time"] is None


def test_an_event_without_a_name_is_kept_all_the_same():
    assert rejection(b"\xff\x00", {}, "bad") == {
        "raw": "\ufffd\x00",
        "error": "bad",
        "message_id": None,
        "publish_time": None,
    }


def test_the_first_64_kib_are_kept():
    row = rejection(b'{"message":{"data":"' + b"A" * 200_000 + b'","messageId":"9"}}', {}, "bad")

    assert len(row["raw"]) == KEPT
    assert row["message_id"] == "9"
