"""Topics, subscriptions, jobs, functions, alerts: whole, nothing is said against them; each fault is told alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from tests.doctor.cloud import AGO, PARENT, PROJECT, PUSH
from tests.scheduling import LAST

from gapheal.doctor import Check, State, alerts, events, functions, schedule
from gapheal.errors import ConfigError
from gapheal.scheduler import Scheduler

ONE, TWO = "raw_to_refined", "refined_to_served"
DENIED = grpc.StatusCode.PERMISSION_DENIED


def looked(world) -> list[Check]:
    """Everything that needs no BigQuery, in the doctor's order."""
    return [
        *events.heard(world),
        *events.asked(world),
        *schedule.checks(world),
        *functions.checks(world),
        *alerts.checks(world),
    ]


def findings(world) -> Iterator[Check]:
    return (check for check in looked(world) if check.state not in {State.OK, State.SKIPPED})


def test_a_whole_deployment_is_ok_in_every_piece(world):
    found = looked(world)

    assert {check.state for check in found} == {State.OK}
    assert {check.group for check in found} == {"events", "triggers", "schedule", "functions", "alerts"}
    assert [check.about for check in found if check.group == "events"] == [
        f"{ONE}/raw",
        f"{ONE}/refined",
        f"{TWO}/refined",
        f"{TWO}/served",
    ]


def push(cloud, **keys):
    return {"push_endpoint": cloud.url(ONE), "oidc_token": {"service_account_email": PUSH}, **keys}


def old(cloud, seconds):
    cloud.event(ONE, "raw", expiration_policy={"ttl": timedelta(seconds=seconds)})


def detector_instead(cloud, **keys):
    """The sweeps of all are one job's."""
    for name in (ONE, TWO):
        cloud.no_job(name, "sweep")
    cloud.functions.answers.setdefault(f"/{ONE}/", (200, b"<html>a page</html>"))
    target = {"uri": f"{cloud.url(ONE)}/", **keys.pop("target", {})}
    cloud.job(ONE, "sweep", name="small-gap-detector", target=target, **keys)


def nothing_listens(cloud):
    gone = {"uri": "http://127.0.0.1:1/", "http_method": "POST", "body": b'{"scan_for_gaps": true}'}
    for kind in ("scan", "sweep"):
        more = b'{"scan_for_gaps": true, "sweep": true}' if kind == "sweep" else gone["body"]
        cloud.job(ONE, kind, target={**gone, "body": more})
    for phase in ("raw", "refined"):
        cloud.event(ONE, phase, push=push(cloud, push_endpoint="http://127.0.0.1:1/"))


FAULTS = {
    "no subscription": (
        lambda c: c.pubsub.drop("small-raw-to-refined-on-raw"),
        ("fail", "subscription", f"{ONE}/raw"),
        'google_pubsub_subscription.event["raw_to_refined/raw"]',
    ),
    "no completion topic": (
        lambda c: c.pubsub.drop("raw-complete"),
        ("fail", "topic", f"{ONE}/raw"),
        None,
    ),
    "pulled": (lambda c: c.event(ONE, "raw", push={}), ("fail", "push endpoint", f"{ONE}/raw"), "make deploy"),
    "pushed elsewhere": (
        lambda c: c.event(ONE, "raw", push=push(c, push_endpoint="https://old.example.com")),
        ("fail", "push endpoint", f"{ONE}/raw"),
        "make deploy",
    ),
    "no identity": (
        lambda c: c.event(ONE, "raw", push={"push_endpoint": c.url(ONE)}),
        ("fail", "push identity", f"{ONE}/raw"),
        "make deploy",
    ),
    "detached": (lambda c: c.event(ONE, "raw", detached=True), ("fail", "subscription detached", f"{ONE}/raw"), "make"),
    "impatient": (
        lambda c: c.event(ONE, "raw", ack_deadline_seconds=60),
        ("warn", "ack deadline", f"{ONE}/raw"),
        "ack_deadline_seconds = 600",
    ),
    "expires": (lambda c: old(c, 31 * 86_400), ("fail", "subscription expiry", f"{ONE}/raw"), 'ttl = ""'),
    "no dead letters": (
        lambda c: c.event(ONE, "raw", dead_letter_policy={}),
        ("warn", "dead letters", f"{ONE}/raw"),
        "dead_letter_policy",
    ),
    "may not look": (
        lambda c: c.pubsub.refuses.update({"raw-complete": DENIED}),
        ("unknown", "topic", f"{ONE}/raw"),
        "grant roles/pubsub.viewer",
    ),
    "no answer": (
        lambda c: c.pubsub.refuses.update({"raw-complete": grpc.StatusCode.DEADLINE_EXCEEDED}),
        ("unknown", "topic", f"{ONE}/raw"),
        "ask again later",
    ),
    "nobody hears triggers": (
        lambda c: c.pubsub.drop(f"job-of-{ONE}"),
        ("fail", "listener", ONE),
        "subscribe the job",
    ),
    "no trigger topic": (lambda c: c.pubsub.drop("refined-trigger"), ("fail", "topic", ONE), None),
    "may not publish": (
        lambda c: c.pubsub.may_not_publish.add("refined-trigger"),
        ("warn", "access", ONE),
        "roles/pubsub.publisher",
    ),
    "no scans": (lambda c: c.no_job(ONE, "scan"), ("fail", "job", f"{ONE} scan"), "google_cloud_scheduler_job.pass"),
    "no sweep": (lambda c: c.no_job(ONE, "sweep"), ("warn", "job", f"{ONE} sweep"), "make deploy"),
    "paused": (
        lambda c: c.job(ONE, "scan", state="PAUSED"),
        ("fail", "job state", f"{ONE} scan"),
        f"gapheal schedule resume {ONE}",
    ),
    "disabled": (
        lambda c: c.job(ONE, "sweep", state="DISABLED"),
        ("fail", "job state", f"{ONE} sweep"),
        "gcloud scheduler jobs resume small-raw-to-refined-sweep",
    ),
    "no job at all": (
        lambda c: c.scheduler.jobs.clear(),
        ("fail", "jobs", "all transitions"),
        "gapheal doctor --location",
    ),
    "the detector fails": (
        lambda c: (detector_instead(c), c.functions.answers.update({f"/{ONE}/": (500, {"error": "no ledger"})})),
        ("fail", "answer", "gap_detector"),
        "the function's log",
    ),
    "a transition in the place of the detector": (
        lambda c: (c.functions.answers.update({f"/{ONE}/": (200, {"transition": ONE})}), detector_instead(c)),
        ("fail", "answer", "gap_detector"),
        "google_cloudfunctions2_function",
    ),
    "another body": (
        lambda c: c.job(ONE, "scan", target={"body": b'{"scan": true}'}),
        ("fail", "job body", f"{ONE} scan"),
        "make deploy",
    ),
    "no body": (
        lambda c: c.job(ONE, "scan", target={"body": b"\xff"}),
        ("fail", "job body", f"{ONE} scan"),
        "make deploy",
    ),
    "a sweep that scans": (
        lambda c: c.job(ONE, "sweep", target={"body": b'{"scan_for_gaps": true}'}),
        ("fail", "job body", f"{ONE} sweep"),
        "make deploy",
    ),
    "sweeps elsewhere": (
        lambda c: c.job(ONE, "sweep", target={"uri": c.url(TWO)}),
        ("fail", "job target", f"{ONE} sweep"),
        "make deploy",
    ),
    "last call failed": (
        lambda c: c.job(ONE, "scan", status={"code": 13}),
        ("fail", "job answer", f"{ONE} scan"),
        "gapheal schedule run",
    ),
    "not called lately": (
        lambda c: c.job(ONE, "scan", last_attempt_time=AGO),
        ("fail", "job answer", f"{ONE} scan"),
        "gapheal schedule run",
    ),
    "never called": (
        lambda c: c.job(ONE, "scan", last_attempt_time=None),
        ("warn", "job answer", f"{ONE} scan"),
        f"gapheal schedule run {ONE}",
    ),
    "detector paused": (
        lambda c: detector_instead(c, state="PAUSED"),
        ("fail", "job state", "gap_detector sweep"),
        "gapheal schedule resume gap_detector",
    ),
    "detector never called": (
        lambda c: detector_instead(c, last_attempt_time=None),
        ("warn", "job answer", "gap_detector sweep"),
        "gapheal schedule run gap_detector",
    ),
    "jobs may not be seen": (
        lambda c: setattr(c.scheduler, "refuses", (DENIED, "denied")),
        ("unknown", "jobs", "all transitions"),
        "grant roles/cloudscheduler.viewer",
    ),
    "nothing listens": (nothing_listens, ("fail", "answer", ONE), "google_cloudfunctions2_function"),
    "another function": (
        lambda c: c.functions.answers.update({f"/{ONE}": (200, {"transition": TWO, "mode": "heal"})}),
        ("fail", "answer", ONE),
        "make deploy",
    ),
    "no function of ours": (
        lambda c: c.functions.answers.update({f"/{ONE}": (200, b"<html>hello</html>")}),
        ("fail", "answer", ONE),
        "make deploy",
    ),
    "its mode is lowered": (
        lambda c: c.functions.answers.update({f"/{ONE}": (200, {"transition": ONE, "mode": "observe"})}),
        ("warn", "mode", ONE),
        "variable `mode`",
    ),
    "it answers with an error": (
        lambda c: c.functions.answers.update({f"/{ONE}": (500, {"error": "table d.raw was not found"})}),
        ("fail", "answer", ONE),
        "the function's log",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_is_exactly_one_finding_with_its_mend(cloud, world, fault):
    plant, expected, mend = FAULTS[fault]
    plant(cloud)
    (found,) = findings(world)

    assert (str(found.state), found.name, found.about) == expected
    assert found.sentence
    assert mend is None or mend in found.mend


@pytest.mark.parametrize(
    ("variable", "value", "state"),
    [("GAPHEAL_ALERT_URLS", None, "warn"), ("GAPHEAL_PAGE_URLS", None, "warn"), ("GAPHEAL_ALERT_URLS", "", "fail")],
)
def test_where_alerts_go_is_told_by_the_names_alone(world, variable, value, state):
    world.environment = {name: url for name, url in world.environment.items() if name != variable}
    world.environment |= {} if value is None else {variable: value}
    (found,) = findings(world)

    assert (str(found.state), found.about) == (state, variable)


def test_no_secret_is_printed(world):
    world.environment = {"GAPHEAL_ALERT_URLS": "s3cr3t without a scheme", "GAPHEAL_PAGE_URLS": "slack://s3cr3t"}
    told = json.dumps([check.plain() for check in looked(world)])

    assert "s3cr3t" not in told
    assert "GAPHEAL_PAGE_URLS" in told


def test_dead_letters_that_nobody_reads_are_lost(cloud, world):
    """One topic takes those of both the transition's subscriptions."""
    cloud.pubsub.subscribe("small-raw-to-refined-dead", "raw-complete")
    found = list(findings(world))

    assert {(check.state, check.name) for check in found} == {(State.FAIL, "dead letters")}
    assert [check.about for check in found] == [f"{ONE}/raw", f"{ONE}/refined"]
    assert 'google_pubsub_subscription.dead["raw_to_refined"]' in found[0].mend


def test_one_sweep_of_the_detectors_stands_for_all(cloud, world):
    detector_instead(cloud)

    assert list(findings(world)) == []
    assert "gap_detector sweep" in [check.about for check in looked(world)]


@pytest.mark.parametrize("mode", ["observe", "paused"])
def test_a_deaf_topic_is_a_warning_while_nothing_is_sent(cloud, world, mode):
    steps = {
        name: step.model_copy(update={"policy": step.policy.model_copy(update={"mode": mode})})
        for name, step in world.pipeline.transitions.items()
    }
    world.pipeline = world.pipeline.model_copy(update={"transitions": steps})
    cloud.functions.answers.update({f"/{name}": (200, {"transition": name, "mode": mode}) for name in steps})
    cloud.pubsub.drop(f"job-of-{ONE}")
    (found,) = findings(world)

    assert (found.state, found.name) == (State.WARN, "listener")
    assert f"mode {mode} sends nothing yet" in found.sentence


def test_a_subscription_of_another_name_that_pushes_to_the_function_is_its_own(cloud, world):
    cloud.pubsub.drop("small-raw-to-refined-on-raw")
    dead = {"dead_letter_topic": f"projects/{PROJECT}/topics/small-raw-to-refined-dead"}
    cloud.pubsub.subscribe("made-by-hand", "raw-complete", push_config=push(cloud), dead_letter_policy=dead)

    assert list(findings(world)) == []


def far(cloud, **keys):
    """The first transition's function is on https, where only who has a token is let in."""
    url = "https://heal.example.com"
    for kind in ("scan", "sweep"):
        more = {"sweep": True} if kind == "sweep" else {}
        target = {
            "uri": url,
            "body": json.dumps({"scan_for_gaps": True, **more}).encode(),
            "oidc_token": {"service_account_email": PUSH},
        }
        cloud.job(ONE, kind, target=target, **keys)
    for phase in ("raw", "refined"):
        cloud.event(ONE, phase, push=push(cloud, push_endpoint=url))


def nobody(audience):
    raise ConfigError(f"no credentials for {audience}")


def test_who_has_no_identity_believes_the_scheduler(cloud, world):
    far(cloud)
    world.tokens = nobody
    found = {check.about: check for check in functions.checks(world)}

    assert list(findings(world)) == []
    assert "answered Scheduler on 2024-07-01 15:00Z" in found[ONE].sentence


def test_a_job_that_names_nobody_is_refused_on_https(cloud, world):
    far(cloud)
    world.tokens = nobody
    cloud.scheduler.jobs[f"{PARENT}/jobs/small-raw-to-refined-sweep"].http_target.oidc_token = None
    (found,) = findings(world)

    assert (found.state, found.name, found.about) == (State.FAIL, "job identity", f"{ONE} sweep")


@pytest.mark.parametrize("last", [{"last_attempt_time": None}, {"last_attempt_time": AGO}, {"status": {"code": 13}}])
def test_without_that_witness_it_is_not_known(cloud, world, last):
    far(cloud, **last)
    world.tokens = nobody
    found = {check.name: check for check in findings(world) if check.group == "functions"}

    assert found["answer"].state is State.UNKNOWN
    assert "no credentials for https://heal.example.com" in found["answer"].sentence


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_no_fault_where_the_scheduler_is_let_in(cloud, world, status):
    """Ingress: only callers of the project's own inside."""
    cloud.functions.answers[f"/{ONE}"] = status, b"<html>Error</html>"

    assert list(findings(world)) == []

    cloud.job(ONE, "scan", last_attempt_time=None)
    found = [check for check in findings(replace(world)) if check.group == "functions"]

    assert [check.state for check in found] == [State.UNKNOWN]
    assert "<html>" not in found[0].sentence


def test_no_token_goes_to_plain_http(cloud, world):
    world.tokens = lambda _: pytest.fail("a token was made")
    list(functions.checks(world))

    assert len(cloud.functions.asked) == 2
    assert not any("Authorization" in headers for headers in cloud.functions.asked)


def test_a_service_that_does_not_answer_is_told_as_such(cloud, world):
    cloud.scheduler.refuses = grpc.StatusCode.UNAVAILABLE, "later"
    (found,) = findings(world)

    assert (found.state, found.unavailable) == (State.UNKNOWN, True)


def test_a_service_that_is_away_is_not_waited_for_again_and_again(cloud, world, monkeypatch):
    monkeypatch.setattr("gapheal.doctor.topics.CALL_SECONDS", 1.5)
    cloud.pubsub.refuses = dict.fromkeys(("raw-complete", "refined-complete"), grpc.StatusCode.UNAVAILABLE)
    found = [check for check in looked(world) if check.group in {"events", "triggers"}]

    assert {(check.state, check.unavailable) for check in found} == {(State.UNKNOWN, True)}
    assert ["not asked" in check.sentence for check in found] == [False, *[True] * 5]


def test_in_a_multi_region_the_jobs_region_is_asked_for(world):
    world.pipeline = world.pipeline.model_copy(update={"location": "US"})
    world.scheduler = lambda: Scheduler(world.pipeline, PROJECT)
    (found,) = findings(world)

    assert (found.state, found.unavailable) == (State.UNKNOWN, False)
    assert "--location" in found.mend


def test_on_this_machine_nothing_is_asked_that_only_the_cloud_has(cloud, world):
    world.local, world.scheduler, world.environment = True, None, {}
    for phase in ("raw", "refined"):
        cloud.event(ONE, phase, push={"push_endpoint": cloud.url(ONE)}, dead_letter_policy={}, ack_deadline_seconds=60)
    found = looked(world)

    assert {check.state for check in found} == {State.OK, State.SKIPPED}
    assert {check.group for check in found if check.state is State.SKIPPED} == {"schedule", "alerts"}
    assert cloud.pubsub.permissions_asked == 0


def test_a_phase_that_announces_nothing_is_left_to_scans(cloud, world):
    phases = world.pipeline.phases
    silent = phases["served"].model_copy(update={"completion_topic": None})
    world.pipeline = world.pipeline.model_copy(update={"phases": {**phases, "served": silent}})
    found = looked(world)

    assert [check.about for check in found if check.state is State.SKIPPED] == ["served"]


def test_the_last_moment_is_told_of_a_job_that_went_well(world):
    told = next(check.sentence for check in schedule.checks(world))

    assert f"{LAST:%Y-%m-%d %H:%M}Z answered well" in told
