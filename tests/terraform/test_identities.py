"""What docs/security.md says that each identity may do, and what a plan with everything switched on grants."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([\w /'-]+?) \| `(roles/[\w.]+)` \| .+? \| `(google_\w+\.\w+)` \|$", re.MULTILINE)
OPTIONS = {
    "target_services": {"phase4_to_phase5": {"service": "coordinator", "region": "us-west2"}},
    "secrets": {"GAPHEAL_ALERT_URLS": {"secret": "alert-urls", "version": "1"}},
    "dashboard_viewers": ["group:data@example.com"],
    "old_pubsub_agent": True,
}
SWEEPING = ("roles/owner", "roles/editor", "roles/viewer", "admin", "Admin")


@pytest.fixture(scope="module")
def opened(packed, planned):
    """The plan with all that can be switched on: no deployment grants more."""
    return planned(packed(ROOT / "pipeline.yaml"), **{name: json.dumps(value) for name, value in OPTIONS.items()})


@pytest.fixture(scope="module")
def grants(opened):
    """Who gets which role by which resource."""
    accounts = {each.values["member"]: each.name for each in opened.of("google_service_account")}
    agent = re.compile(r"serviceAccount:service-\d+@gcp-sa-pubsub\.iam\.gserviceaccount\.com")
    found = {}
    for each in opened:
        if not each.kind.endswith("_iam_member"):
            continue
        member = each.values["member"]
        who = accounts.get(member) or ("Pub/Sub's agent" if agent.fullmatch(member) else "viewers")
        found[who, each.values["role"], f"{each.kind}.{each.name}"] = member
    return found


def test_the_page_says_of_every_identity_what_the_plan_grants_and_nothing_else(grants):
    told = ROW.findall((ROOT / "docs" / "security.md").read_text())

    assert len(told) == len(set(told))
    assert set(told) == set(grants)


def test_every_grant_in_the_module_was_in_the_plan(grants):
    """A switch that this test does not know would hide what it grants."""
    written = {
        f"{kind}.{name}"
        for path in (ROOT / "terraform").glob("*.tf")
        for kind, name in re.findall(r'^resource "(\w+_iam_\w+)" "(\w+)"', path.read_text(), re.MULTILINE)
    }

    assert written == {address for *_, address in grants}


def test_no_role_is_one_that_rules(grants):
    assert [grant for grant in grants if any(word in grant[1] for word in SWEEPING)] == []


def test_on_the_project_only_queries_are_run_and_code_is_built(grants):
    project = {(who, role) for who, role, address in grants if address.startswith("google_project_iam_member")}

    assert {who for who, _ in project} == {"runtime", "build"}
    assert {role for who, role in project if who == "runtime"} == {
        "roles/bigquery.jobUser",
        "roles/cloudscheduler.viewer",
    }


@pytest.mark.fault(27)
def test_the_callers_may_call_and_nothing_else(grants):
    assert {role for who, role, _ in grants if who in {"scheduler", "push", "viewers"}} == {"roles/run.invoker"}


def test_no_account_has_a_key(opened):
    assert opened.of("google_service_account_key") == []


def test_nobody_but_the_named_is_let_in(opened, grants):
    assert "allUsers" not in str(opened)
    assert "allAuthenticatedUsers" not in str(opened)
    assert {member for (who, *_), member in grants.items() if who == "viewers"} == {"group:data@example.com"}


def test_no_secret_s_value_is_in_the_plan(opened):
    assert opened.of("google_secret_manager_secret_version") == []
    (variable,) = {
        str(service["secret_environment_variables"])
        for each in opened.of("google_cloudfunctions2_function")
        for service in each.values["service_config"]
    }
    assert "'version': '1'" in variable
