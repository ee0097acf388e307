"""The commands `schedule …`: jobs told and steered, by the real client."""

import json

import grpc
import pytest
from tests.scheduling import CloudScheduler

from gapheal.scheduler import EMULATOR

JOB = "nba-props-phase2-to-phase3"


@pytest.fixture
def cloud(pipeline, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "gapheal-test")
    cloud = CloudScheduler("projects/gapheal-test/locations/us-west2")
    monkeypatch.setenv(EMULATOR, cloud.address)
    yield cloud
    cloud.stop()


def test_jobs_are_listed_with_their_last_and_next_call(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    cloud.put(f"{JOB}-sweep", "PAUSED")
    result = gapheal("schedule", "list")
    _, scan, sweep = (" ".join(line.split()) for line in result.output.splitlines())

    assert result.exit_code == 0
    assert scan == (
        "phase2_to_phase3 scan enabled 0 * * * * (America/New_York) 2024-07-01 15:00Z 2024-07-01 16:00Z "
        "nba-props-phase2-to-phase3-scan"
    )
    assert "sweep paused" in sweep


def test_a_failed_call_and_a_transition_without_a_job_remain(cloud, gapheal, pipeline):
    third = "  phase3: [nba_analytics.player_game_summary]\n  phase4: [nba_precompute.factors]"
    text = pipeline.read_text().replace("  phase3: [nba_analytics.player_game_summary]", third)
    pipeline.write_text(text + "  phase3_to_phase4: {}\n")
    cloud.put(f"{JOB}-scan", code=13)
    result = gapheal("schedule", "list", "--json")
    told = json.loads(result.output)

    assert (result.exit_code, told["without_scan"], told["jobs"][0]["last_error"]) == (
        1,
        ["phase3_to_phase4"],
        "failed (code 13)",
    )
    assert "phase3_to_phase4 has no scan job: only events ask for it" in gapheal("schedule", "list").output


def test_pause_and_resume_take_the_scan_and_the_sweep(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    cloud.put(f"{JOB}-sweep")
    paused = gapheal("schedule", "pause", "phase2_to_phase3", "--json")
    states = [job["state"] for job in json.loads(paused.output)["jobs"]]
    resumed = gapheal("schedule", "resume")

    assert (paused.exit_code, states, resumed.exit_code) == (0, ["paused", "paused"], 0)
    assert {job.state.name for job in cloud.jobs.values()} == {"ENABLED"}


def test_one_sweep_of_the_detectors_stands_for_all(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    cloud.put("nba-props-gap-detector")
    result = gapheal("schedule", "list", "--json")
    told = json.loads(result.output)

    assert (result.exit_code, told["without_scan"], told["without_sweep"]) == (0, [], [])
    assert [(job["transition"], job["kind"]) for job in told["jobs"]] == [
        ("phase2_to_phase3", "scan"),
        ("gap_detector", "sweep"),
    ]
    only = json.loads(gapheal("schedule", "list", "phase2_to_phase3", "--json").output)
    assert (len(only["jobs"]), only["without_sweep"]) == (1, [])


def test_what_nothing_sweeps_remains(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    result = gapheal("schedule", "list", "--json")

    assert (result.exit_code, json.loads(result.output)["without_sweep"]) == (1, ["phase2_to_phase3"])
    assert "phase2_to_phase3 has no sweep" in gapheal("schedule", "list").output


@pytest.mark.parametrize("words", [("gap_detector",), ("--sweep",)])
def test_the_detector_is_steered_by_its_name_or_with_all(cloud, gapheal, words):
    cloud.put(f"{JOB}-scan")
    cloud.put("nba-props-gap-detector")
    run = gapheal("schedule", "run", *words)
    paused = gapheal("schedule", "pause", "gap_detector", "--json")

    assert (run.exit_code, cloud.runs) == (0, ["nba-props-gap-detector"])
    assert [job["state"] for job in json.loads(paused.output)["jobs"]] == ["paused"]
    assert gapheal("schedule", "resume", "--json").exit_code == 0
    assert {job.state.name for job in cloud.jobs.values()} == {"ENABLED"}


def test_who_asks_one_transition_for_a_sweep_hears_who_sweeps(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    cloud.put("nba-props-gap-detector")

    assert "gap_detector sweeps them all" in gapheal("schedule", "run", "phase2_to_phase3", "--sweep").output


def test_a_detector_that_is_not_there_is_told(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    result = gapheal("schedule", "pause", "gap_detector")

    assert (result.exit_code, "expected a job of gap_detector, found none" in result.output) == (2, True)


@pytest.mark.parametrize(("words", "ran"), [((), "scan"), (("--sweep",), "sweep")])
def test_run_asks_for_the_scan_or_for_the_sweep(cloud, gapheal, words, ran):
    cloud.put(f"{JOB}-scan")
    cloud.put(f"{JOB}-sweep")

    assert gapheal("schedule", "run", "phase2_to_phase3", *words).exit_code == 0
    assert cloud.runs == [f"{JOB}-{ran}"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("list",),
            "expected jobs such as nba-props-phase2-to-phase3-scan in projects/gapheal-test/locations/us-west2",
        ),
        (("pause", "phase2"), "TRANSITION: expected one of phase2_to_phase3, found phase2"),
        (("list", "--location", "EU"), "expected a region of Cloud Scheduler such as us-west2, found eu"),
        (("list", "--location", "us-east1"), "is --location right?"),
    ],
)
def test_what_cannot_be_found_is_told_with_the_mend(cloud, gapheal, words, told):
    result = gapheal("schedule", *words)

    assert result.exit_code == 2
    assert told in result.output


def test_a_sweep_that_is_not_there_cannot_be_run(cloud, gapheal):
    cloud.put(f"{JOB}-scan")
    result = gapheal("schedule", "run", "--sweep")

    assert result.exit_code == 2
    assert "expected a sweep job of phase2_to_phase3, found none" in result.output


def test_a_service_that_does_not_answer_is_exit_code_3(cloud, gapheal):
    cloud.refuses = grpc.StatusCode.UNAVAILABLE, "later"

    assert gapheal("schedule", "list").exit_code == 3
