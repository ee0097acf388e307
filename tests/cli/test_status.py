"""The commands `status` and `heals`: what the ledger tells, after real passes over real tables."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.scheduling import CloudScheduler

from gapheal.model.moments import lasting
from gapheal.scheduler import EMULATOR

ZONE = ZoneInfo("America/New_York")
"""The ten-line file's: what its days begin by."""


def fill(bq, day):
    sql = f"INSERT INTO nba_analytics.player_game_summary SELECT DATE '{day}', 'g'"
    bq.query(sql, retry=None, timeout=30).result(timeout=30)


def test_before_the_first_pass_it_says_what_to_run(pipeline, bq, gapheal):
    result = gapheal("status")

    assert result.exit_code == 0
    assert result.output == "phase2_to_phase3 (observe)  never looked at: run `gapheal scan`\n\n"


def test_open_gaps_are_told_by_reason_with_dates_and_age(heal, tables, topic, gapheal):
    gapheal("scan")
    result = gapheal("status")
    title, dates, opened, breaker, head, *rows = result.output.splitlines()
    cells = [line.split() for line in rows if line]

    assert result.exit_code == 1
    assert title.startswith("phase2_to_phase3 (heal)  last scan 20")
    assert title.endswith("6 gaps, 5 triggered")
    assert dates == "  4 complete, 6 missing"
    assert opened.startswith("  open: 6, the oldest of 2024-04-20, seen for ")
    assert breaker == "  breaker: slow start"
    assert head.split() == ["open", "dates", "action", "reason", "oldest", "newest", "seen"]
    assert [row[:6] for row in cells] == [
        ["missing", "5", "heal", "missing", "2024-04-20", "2024-04-24"],
        ["missing", "1", "deferred", "slow_start", "2024-04-25", "2024-04-25"],
    ]


def test_in_json_the_old_keys_stay_and_the_new_ones_are_there(heal, tables, topic, gapheal):
    gapheal("scan")
    (told,) = json.loads(gapheal("status", "--json").output)

    assert {"transition", "mode", "dates", "last_pass"} < told.keys()
    assert told.keys() - {"transition", "mode", "dates", "last_pass"} == {
        *("open_gaps", "oldest_gap", "open_since", "gaps", "healing", "breaker"),
    }
    assert (told["open_gaps"], told["oldest_gap"], told["last_pass"]["source"]) == (6, "2024-04-20", "scan")


def test_what_healed_is_told_by_status_and_listed_by_heals(heal, tables, topic, gapheal, bq):
    gapheal("scan", "--end-date", "2024-04-21")
    for day in ("2024-04-20", "2024-04-21"):
        fill(bq, day)
    gapheal("scan", "--end-date", "2024-04-21")
    status, heals = gapheal("status", "--json"), gapheal("heals")
    (told,) = json.loads(status.output)
    told_heals = json.loads(gapheal("heals", "--json", "--since", "2024-01-01").output)

    assert status.exit_code == 0
    assert (told["open_gaps"], told["healing"]["last_day"], told["breaker"]) == (0, 2, "closed")
    assert [line.split()[:2] for line in heals.output.splitlines()[1:3]] == [
        ["phase2_to_phase3", "2024-04-20"],
        ["phase2_to_phase3", "2024-04-21"],
    ]
    assert heals.output.splitlines()[3].startswith("2 healed; half of them within ")
    assert told_heals["summary"]["heals"] == 2
    assert 0 <= told_heals["summary"]["p50_seconds"] <= told_heals["summary"]["p95_seconds"]
    assert told_heals["heals"][0].keys() == {
        *("transition", "partition_date", "first_seen_at", "triggered_at", "healed_at", "attempts", "seconds_to_heal"),
    }
    assert (
        gapheal("status").output.splitlines()[2].startswith("  healed: 2 in the last day, 2 in 30 days; half of them")
    )


def test_where_nothing_healed_heals_says_so(pipeline, bq, gapheal):
    tomorrow = str((datetime.now(ZONE) + timedelta(days=1)).date())

    assert gapheal("heals", "--since", tomorrow).output == "nothing healed in that time\n"
    assert gapheal("heals", "--since", "yesterday").exit_code == 2


def test_a_scan_that_failed_remains(pipeline, bq, gapheal):
    gapheal("scan")
    result = gapheal("status")

    assert result.exit_code == 1
    assert "looked at nothing (phases.phase2: table nba_raw.bdl_player_boxscores was not found" in result.output


@pytest.fixture
def cloud(bq, project, monkeypatch):
    cloud = CloudScheduler(f"projects/{project}/locations/us-west2")
    monkeypatch.setenv(EMULATOR, cloud.address)
    yield cloud
    cloud.stop()


@pytest.mark.parametrize(("state", "told"), [("ENABLED", "2024-07-01 16:00Z, in 0 s"), ("PAUSED", "paused")])
def test_the_next_scan_is_told_where_scheduler_answers(pipeline, cloud, gapheal, state, told):
    cloud.put("nba-props-phase2-to-phase3-scan", state)

    assert f"  next scan: {told}" in gapheal("status").output


def test_where_scheduler_has_no_job_nothing_is_said_of_the_next_scan(pipeline, cloud, gapheal):
    (told,) = json.loads(gapheal("status", "--json").output)

    assert "next_scan" not in told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (86_400, "24 h"), (345_600, "4 d")],
)
def test_a_length_of_time_is_told_in_two_digits(seconds, told):
    assert lasting(seconds) == told
