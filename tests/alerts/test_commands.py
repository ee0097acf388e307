"""The commands `alerts test` and `alerts list`."""

import json

import pytest
from tests.alerts.conftest import NAME, URLS, days
from tests.alerts.receiver import SECRETS
from tests.cli.conftest import TEN_LINES
from typer.testing import CliRunner

from gapheal.cli import common
from gapheal.cli.commands import command


@pytest.fixture
def gapheal(tmp_path, monkeypatch):
    """Types a command beside a pipeline file, with a target of each kind."""
    (tmp_path / "pipeline.yaml").write_text(TEN_LINES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    for name, value in URLS.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(command, ["alerts", *words])


def test_every_target_gets_a_word_and_says_whether_it_took_it(gapheal, receiver):
    result = gapheal("test")

    assert (result.exit_code, result.output.splitlines()) == (
        0,
        ["GAPHEAL_ALERT_URLS[1] slack: took message", "GAPHEAL_PAGE_URLS[1] pagerduty: took page, resolve"],
    )
    assert receiver.titles == ["[nba-props] a test of gapheal's alerts"]
    assert [event.action for event in receiver.events] == ["trigger", "resolve"]
    assert {event.key for event in receiver.events} == {"gapheal/nba-props/test"}


def test_a_target_that_does_not_take_it_is_told_masked_and_the_exit_code_is_1(gapheal, receiver):
    receiver.answers = {"slack": 404, "pagerduty": [202, 500]}
    result = gapheal("test", "--json")
    slack, pagerduty = json.loads(result.output)["targets"]

    assert result.exit_code == 1
    assert (slack["delivered"], slack["sent"], "error=404" in slack["error"]) == (False, [], True)
    assert (pagerduty["delivered"], pagerduty["sent"], pagerduty["page"]) == (False, ["page"], True)
    assert [secret for secret in SECRETS if secret in result.output] == []


def test_other_names_of_the_file_are_read(gapheal, receiver, tmp_path, monkeypatch):
    (tmp_path / "pipeline.yaml").write_text(f"{TEN_LINES}alerts: {{urls_env: MINE}}\n")
    monkeypatch.setenv("MINE", URLS["GAPHEAL_ALERT_URLS"])
    result = gapheal("test")

    assert "MINE[1] slack: took message" in result.output
    assert len(receiver.said) == 1


@pytest.mark.parametrize("words", [("test",), ("test", "--json")])
def test_without_a_target_it_says_what_to_set(gapheal, receiver, monkeypatch, words):
    for name in URLS:
        monkeypatch.delenv(name)
    result = gapheal(*words)

    assert result.exit_code == 2
    assert "expected URLs in GAPHEAL_ALERT_URLS or GAPHEAL_PAGE_URLS, found none" in result.output


def test_what_people_know_to_be_open_is_listed_and_what_waits(gapheal, place, monkeypatch):
    found = place()
    found.settle()
    monkeypatch.setattr(common, "opened", lambda _: found.app)
    nothing = gapheal("list")
    found.lost(*days(3))
    found.receiver.answers = {"slack": 500}
    found.passes()
    listed, told = gapheal("list"), json.loads(gapheal("list", "--json").output)

    assert (nothing.exit_code, nothing.output) == (0, "nothing that people were told of stands open\n")
    assert (listed.exit_code, listed.output.splitlines()) == (
        1,
        [
            f"{NAME}: open gaps, told 2024-07-01 18:00 UTC, 3 dates: 2024-06-01..2024-06-03",
            f"not delivered since 2024-07-01 18:00 UTC: [small] {NAME}: open gaps, 3 dates",
        ],
    )
    assert [each["kind"] for each in told["open"]] == ["gaps"]
    assert told["undelivered"][0]["tries"][0]["tries"] == 1
