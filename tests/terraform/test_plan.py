"""What would be made for the pipeline that ships, read from the plan."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from gapheal.app.sweeping import SECONDS as SWEEP_SECONDS
from gapheal.model.order import in_order
from gapheal.model.pipeline import DETECTOR
from gapheal.reconcile import PASS_SECONDS
from gapheal.scheduler import job_id
from gapheal.spec import load

ROOT = Path(__file__).parents[2]
PIPELINE = load(ROOT / "pipeline.yaml")
DATA_ROLES = (
    "roles/bigquery.data",
    "roles/bigquery.admin",
    "roles/pubsub.",
    "roles/storage.",
    "roles/editor",
    "roles/owner",
)

each_transition = pytest.mark.parametrize("name", PIPELINE.transitions)


@each_transition
def test_a_transition_has_its_function_with_explicit_limits(shipped, name):
    (function,) = [each for each in shipped.of("google_cloudfunctions2_function") if each.key == name]

    (build,), (service,) = function.values["build_config"], function.values["service_config"]
    assert build["entry_point"] == "handle"
    assert build["runtime"] == "python313"
    assert (service["available_memory"], service["available_cpu"]) == ("512Mi", "1")
    assert service["timeout_seconds"] >= 2 * PASS_SECONDS
    assert service["max_instance_count"] == 3
    assert service["ingress_settings"] == "ALLOW_INTERNAL_ONLY"
    assert service["environment_variables"]["GOOGLE_CLOUD_PROJECT"] == "my-project-1"
    assert function.values["labels"] == {"gapheal_pipeline": "nba-props"}


@each_transition
def test_a_transition_hears_of_every_phase_that_announces_and_of_no_other(shipped, name):
    step = PIPELINE.transitions[name]
    phases = [phase for phase in (*step.upstream, step.downstream) if PIPELINE.phases[phase].completion_topic]

    heard = [each for each in shipped.of("google_pubsub_subscription", "event") if each.key.startswith(f"{name}/")]

    assert sorted(each.key for each in heard) == sorted(f"{name}/{phase}" for phase in phases)
    for each in heard:
        (push,), (dead,) = each.values["push_config"], each.values["dead_letter_policy"]
        assert push["no_wrapper"] == []
        assert len(push["oidc_token"]) == 1
        assert dead["max_delivery_attempts"] == 20
        assert each.values["ack_deadline_seconds"] == 600
        assert each.values["message_retention_duration"] == "604800s"
        assert each.values["expiration_policy"] == [{"ttl": ""}]


@each_transition
def test_a_transition_has_its_scan_by_the_name_that_the_command_looks_for(shipped, name):
    jobs = {each.values["name"]: each.values for each in shipped.of("google_cloud_scheduler_job")}

    job = jobs[job_id(PIPELINE.pipeline, name, "scan")]

    assert int(job["attempt_deadline"].removesuffix("s")) > PASS_SECONDS
    assert job["time_zone"] == PIPELINE.timezone
    assert job.get("paused") is None  # else an apply would undo a person's pause


def test_the_detector_alone_sweeps_and_tells_of_its_own_death(shipped):
    sweeps = [each for each in shipped.of("google_cloud_scheduler_job") if not each.key.endswith("/scan")]
    (function,) = shipped.of("google_cloudfunctions2_function", "detector")
    (service,) = function.values["service_config"]

    (job,) = sweeps
    assert job.values["name"] == function.values["name"] == f"{PIPELINE.pipeline}-gap-detector"
    assert service["timeout_seconds"] >= SWEEP_SECONDS + PASS_SECONDS
    assert service["timeout_seconds"] < int(job.values["attempt_deadline"].removesuffix("s")) <= 1800
    assert service["environment_variables"]["GAPHEAL_REGION"] == PIPELINE.location
    (page,) = [
        each for each in shipped.of("google_monitoring_alert_policy", "page") if each.key == "gap_detector/no_digest"
    ]
    (condition,) = page.values["conditions"]
    assert "absent_over_time(" in condition["condition_prometheus_query_language"][0]["query"]
    assert page.values["severity"] == "CRITICAL"


def test_what_is_counted_is_this_pipelines_alone(shipped):
    """`nba-props-2` begins as `nba-props` does: only a label tells the two apart."""
    filters = {each.key: each.values["filter"] for each in shipped.of("google_logging_metric")}
    of_functions = {name: told for name, told in filters.items() if "cloud_run_revision" in told}

    assert len(of_functions) >= 9
    assert [name for name, told in of_functions.items() if f'labels.pipeline="{PIPELINE.pipeline}"' not in told] == []
    assert [name for name, told in of_functions.items() if "service_name" in told] == ["errors"]
    assert "NOT labels.pipeline:*" in of_functions["errors"]


def test_one_hour_carries_a_date_through_all_phases(shipped):
    minutes = {
        each.key.split("/")[0]: int(each.values["schedule"].split()[0])
        for each in shipped.of("google_cloud_scheduler_job")
        if each.key.endswith("/scan")
    }
    follows = [
        (before, name)
        for name, step in PIPELINE.transitions.items()
        for phase in step.upstream
        if (before := PIPELINE.feeder(phase))
    ]

    assert follows
    assert [pair for pair in follows if minutes[pair[0]] >= minutes[pair[1]]] == []


@each_transition
def test_exactly_two_accounts_may_call_a_function(shipped, name):
    service = f"{PIPELINE.pipeline}-{name.replace('_', '-')}"

    grants = [each for each in shipped.of("google_cloud_run_service_iam_member") if each.values["service"] == service]

    assert sorted(each.name for each in grants) == ["push", "scheduler"]
    assert len({each.values["member"] for each in grants}) == 2
    assert {each.values["role"] for each in grants} == {"roles/run.invoker"}


def test_nothing_is_open_to_everybody(shipped):
    assert [
        each for each in shipped if "allUsers" in str(each.values) or "allAuthenticatedUsers" in str(each.values)
    ] == []


def test_on_the_project_the_runtime_may_run_queries_see_the_jobs_and_nothing_else(shipped):
    runtime = next(each for each in shipped.of("google_service_account") if each.name == "runtime").values["member"]

    roles = [
        each.values["role"] for each in shipped.of("google_project_iam_member") if each.values["member"] == runtime
    ]

    assert sorted(roles) == ["roles/bigquery.jobUser", "roles/cloudscheduler.viewer"]
    assert [role for role in roles if role.startswith(DATA_ROLES)] == []


def test_no_role_is_granted_with_power_over_a_whole_policy(shipped):
    kinds = {each.kind for each in shipped if "iam" in each.kind}

    assert {kind for kind in kinds if not kind.endswith("_iam_member")} == set()


def test_every_dataset_of_the_file_can_be_read_and_only_the_ledger_be_written(shipped):
    tables = [table.table for phase in PIPELINE.phases.values() for table in phase.tables]
    tables += [phase.expected.table for phase in PIPELINE.phases.values() if phase.expected]

    grants = {
        (each.values["dataset_id"], each.values["role"]) for each in shipped.of("google_bigquery_dataset_iam_member")
    }

    assert {name for name, role in grants if role == "roles/bigquery.dataViewer"} == {
        table.split(".")[-2] for table in tables
    }
    assert {name for name, role in grants if role == "roles/bigquery.dataEditor"} == {
        PIPELINE.ledger_dataset,
        PIPELINE.claims_dataset,
    }


def test_both_datasets_are_where_the_data_is_and_know_whose_they_are(shipped):
    datasets = {each.values["dataset_id"]: each.values for each in shipped.of("google_bigquery_dataset")}

    assert set(datasets) == {PIPELINE.ledger_dataset, PIPELINE.claims_dataset}
    for values in datasets.values():
        assert values["location"].lower() == PIPELINE.location
        assert values["labels"] == {"gapheal_pipeline": PIPELINE.pipeline}
        assert not values["default_table_expiration_ms"]
        assert not values["default_partition_expiration_ms"]


def test_every_metric_reads_a_field_that_the_log_has(shipped, log_lines):
    keys = ("filter", "value_extractor", "label_extractors")
    told = [str(each.values[key]) for each in shipped.of("google_logging_metric") for key in keys]
    fields = {field for text in told for field in re.findall(r"jsonPayload\.([\w.]+)", text)}
    labels = {label for text in told for label in re.findall(r"(?<!resource\.)labels\.(\w+)", text)}

    assert {"actions.stalled", "digest.findings"} <= fields
    assert {field for field in fields if not any(_has(line, field) for line in log_lines)} == set()
    assert labels == {"pipeline"}
    assert {line["logging.googleapis.com/labels"]["pipeline"] for line in log_lines} == {PIPELINE.pipeline}


def test_a_sweep_of_the_whole_counts_as_a_pass_of_each_transition_and_once_as_a_digest(log_lines):
    """What metrics count are lines: the detector writes one for each transition, as their own functions do."""
    swept = [line for line in log_lines if line.get("source") == "sweep"]
    digests = [line for line in log_lines if "digest" in line]

    assert [line["transition"] for line in swept] == list(in_order(PIPELINE))
    assert {line["status"] for line in swept} == {200}
    assert [(line["transition"], line["status"], line["dry_run"]) for line in digests] == [("gap_detector", 200, False)]
    assert "gaps_found" not in digests[0]


def _has(line, field):
    for part in field.split("."):
        if part not in line:
            return False
        line = line[part]
    return True


@pytest.mark.parametrize(
    "alert", ["gaps_open", "stalled", "held", "breaker", "errors", "unanswered", "dead_letters", "slow_passes"]
)
def test_an_alert_says_what_helps(shipped, alert):
    (policy,) = [each.values for each in shipped.of("google_monitoring_alert_policy", "alert") if each.key == alert]

    assert len(policy["documentation"][0]["content"]) > 80


@each_transition
def test_silence_pages_even_where_nothing_was_ever_heard(shipped, name):
    pages = {each.key: each.values for each in shipped.of("google_monitoring_alert_policy", "page")}

    (condition,) = pages[f"{name}/no_scan"]["conditions"]
    query = condition["condition_prometheus_query_language"][0]["query"]
    assert "absent_over_time(" in query
    assert f'transition="{name}"' in query
    assert pages[f"{name}/no_scan"]["severity"] == "CRITICAL"


def test_no_alert_looks_back_and_holds_for_longer_than_cloud_monitoring_takes(shipped):
    """24 hours each, 25 together; a policy beyond that is refused by the API, and the whole apply with it."""
    policies = shipped.of("google_monitoring_alert_policy")
    told = [each.values["conditions"][0]["condition_prometheus_query_language"][0] for each in policies]
    unit = {"m": 60, "h": 3600}

    for each in told:
        back = max((int(n) * unit[u] for n, u in re.findall(r"\[(\d+)([mh])\]", each["query"])), default=0)
        holds = int(each["duration"].removesuffix("s"))
        assert back <= 24 * 3600
        assert back + holds <= 25 * 3600, each["query"]
        assert holds % 60 == 0


def test_there_are_as_many_alerts_as_the_page_of_costs_reckons_with(shipped):
    costs = runpy.run_path(str(ROOT / "docs" / "costs.py"))

    made = len(shipped.of("google_monitoring_alert_policy"))

    assert made == costs["ALERTS"] + costs["ALERTS_EACH"] * len(PIPELINE.transitions)


def test_the_dashboard_shows_only_metrics_that_are_there(shipped):
    (dashboard,) = shipped.of("google_monitoring_dashboard")
    ours = {each.values["name"].replace("-", "_") for each in shipped.of("google_logging_metric")}

    tiles = json.loads(dashboard.values["dashboard_json"])["mosaicLayout"]["tiles"]
    queries = [tile["widget"]["xyChart"]["dataSets"][0]["timeSeriesQuery"]["prometheusQuery"] for tile in tiles]

    shown = {name for query in queries for name in ours if f"user_{name}" in query}
    assert len(tiles) >= 8
    assert all("user_gapheal_" not in query or any(f"user_{name}" in query for name in ours) for query in queries)
    assert len(shown) >= 7


def test_adding_a_phase_adds_exactly_what_is_its_own(packed, planned, tmp_path):
    text = (ROOT / "pipeline.yaml").read_text()
    phase = "archive: {completion_topic: nba-archive-complete, tables: [nba_archive.days]}"
    longer = text.replace("\ntransitions:", f"\n  {phase}\n\ntransitions:") + "\n  phase6_to_archive: {}\n"
    (tmp_path / "longer.yaml").write_text(longer)

    both = [packed(ROOT / "pipeline.yaml"), packed(tmp_path / "longer.yaml")]

    before, now = (
        # Each was packed into a folder of its own.
        {each[:3]: {**each.values, "source": None} for each in planned(packages)}
        for packages in both
    )
    assert set(before) - set(now) == set()
    # The detector knows every phase: its zip is another one, and so is the name of its object.
    assert {key for *_, key in [address for address, values in before.items() if now[address] != values]} == {DETECTOR}
    own = {key or "" for *_, key in set(now) - set(before)}
    assert own
    assert [key for key in own if "phase6_to_archive" not in key and "archive" not in key] == []


ONE_TOPIC = """\
version: 1
pipeline: shop
location: EU
timezone: Europe/Zurich
defaults: {date_column: day}
phases:
  orders: {completion_topic: shop-done, tables: [shop_raw.orders]}
  stock: {completion_topic: shop-done, tables: [shop_raw.stock]}
  report: {completion_topic: shop-done, tables: [shop_report.pages]}
transitions:
  to_report: {upstream: [orders, stock], downstream: report, trigger: {pubsub: {topic: shop-done}}}
"""


def test_a_topic_of_several_phases_is_subscribed_once_and_published_to_where_it_also_triggers(
    packed, planned, tmp_path
):
    (tmp_path / "shop.yaml").write_text(ONE_TOPIC)

    plan = planned(packed(tmp_path / "shop.yaml"), region="europe-west1")

    (heard,) = plan.of("google_pubsub_subscription", "event")
    assert (heard.key, heard.values["name"]) == ("to_report/orders", "shop-to-report-on-orders")
    assert [each.values["name"] for each in plan.of("google_pubsub_topic", "named")] == ["shop-done"]
    assert len(plan.of("google_pubsub_topic_iam_member", "trigger")) == 1
    # Functions are in a region, the data stays where it is.
    assert {each.values["location"] for each in plan.of("google_bigquery_dataset")} == {"EU"}
    assert {each.values["location"] for each in plan.of("google_cloudfunctions2_function")} == {"europe-west1"}


def test_a_name_that_cloud_run_does_not_take_is_refused_before_anything_is_made(packed, terraform, tmp_path):
    name = "s" * 37
    (tmp_path / "long.yaml").write_text(ONE_TOPIC.replace("pipeline: shop", f"pipeline: {name}"))

    variables = ("project_id=my-project-1", f"packages={packed(tmp_path / 'long.yaml')}", "region=europe-west1")
    done = terraform("plan", ROOT / "terraform", *(flag for each in variables for flag in ("-var", each)))

    assert done.returncode == 1
    assert f"{name} has 37" in " ".join(done.stdout.split() + done.stderr.split())
