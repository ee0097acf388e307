"""The detector as a process beside the functions: sweeps through real clients, and its page."""

import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.e2e.conftest import Small

from gapheal.local.stack import Stack

HERE = Path(__file__).parent
YESTERDAY = datetime.now(UTC).date() - timedelta(days=2)
OLD = YESTERDAY - timedelta(days=60)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two dates, the old one beyond the window of the hourly scans; workers that run; nobody announces anything."""
    pipeline = yaml.safe_load((HERE / "pipeline.yaml").read_text())
    pipeline["defaults"]["policy"] |= {"scan_days": 7}
    path = tmp_path_factory.mktemp("detector") / "pipeline.yaml"
    path.write_text(yaml.safe_dump(pipeline))
    with Stack(path, workers=HERE / "worker.py", broker="embedded", detector=True) as stack:
        world = Small(stack)
        world.fill("raw", [OLD, YESTERDAY])
        world.fill("refined", [YESTERDAY])
        world.fill("served", [YESTERDAY])
        yield world


def kinds(answer):
    return [(each["transition"], each["kind"]) for each in answer["findings"]]


def test_what_no_scan_looks_at_is_found_by_the_sweep_told_and_healed(world, helpers):
    for name in ("raw_to_refined", "refined_to_served"):
        assert world.stack.scan(name)["gaps_found"] == 0

    answer = world.stack.sweep()

    assert list(answer["transitions"]) == ["raw_to_refined", "refined_to_served"]
    assert answer["transitions"]["raw_to_refined"]["triggered_dates"] == [str(OLD)]
    assert (answer["errors"], kinds(answer)[0]) == ([], ("raw_to_refined", "gaps"))
    assert {kind for _, kind in kinds(answer)} == {"gaps"}, "the second phase's too, where the first was quick"
    assert answer["unknown"] == ["the schedule's jobs: there is no Cloud Scheduler beside an emulator"]
    assert helpers["eventually"](lambda: world.days("served") == {OLD, YESTERDAY}), "the old date never arrived"
    again = world.stack.sweep()
    assert (again["errors"], kinds(again)) == ([], [])
    assert {report["gaps_found"] for report in again["transitions"].values()} == {0}


def test_a_sweep_is_in_the_ledger_as_any_other(world):
    rows = world.run("SELECT DISTINCT transition FROM gapheal_small.passes WHERE source = 'sweep'")

    assert {row[0] for row in rows} == {"raw_to_refined", "refined_to_served"}


def test_its_page_opens_in_a_browser(world):
    request = urllib.request.Request(world.stack.detector_url, headers={"Accept": "text/html"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        page = answer.read().decode()

    assert "<html" in page
    assert "raw_to_refined" in page
