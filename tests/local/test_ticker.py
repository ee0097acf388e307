"""The stand-in for Cloud Scheduler."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from gapheal.local.ports import HOST, Ports
from gapheal.local.ticker import Ticker

NEW_YORK = ZoneInfo("America/New_York")


def test_a_tick_asks_for_a_scan_as_cloud_scheduler_would(endpoint):
    with Ticker({"phase2_to_phase3": endpoint.url}, 60, NEW_YORK):
        (request,) = endpoint.wait_for(1)

    assert request.body == b'{"scan_for_gaps": true}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Google-Cloud-Scheduler"
    assert request.headers["x-cloudscheduler"] == "true"
    assert request.headers["x-cloudscheduler-jobname"] == "phase2_to_phase3"
    scheduled = datetime.fromisoformat(request.headers["x-cloudscheduler-scheduletime"])
    assert scheduled.utcoffset() == scheduled.astimezone(NEW_YORK).utcoffset()
    assert abs(scheduled.timestamp() - time.time()) < 60


def test_the_detector_is_asked_for_a_sweep_after_a_tick_and_then_daily(endpoint):
    began = time.monotonic()
    with Ticker({"a": f"{endpoint.url}/a"}, 0.1, NEW_YORK, daily={"gap_detector": f"{endpoint.url}/detector"}):
        requests = endpoint.wait_for(8)
        while not (sweeps := [request for request in requests if request.path == "/detector"]):
            requests = endpoint.wait_for(len(requests) + 1)

    assert sweeps[0].body == b'{"scan_for_gaps": true, "sweep": true}'
    assert sweeps[0].headers["x-cloudscheduler-jobname"] == "gap_detector"
    # A busy machine may be late, never early.
    assert all(sweep.at - began >= 0.1 + 2.4 * number for number, sweep in enumerate(sweeps))


def test_each_job_ticks_at_its_interval_until_the_end(endpoint):
    began = time.monotonic()
    with Ticker({"a": f"{endpoint.url}/a", "b": f"{endpoint.url}/b"}, 0.2, NEW_YORK):
        requests = endpoint.wait_for(6)
        while {request.path for request in requests} != {"/a", "/b"}:
            requests = endpoint.wait_for(len(requests) + 1)
    count = len(endpoint.received)
    time.sleep(1)

    at = [request.at for request in requests if request.path == "/a"]
    assert all(moment - began >= 0.2 * number for number, moment in enumerate(at))
    assert len(endpoint.received) <= count + 2, "of each job one may have been out when it ended"


def test_a_job_is_never_out_twice_at_once(endpoint):
    endpoint.pauses = [0.6]
    with Ticker({"slow": endpoint.url}, 0.1, NEW_YORK):
        first, second = endpoint.wait_for(2)[:2]

    assert second.at - first.at >= 0.6


def test_a_failed_tick_is_told_and_the_next_one_comes(endpoint):
    told: list[str] = []
    endpoint.statuses = [503, *[200] * 1_000]

    with Ticker({"a": endpoint.url}, 0.1, NEW_YORK, told.append):
        endpoint.wait_for(2)

    assert told == ["the scan of a was answered 503"]


def test_a_function_that_is_away_is_told_and_asked_again(new_endpoint):
    told: list[str] = []
    port = Ports().take("a late function")
    with Ticker({"a": f"http://{HOST}:{port}"}, 0.1, NEW_YORK, told.append):
        time.sleep(0.3)
        with new_endpoint(port) as endpoint:
            assert endpoint.wait_for(1)

    assert told[0].startswith("the scan of a was not answered: ")
    assert "refused" in told[0]
