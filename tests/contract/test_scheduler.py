"""The adapter for Cloud Scheduler: the real client, against the API in this process."""

from __future__ import annotations

import builtins

import grpc
import pytest
from tests.scheduling import LAST, NEXT, CloudScheduler

from gapheal.app.wiring import CloudSchedule
from gapheal.errors import ConfigError, Unavailable
from gapheal.scheduler import EMULATOR, Scheduler, job_id
from gapheal.testing import MemorySchedule, small_pipeline

PARENT = "projects/gapheal-test/locations/us-west2"
NAMES = ["raw_to_refined", "refined_to_served"]
PIPELINE = small_pipeline().model_copy(update={"location": "us-west2"})


@pytest.fixture
def cloud(monkeypatch):
    cloud = CloudScheduler(PARENT)
    monkeypatch.setenv(EMULATOR, cloud.address)
    yield cloud
    cloud.stop()


@pytest.fixture
def scheduler(cloud):
    return Scheduler(PIPELINE, "gapheal-test")


def test_a_jobs_name_is_the_pipeline_the_transition_and_what_it_asks_for():
    assert job_id("nba-props", "phase2_to_phase3") == "nba-props-phase2-to-phase3-scan"
    assert job_id("nba-props", "phase2_to_phase3", "sweep") == "nba-props-phase2-to-phase3-sweep"


def test_the_jobs_of_the_pipeline_are_found_among_others_and_told(cloud, scheduler):
    """Over several pages."""
    for name in ("small-raw-to-refined-sweep", "small-raw-to-refined-scan", "other", "another", "third"):
        cloud.put(name)
    cloud.put("small-refined-to-served-scan", "PAUSED", code=13)
    first, second, third = scheduler.jobs(NAMES)

    assert [(job.transition, job.kind) for job in (first, second, third)] == [
        (NAMES[0], "scan"),
        (NAMES[0], "sweep"),
        (NAMES[1], "scan"),
    ]
    assert (first.state, first.schedule, first.timezone) == ("enabled", "0 * * * *", "America/New_York")
    assert (first.last_attempt, first.next_run, first.last_error) == (LAST, NEXT, None)
    assert (third.state, third.next_run, third.last_error) == ("paused", None, "failed (code 13)")
    assert first.plain()["next_run"] == NEXT.isoformat()
    assert first.plain()["job"] == "small-raw-to-refined-scan"


def test_pausing_and_resuming_may_be_said_twice(cloud, scheduler):
    """The service refuses to pause what is paused."""
    cloud.put("small-raw-to-refined-scan")
    (job,) = scheduler.jobs(NAMES)
    paused = scheduler.pause(job)

    assert (paused.state, scheduler.pause(paused).state, scheduler.jobs(NAMES)[0].state) == ("paused",) * 3

    resumed = scheduler.resume(paused)

    assert (resumed.state, scheduler.resume(resumed).state, scheduler.jobs(NAMES)[0].state) == ("enabled",) * 3


def test_a_job_is_run_though_it_is_paused(cloud, scheduler):
    cloud.put("small-raw-to-refined-scan", "PAUSED")
    (job,) = scheduler.jobs(NAMES)
    scheduler.run(job)

    assert cloud.runs == ["small-raw-to-refined-scan"]


@pytest.mark.parametrize(("others", "found"), [([], "found none"), (["a", "b"], "found only 2 others")])
def test_where_no_job_is_it_says_which_was_expected_and_the_mend(cloud, scheduler, others, found):
    for name in others:
        cloud.put(name)
    with pytest.raises(ConfigError) as caught:
        scheduler.jobs(NAMES)

    assert str(caught.value) == (
        f"expected jobs such as small-raw-to-refined-scan in {PARENT}, {found}: apply the Terraform module, or name "
        "the region with --location"
    )


REFUSALS = {
    "no permission": (grpc.StatusCode.PERMISSION_DENIED, "denied", ConfigError, "grant yourself roles/cloudscheduler."),
    "no api": (
        grpc.StatusCode.PERMISSION_DENIED,
        "Cloud Scheduler API has not been used in project 7 before or it is disabled.",
        ConfigError,
        "gcloud services enable cloudscheduler",
    ),
    "no such region": (grpc.StatusCode.NOT_FOUND, "not a valid location", ConfigError, "is --location right?"),
    "not now": (grpc.StatusCode.UNAVAILABLE, "later", Unavailable, "did not answer: later"),
    "too slow": (grpc.StatusCode.DEADLINE_EXCEEDED, "slow", Unavailable, "did not answer"),
    "another state": (grpc.StatusCode.FAILED_PRECONDITION, "no App Engine", ConfigError, "no App Engine"),
}


@pytest.mark.parametrize(("code", "said", "kind", "told"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("doing", ["jobs", "pause", "resume", "run"])
def test_what_the_service_refuses_is_told_with_the_mend(cloud, scheduler, doing, code, said, kind, told):
    cloud.put("small-raw-to-refined-scan", "PAUSED" if doing == "resume" else "ENABLED")
    (job,) = scheduler.jobs(NAMES)
    cloud.refuses = code, said
    with pytest.raises(kind) as caught:
        getattr(scheduler, doing)(NAMES if doing == "jobs" else job)

    assert told in str(caught.value)
    assert f"in {PARENT}" in str(caught.value)


def test_nobody_there_is_unavailable_and_soon(monkeypatch):
    monkeypatch.setenv(EMULATOR, "127.0.0.1:1")
    with pytest.raises(Unavailable, match="Cloud Scheduler did not answer"):
        Scheduler(PIPELINE, "gapheal-test", seconds=3).jobs(NAMES)


def test_a_multi_region_is_no_region():
    with pytest.raises(ConfigError, match="expected a region of Cloud Scheduler such as us-west2, found us"):
        Scheduler(PIPELINE, "gapheal-test", "US")


def test_without_the_extra_it_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("google.cloud.scheduler"):
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"needs gapheal's extra `cli` \(google-cloud-scheduler is absent\)"):
        Scheduler(PIPELINE, "gapheal-test")


def test_without_credentials_it_says_how_to_get_some(monkeypatch, tmp_path):
    for name in (EMULATOR, "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(ConfigError, match="gcloud auth application-default login"):
        Scheduler(PIPELINE, "gapheal-test")


# --- As the port that the detector asks -------------------------------------------------------------------------------


def test_the_port_tells_each_job_as_the_memory_double_does(cloud, monkeypatch):
    """The double may know less of a job, and nothing else."""
    for name in NAMES:
        cloud.put(job_id("small", name))
    cloud.put("small-gap-detector", "PAUSED", code=7)

    real = CloudSchedule(PIPELINE, "gapheal-test").jobs()
    double = MemorySchedule(PIPELINE)
    double.put("gap_detector", "sweep", "paused", "failed (code 7)")

    assert [{key: row[key] for key in told} for row, told in zip(real, double.jobs(), strict=True)] == double.jobs()


def test_the_port_looks_where_the_functions_are(cloud, monkeypatch):
    """The data may be in a multi-region, where no job is."""
    cloud.put("small-gap-detector")
    monkeypatch.setenv("GAPHEAL_REGION", "us-west2")

    (job,) = CloudSchedule(PIPELINE.model_copy(update={"location": "US"}), "gapheal-test").jobs()

    assert job["transition"] == "gap_detector"


def test_where_no_job_is_the_port_says_so_and_where_it_may_not_look_it_says_that(cloud):
    assert CloudSchedule(PIPELINE, "gapheal-test").jobs() == []

    cloud.refuses = grpc.StatusCode.PERMISSION_DENIED, "denied"
    with pytest.raises(ConfigError, match="no permission"):
        CloudSchedule(PIPELINE, "gapheal-test").jobs()


@pytest.mark.parametrize("emulator", ["BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"])
def test_beside_an_emulator_nothing_in_the_cloud_is_asked(monkeypatch, emulator):
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv(emulator, "127.0.0.1:1")

    with pytest.raises(ConfigError, match="there is no Cloud Scheduler beside an emulator"):
        CloudSchedule(PIPELINE, "gapheal-test").jobs()
