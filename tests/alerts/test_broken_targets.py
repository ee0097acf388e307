"""A target that is broken: it hurts no healing, hears of it later and once, and shows nobody its secret."""

import json
import logging
import threading
from datetime import timedelta

import pytest
from tests.alerts.conftest import NAME, URLS, days
from tests.alerts.receiver import HOOK, PAGERDUTY, SECRETS, SLACK, Receiver

from gapheal.alerts import Teller, targets
from gapheal.alerts import teller as shell
from gapheal.alerts.state import Message
from gapheal.alerts.targets import deliver
from gapheal.alerts.teller import DEAD_AFTER
from gapheal.errors import Unavailable
from gapheal.model.passes import Limited
from gapheal.model.pipeline import Alerts
from gapheal.testing.clock import NOON

FAULTS = {"429 with Retry-After": 429, "500": 500, "503": 503, "no answer": "hang", "gone": 404, "moved": 302}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Time-outs of a second; the real ones are four and eight."""
    monkeypatch.setattr("apprise.url.URLBase.socket_read_timeout", 0.5)


def broken(place, **about):
    found = place(page_above=2, **about)
    found.settle()
    found.lost(*days(3))
    return found


@pytest.mark.fault(32)
@pytest.mark.parametrize("answer", FAULTS.values(), ids=FAULTS)
def test_healing_goes_on_and_the_message_comes_with_the_next_pass_that_gets_through(place, answer):
    found = broken(place)
    found.receiver.answers = {"slack": answer, "pagerduty": answer}
    first, second = found.passes(), found.passes()
    found.made(*days(3))
    found.receiver.answers = {}
    third, fourth = found.passes(), found.passes()

    assert (first["triggered"], first["errors"]) == (3, [])
    assert all(any(name in warning for warning in first["warnings"]) for name in URLS)
    assert len(second["warnings"]) == 2
    assert [title.removeprefix(f"[small] {NAME}: ") for title in found.receiver.titles] == [
        "open gaps, 3 dates, many open gaps, 3 dates",
        "all well again, open gaps over, many open gaps over",
    ]
    assert [event.action for event in found.receiver.events] == ["trigger", "resolve"]
    assert ("warnings" in third, "warnings" in fourth) == (False, False)


@pytest.mark.fault(32)
def test_one_broken_target_keeps_nothing_from_the_others(place):
    found = broken(place)
    found.receiver.answers = {"slack": 500}
    for _ in range(3):
        report = found.passes(after=20)

    assert found.receiver.incidents == {f"gapheal/small/{NAME}"}
    assert len(found.receiver.events) == 1
    assert len(report["warnings"]) == 1
    assert "GAPHEAL_ALERT_URLS[1] slack: Failed to send to Slack" in report["warnings"][0]


@pytest.mark.fault(32)
def test_a_call_and_its_end_are_never_delivered_in_the_wrong_order(place):
    found = broken(place)
    found.receiver.answers = {"pagerduty": [429]}
    found.passes()
    found.made(*days(3))
    # The call fails again; its end would be taken, and the call would then stand open for ever.
    found.receiver.answers = {"pagerduty": [500]}
    found.passes()
    found.passes()

    assert [event.action for event in found.receiver.events] == ["trigger", "resolve"]
    assert found.receiver.incidents == set()


@pytest.mark.fault(32)
def test_a_target_that_fails_rests_a_minute_and_then_longer(place):
    found = broken(place)
    found.receiver.answers = {"slack": 500}
    tries = []
    for _ in range(64):
        before = found.receiver.asked
        found.passes(after=1)
        tries.append(found.receiver.asked - before)

    assert tries[0] == 2
    assert [minute for minute, tried in enumerate(tries) if tried and minute] == [1, 3, 7, 15, 31, 61]


@pytest.mark.fault(32)
def test_a_target_that_is_late_is_not_waited_for():
    late = Receiver()
    late.answers = {"slack": "hang"}
    (target,) = targets(Alerts(), {"GAPHEAL_ALERT_URLS": f"json://{late.url.removeprefix('http://')}/x?rto=20"})
    try:
        came = deliver([(target, [Message("t", "b", "info", NOON)])], seconds=0.2)
    finally:
        late.close()

    assert came == {target.id: ["GAPHEAL_ALERT_URLS[1] json: no answer within 0.2 s"]}


@pytest.mark.fault(32)
def test_a_target_that_is_late_gets_nothing_more_of_this_pass(monkeypatch):
    """What comes after the late message is the next pass's: sent now as well, it would arrive twice."""
    taken, done = [], threading.Event()

    def slow(_, message):
        done.wait(60)
        taken.append(message.title)

    monkeypatch.setitem(deliver.__globals__, "_send", slow)
    (target,) = targets(Alerts(), {"GAPHEAL_ALERT_URLS": SLACK})
    before = set(threading.enumerate())
    came = deliver([(target, [Message(title, "b", "info", NOON) for title in ("first", "second")])], seconds=1)
    done.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()

    assert came == {target.id: ["GAPHEAL_ALERT_URLS[1] slack: no answer within 1 s"]}
    assert taken == ["first"]


@pytest.mark.parametrize(
    ("url", "secret"),
    [("json://me:long-secret-one@host/x", "long-secret-one"), ("json://me:long%40secret@host/x", "long@secret")],
)
def test_no_part_of_a_secret_is_told_where_an_answer_is_cut_or_the_url_was_quoted(monkeypatch, url, secret):
    monkeypatch.setitem(deliver.__globals__, "_send", lambda *_: "x" * 295 + secret)
    (target,) = targets(Alerts(), {"GAPHEAL_ALERT_URLS": url})
    ((error,),) = deliver([(target, [Message("t", "b", "info", NOON)])]).values()

    assert error.endswith("x" * 295 + "…")


def test_after_a_week_a_message_is_no_news(place):
    found = broken(place)
    found.receiver.answers = {"slack": 500, "pagerduty": 500}
    found.passes()
    found.made(*days(3))
    found.world.clock.advance(days=8)
    found.receiver.answers = {}
    found.passes()

    assert found.receiver.titles == [f"[small] {NAME}: all well again, open gaps over, many open gaps over"]


def test_what_waits_for_a_target_that_is_gone_is_forgotten(place):
    found = broken(place)
    found.receiver.answers = {"slack": 500}
    found.passes()
    found.urls = {"GAPHEAL_PAGE_URLS": PAGERDUTY}
    found.restart()
    found.made(*days(3))
    report = found.passes()

    assert "warnings" not in report
    assert found.teller.ledger.told(NAME)["waiting"] == []


@pytest.mark.parametrize(
    "url", ["nonsense-without-scheme", "nope://abcdefghij", f"slack://{HOOK[:10]}", "pagerduty://"]
)
def test_a_url_that_cannot_be_used_is_an_error_of_that_target_alone(place, url):
    found = broken(place, urls={"GAPHEAL_ALERT_URLS": f"{url}, {SLACK}"})
    report = found.passes()

    assert len(report["warnings"]) == 1
    assert "GAPHEAL_ALERT_URLS[1]" in report["warnings"][0]
    assert len(found.receiver.titles) == 1


class Kept(logging.Handler):
    """What reaches the root logger, which a function prints."""

    def __init__(self):
        super().__init__()
        self.text = ""

    def emit(self, record):
        self.text += record.getMessage()


@pytest.fixture
def log():
    kept = Kept()
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)


def test_no_secret_is_shown_anywhere(place, capfd, log):
    found = broken(place, urls={"GAPHEAL_ALERT_URLS": f"{SLACK} nope://{SECRETS[1]}", "GAPHEAL_PAGE_URLS": PAGERDUTY})
    found.receiver.answers = {"slack": 500, "pagerduty": 429}
    report = found.passes()
    found.receiver.answers = {"slack": "hang"}
    report_2 = found.passes()
    out, err = capfd.readouterr()
    shown = json.dumps([report, report_2, found.world.ledger.rows]) + repr(found.teller.targets) + out + err + log.text

    assert len(report["warnings"]) == 3
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a://1 b://2", ["V[1] a", "V[2] b"]),
        ("a://1,b://2,\n a://1", ["V[1] a", "V[2] b"]),
        (" \n", []),
    ],
)
def test_a_variable_holds_urls_with_commas_or_blanks_between_them(text, names):
    found = targets(Alerts(urls_env="V", pages_env="P"), {"V": text})

    assert [target.name for target in found] == names


def test_a_ledger_that_takes_no_rows_silences_instead_of_repeating(place):
    found = broken(place)
    found.world.ledger.refuses = "the ledger is full"
    warnings = [found.passes().get("warnings") for _ in range(3)]

    assert found.receiver.asked == 0
    assert all(warnings)


def test_a_ledger_that_took_no_rows_for_half_a_day_silences_no_longer_than_that(place):
    found = broken(place)
    found.world.ledger.refuses = "the ledger is full"
    for _ in range(12):
        found.passes()
    found.world.ledger.refuses = None
    report = found.passes()

    assert "warnings" not in report
    assert len(found.receiver.titles) == 1


def test_a_ledger_that_cannot_be_read_is_a_warning(place, monkeypatch):
    found = place()

    def fails(_):
        raise Unavailable("BigQuery is down")

    monkeypatch.setattr(found.world.ledger, "told", fails)
    report = found.passes()

    assert report["warnings"] == ["alerts: BigQuery is down"]


def test_whatever_breaks_in_telling_is_a_warning(place, monkeypatch):
    found = broken(place)
    monkeypatch.setattr(shell, "changes", lambda *_, **__: 1 / 0)
    report = found.passes()

    assert (report["triggered"], len(report["warnings"])) == (3, 1)


def test_a_claim_that_cannot_be_tried_leaves_the_change_to_the_next_pass(place, monkeypatch):
    found = broken(place)
    acquire = found.world.claims.acquire

    def limited(transition, *about):
        return Limited("too many tables") if transition.startswith("alerts") else acquire(transition, *about)

    monkeypatch.setattr(found.world.claims, "acquire", limited)
    report = found.passes()
    monkeypatch.undo()
    found.receiver.answers = {}

    assert report["warnings"] == ["alerts: too many tables"]
    assert found.teller.ledger.told(NAME)["open"] == {}


def test_of_two_passes_at_once_one_tells(place):
    found = broken(place)
    recalled = found.world.ledger.recall(NAME, None)
    other = Teller(found.world.pipeline, found.world.ledger, found.world.claims, URLS)
    findings = []
    tell = found.teller.tell

    def overtaken(transition, some, **about):
        findings.extend(some)
        # The other one recalled before this one told, and comes through at the same moment.
        mine = tell(transition, some, **about)
        theirs = other.tell(transition, some, **{**about, "pass_id": "other", "told": recalled.told})
        return mine + theirs

    object.__setattr__(found.app.loop, "alerts", type("Both", (), {"tell": staticmethod(overtaken)}))
    report = found.passes()

    assert findings
    assert "warnings" not in report
    assert (len(found.receiver.titles), len(found.receiver.events)) == (1, 1)


def test_who_dies_between_claiming_and_writing_is_followed_by_the_next_pass_after_a_while(place):
    found = broken(place)
    n = found.teller.ledger.told(NAME)["n"]
    found.passes(after=1, dry_run=True)
    found.world.claims.acquire(f"alerts_{NAME}", shell.NO_DAY, n + 1, "")
    found.passes(after=DEAD_AFTER / timedelta(minutes=1) - 1)
    assert found.receiver.titles == []
    # The date was triggered meanwhile, and is left in peace for half an hour.
    found.passes(after=60)

    assert len(found.receiver.titles) == 1


@pytest.mark.parametrize("sent", [False, True], ids=["before anything is sent", "after it is sent"])
def test_who_dies_while_telling_is_finished_by_the_next_pass(place, sent):
    class Died(BaseException):
        """The process ends here."""

    found = broken(place)

    def dies(wanted):
        if sent:
            deliver(wanted)
        raise Died

    object.__setattr__(found.teller, "deliver", dies)
    with pytest.raises(Died):
        found.passes()
    found.restart()
    for _ in range(3):
        found.passes(after=10)

    # Better twice than never; PagerDuty makes one incident of both.
    assert len(found.receiver.titles) == (2 if sent else 1)
    assert found.receiver.incidents == {f"gapheal/small/{NAME}"}
