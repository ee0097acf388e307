"""The detector over memory: each thing that can be wrong is found alone, and where nothing is wrong nothing is told."""

from __future__ import annotations

import base64
import json

import pytest
from tests.functions.sweeps import FIRST, NOW, PIPELINE, SECOND, TABLES, day

from gapheal import app
from gapheal.app.sweeping import Sweep
from gapheal.errors import ConfigError, Unavailable
from gapheal.model.order import in_order
from gapheal.spec import load
from gapheal.testing import MemoryAlerts


def test_where_nothing_is_wrong_nothing_is_told(detector):
    answer = detector.sweep()

    assert answer["findings"] == answer["errors"] == answer["unknown"] == []
    assert list(answer["transitions"]) == [FIRST, SECOND], "in the order of the phases, whatever the file's"
    assert {report["source"] for report in answer["transitions"].values()} == {"sweep"}
    assert detector.alerts.last(None) == ()
    assert detector.alerts.announced == []


def missing_lately(detector):
    """A date that the scans know of, whose trigger has had its time."""
    detector.world.warehouse.drop("d.refined", day(3))
    detector.world.warehouse.drop("d.served", day(3))


def silence(detector):
    detector.world.clock.advance(hours=2, minutes=1)
    detector.pass_by(names=[FIRST])


def rejection(detector):
    data = base64.b64encode(b'{"game_date": "TODAY"}').decode()
    opened = app.build(load(detector.file))
    with pytest.raises(Exception, match="TODAY"):
        opened.read(SECOND, {}, json.dumps({"message": {"data": data, "messageId": "7"}}).encode())


def paused_job(detector):
    detector.world.schedule.put(FIRST, "scan", "paused")


def absent_job(detector):
    del detector.world.schedule.jobs_by_id["small-raw-to-refined-scan"]


def failing_job(detector):
    detector.world.schedule.put(SECOND, "scan", last_error="failed (code 7)")


def no_sweeps(detector):
    del detector.world.schedule.jobs_by_id["small-gap-detector"]
    detector.world.schedule.put(SECOND, "sweep")


def paused_detector(detector):
    detector.world.schedule.put("gap_detector", "sweep", "paused")


def no_jobs(detector):
    detector.world.schedule.jobs_by_id.clear()


def over(detector):
    """The season has ended, and its upstream goes on."""
    detector.file.write_text(PIPELINE.replace("2024-08-31", "2024-06-20"))


def retired(detector):
    """No new dates for two weeks."""
    for n in range(1, 15):
        for table in TABLES:
            detector.world.warehouse.drop(table, day(n))


def left_behind(detector):
    """The upstream has ended, its downstream is made from something else."""
    for n in range(1, 9):
        detector.world.warehouse.drop("d.raw", day(n))


ALONE = {
    "no scan": (silence, [(SECOND, "no_scan")]),
    "a rejected event": (rejection, [(SECOND, "rejections")]),
    "a paused job": (paused_job, [(FIRST, "schedule")]),
    "an absent job": (absent_job, [(FIRST, "schedule")]),
    "a failing job": (failing_job, [(SECOND, "schedule")]),
    "nothing that sweeps": (no_sweeps, [(FIRST, "schedule")]),
    "a paused detector": (paused_detector, [(None, "schedule")]),
    "no job at all": (no_jobs, [(None, "schedule")]),
    "a season that is over": (over, [(FIRST, "season_over"), (SECOND, "season_over")]),
    "a retired source": (retired, [(FIRST, "source_stopped")]),
    "a source left behind": (left_behind, [(FIRST, "source_stopped")]),
}


@pytest.mark.parametrize(("wrong", "told"), ALONE.values(), ids=ALONE)
def test_what_is_wrong_alone_is_found_alone(detector, wrong, told):
    wrong(detector)

    assert detector.found() == told


# --- What is not known -------------------------------------------------------------------------------------------


def test_a_schedule_that_may_not_be_seen_is_unknown_and_no_fault(detector):
    detector.world.schedule.fails = ConfigError("reading the jobs: no permission")

    answer = detector.sweep()

    assert (answer["findings"], answer["errors"]) == ([], [])
    assert answer["unknown"] == ["the schedule's jobs: reading the jobs: no permission"]


def tells(detector, monkeypatch, *standing):
    """What a sweep tells of the pipeline, where people have heard of `standing`."""
    alerts, world = MemoryAlerts(), detector.world
    opened = app.build(load(detector.file), **{**world.ports, "alerts": alerts})
    told = {"open": {}, "waiting": [], "told_at": None, "reminders": 0, "announced": [], "n": 1}
    about = {"opened_at": NOW.isoformat(), "codes": {}, "paged": False}
    told["open"] = {each["key"]: {key: each[key] for key in each if key != "key"} | about for each in standing}
    monkeypatch.setattr(world.ledger, "told", lambda transition: told)
    swept = Sweep(opened, in_order(opened.pipeline))
    for name in swept.names:
        swept.ask(name)
    found = swept.findings()
    swept.tell(found)
    return found, [each.key for each in alerts.last(None)]


def test_what_was_told_stands_while_it_cannot_be_judged(detector, monkeypatch):
    """Else it would be over today, and news tomorrow."""
    paused_job(detector)
    (finding,) = detector.sweep()["findings"]
    detector.world.schedule.fails = Unavailable("later")

    assert tells(detector, monkeypatch, finding) == ([], [f"{FIRST}/schedule"])


@pytest.mark.parametrize("kind", ["season_over", "schedule"])
def test_what_was_told_of_a_transition_that_is_no_more_in_the_file_is_over(detector, monkeypatch, kind):
    detector.world.schedule.fails = Unavailable("later")
    about = {"transition": "renamed", "sentence": "…", "since": None, "dates": []}

    assert tells(detector, monkeypatch, {"key": f"renamed/{kind}", "kind": kind, **about}) == ([], [])


# --- What is told, and when --------------------------------------------------------------------------------------


def test_a_gap_outside_the_window_of_scans_is_told_and_healed_by_the_next_sweep(detector):
    for table in ("d.refined", "d.served"):
        detector.world.warehouse.drop(table, day(50))
    detector.pass_by()
    assert detector.world.publisher.days == [], "scans look back for 30 days"

    answer = detector.sweep()

    assert answer["transitions"][FIRST]["triggered_dates"] == [str(day(50))]
    assert detector.world.publisher.days == [day(50)]
    assert [(each["transition"], each["kind"], each["dates"]) for each in answer["findings"]] == [
        (FIRST, "gaps", [str(day(50))])
    ]
    ((_, text),) = detector.alerts.announced
    assert str(day(50)) in text
    detector.world.clock.advance(minutes=30)
    detector.world.warehouse.put("d.refined", day(50), rows=5)
    detector.world.warehouse.put("d.served", day(50), rows=5)
    assert detector.found() == []


def test_a_trigger_that_never_brings_rows_is_told_until_it_does(detector):
    """Beside the gap itself, of which it is the reason."""
    detector.world.clock.advance(minutes=1)
    missing_lately(detector)
    detector.pass_by()
    detector.world.clock.advance(minutes=61)
    detector.pass_by()

    answer = detector.sweep()

    found = {each["kind"]: each for each in answer["findings"]}
    assert set(found) == {"gaps", "unfilled"}
    assert found["unfilled"]["numbers"]["triggers"] == 1
    assert "topic small-refined-trigger" in found["unfilled"]["sentence"]
    detector.world.warehouse.put("d.refined", day(3), rows=5)
    detector.world.warehouse.put("d.served", day(3), rows=5)
    assert detector.found() == []


def test_the_digest_is_announced_under_its_day_and_health_told_as_the_pipelines(detector):
    rejection(detector)
    paused_job(detector)

    detector.sweep()

    ((title, text),) = detector.alerts.announced
    assert title.startswith("[small] digest of 2024-07-01: 2 things stand open")
    assert "gapheal schedule resume raw_to_refined" in text
    assert [each.key for each in detector.alerts.last(None)] == [f"{FIRST}/schedule", f"{SECOND}/rejections"]
    (told,) = (each for each in detector.alerts.told if each.transition is None)
    assert told.baseline, "nothing was swept before"
    detector.world.clock.advance(minutes=5)
    detector.sweep()
    assert not detector.alerts.told[-1].baseline


def test_a_rejection_of_long_ago_or_one_that_was_replayed_is_over(detector):
    rejection(detector)
    assert detector.found() == [(SECOND, "rejections")]
    detector.world.clock.advance(hours=25)
    detector.pass_by()

    assert detector.found() == [(SECOND, "rejections")], "nothing was told of the last hours of that day"
    detector.world.clock.advance(hours=25)
    detector.pass_by()
    assert detector.found() == []


def test_a_dry_run_tells_nobody_and_writes_nothing(detector):
    missing_lately(detector)
    paused_job(detector)
    before = {table: len(rows) for table, rows in detector.world.ledger.rows.items() if rows}
    told = len(detector.alerts.told)

    answer = detector.sweep(dry_run=True)

    assert {each["kind"] for each in answer["findings"]} >= {"gaps", "schedule"}
    assert (detector.world.publisher.sent, detector.alerts.announced, len(detector.alerts.told)) == ([], [], told)
    assert {table: len(rows) for table, rows in detector.world.ledger.rows.items() if rows} == before


def test_alerts_that_cannot_be_sent_hurt_nothing(detector):
    missing_lately(detector)
    detector.alerts.fails = "alerts: slack did not answer"

    answer = detector.sweep()

    assert answer["transitions"][FIRST]["triggered"] == 1
    assert "alerts: slack did not answer" in answer["errors"]


def test_paused_is_asked_and_not_judged(detector, monkeypatch):
    silence(detector)
    monkeypatch.setenv("GAPHEAL_MODE", "paused")
    answer = detector.sweep()

    assert answer["findings"] == []
    assert all("paused" in report["note"] for report in answer["transitions"].values())


def test_what_the_ledger_cannot_tell_is_unknown_and_asked_for_once(detector, monkeypatch):
    asked = []

    def no_answer():
        asked.append(1)
        raise Unavailable("the ledger did not answer")

    monkeypatch.setattr(detector.world.ledger, "health", no_answer)
    monkeypatch.setattr(detector.world.ledger, "rejections", lambda *_: no_answer())
    rejection(detector)

    answer = detector.sweep(dry_run=True)

    assert (answer["findings"], len(asked)) == ([], 1)
    assert answer["unknown"] == ["when each transition was scanned: the ledger did not answer"]
