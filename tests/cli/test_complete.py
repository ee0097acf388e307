"""The command `complete`, against a real topic."""

import base64
import json

import pytest

from gapheal.local import wiring

TOPIC = "nba-props-phase3-complete"


@pytest.fixture
def announced(pipeline):
    """The file, with a topic for phase 3."""
    phase = f"{{completion_topic: {TOPIC}, tables: [nba_analytics.player_game_summary]}}"
    text = pipeline.read_text().replace("phase3: [nba_analytics.player_game_summary]", f"phase3: {phase}")
    pipeline.write_text(text)
    return pipeline


@pytest.fixture
def topic(project, pubsub):
    """The completion topic, and what subscribes an endpoint to it."""
    path = f"projects/{project}/topics/{TOPIC}"
    with wiring.clients(pubsub) as clients:
        clients.publisher.create_topic(name=path, retry=None, timeout=10)

        def subscribe(url):
            name = f"projects/{project}/subscriptions/listener"
            request = {"name": name, "topic": path, "push_config": {"push_endpoint": url}}
            clients.subscriber.create_subscription(request=request, retry=None, timeout=10)

        yield subscribe


def test_a_range_is_announced_by_one_event(announced, topic, endpoint, gapheal):
    topic(endpoint.url)
    result = gapheal("complete", "--phase", "3", "--start-date", "2024-04-16", "--end-date", "2024-06-18")
    (received,) = endpoint.wait_for(1)
    event = json.loads(base64.b64decode(json.loads(received.body)["message"]["data"]))

    assert (result.exit_code, result.output) == (0, f"announced 64 dates to {TOPIC}: 2024-04-16 .. 2024-06-18\n")
    assert event == {"phase": "phase3", "start_date": "2024-04-16", "end_date": "2024-06-18"}


def test_single_dates_and_who_ran_are_told(announced, topic, endpoint, gapheal):
    topic(endpoint.url)
    words = ("--dates", "2024-04-16, 2024-04-20..2024-04-21", "--processor-name", "old.py", "--json")
    result = gapheal("complete", "--phase", "phase3", *words)
    told = json.loads(result.output)

    assert result.exit_code == 0
    assert told["event"]["dates"] == ["2024-04-16", "2024-04-20", "2024-04-21"]
    assert (told["event"]["processor_name"], told["topic"], "warning" in told) == ("old.py", TOPIC, False)
    assert told["message_id"]


def test_it_says_when_nobody_listens(announced, topic, gapheal):
    result = gapheal("complete", "--phase", "3", "--dates", "2024-04-16")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"announced 1 date to {TOPIC}: 2024-04-16",
        (
            f"note: topic {TOPIC} has no subscription: nobody heard the event; "
            "subscribe the functions of the phases beside it"
        ),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--phase", "33", "--dates", "2024-04-16"), "--phase: expected one of phase2, phase3, found 33"),
        (("--phase", "2", "--dates", "2024-04-16"), "phases.phase2 has no completion_topic"),
        (("--phase", "3"), "found no start_date and no end_date"),
        (("--phase", "3", "--start-date", "2024-04-18", "--end-date", "2024-04-16"), "found 2024-04-18 and 2024-04-16"),
        (("--phase", "3", "--dates", "2099-01-01"), "to tomorrow"),
        (("--phase", "3", "--dates", "2024-04-16"), f"{TOPIC} does not exist: create it, or name another"),
    ],
)
def test_what_cannot_be_announced_is_refused_with_the_mend(announced, project, pubsub, gapheal, words, told):
    result = gapheal("complete", *words)

    assert result.exit_code == 2
    assert told in result.output


def test_a_service_that_is_not_there_is_exit_code_3(announced, project, gapheal, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    result = gapheal("complete", "--phase", "3", "--dates", "2024-04-16")

    assert result.exit_code == 3
    assert "no connection to Pub/Sub" in result.output
