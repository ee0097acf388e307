"""The dashboard over HTTP: what it tells, what it refuses, and that it lets nothing through."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from gapheal import app, dashboard
from gapheal.dashboard.page import policy
from gapheal.errors import Unavailable
from gapheal.model.passes import Request as Asked
from gapheal.model.passes import Source
from gapheal.testing import World, small_pipeline

DAY = date(2024, 6, 20)
NAME = "raw_to_refined"
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def world():
    """Two dates are missing; one is whole."""
    world = World(small_pipeline(max_age_days=None))
    for back in range(3):
        world.warehouse.put("d.raw", DAY - timedelta(days=back), 100, 10)
    world.warehouse.put("d.refined", DAY - timedelta(days=2), 100, 10)
    return world


@pytest.fixture
def opened(world):
    opened = app.build(world.pipeline, **world.ports)
    opened.run(NAME, Asked(Source.SCAN))
    return opened


@pytest.fixture
def client(opened):
    return dashboard.wsgi(opened).test_client()


def data(page: str):
    """What the page's script reads."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_api_tells_the_same_as_the_page(client):
    gaps = client.get("/api/gaps").json

    assert [(gap["partition_date"], gap["condition"], gap["standing"]) for gap in gaps] == [
        ("2024-06-19", "missing", "healing"),
        ("2024-06-20", "missing", "healing"),
    ]
    assert len(client.get("/api/dates").json) == 3
    overview = client.get("/api/overview").json
    assert overview["totals"]["whole"] == 1
    assert [row["open_gaps"] for row in overview["transitions"]] == [2, 0]
    assert overview["transitions"][0]["last_pass"]["gaps_found"] == 2
    assert [row["pass_id"] for row in client.get("/api/passes").json] == [
        overview["transitions"][0]["last_pass"]["pass_id"]
    ]
    assert client.get("/api/trends").json["slo"]["figures"][0]["open_now"] == 2
    assert "2 gaps are being healed" in client.get("/").text


def test_explain_looks_now_and_the_ledger_stays_as_it_was(client, world):
    before = {name: len(rows) for name, rows in world.ledger.rows.items()}
    world.warehouse.put("d.refined", DAY, 100, 10)
    told = client.get(f"/api/explain?transition={NAME}&date={DAY}").json

    assert (told["condition"], told["date"]) == ("complete", str(DAY))
    assert told["rules"]
    assert {name: len(rows) for name, rows in world.ledger.rows.items()} == before


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/api/explain", 400, "found no transition"),
        (f"/api/explain?transition={NAME}", 400, "found no date"),
        (f"/api/explain?transition={NAME}&date=yesterday", 400, "yesterday"),
        ("/api/explain?transition=nothing&date=2024-06-20", 400, "expected one of the file's transitions"),
        ("/api/nothing", 404, "expected one of overview, dates"),
        ("/nothing", 404, "expected GET of the page"),
    ],
)
def test_what_it_does_not_understand_it_says(client, path, status, told):
    answer = client.get(path)

    assert told in answer.json["error"]
    assert answer.status_code == status


def test_it_only_reads(client):
    for method in (client.post, client.put, client.delete, client.patch):
        assert method("/").status_code == 405
        assert method("/api/gaps").status_code == 405


def test_nothing_but_its_own_script_and_style_may_run(client):
    answer = client.get("/")
    said = answer.headers["Content-Security-Policy"]
    inline = re.findall(r"<script>|<style>", answer.text)

    assert said == f"{policy()}; frame-ancestors 'none'"
    assert "unsafe" not in said
    assert said.startswith("default-src 'none'; script-src 'sha256-")
    assert len(inline) == 3
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text.partition("<script>")[0])
    assert "Set-Cookie" not in answer.headers
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_whatever_a_ledger_holds_is_text(world, opened):
    for row in world.ledger.rows["verdicts"]:
        row["sentence"] = EVIL
    for row in world.ledger.rows["passes"]:
        row["error"] = EVIL
    page = dashboard.wsgi(opened).test_client().get("/").text

    assert EVIL not in page
    assert "<img" not in page
    assert any(EVIL.startswith(state[4][0]) for state in data(page)["states"])


def test_by_a_false_name_this_machine_tells_nothing(opened):
    client = dashboard.wsgi(opened, only_local=True).test_client()

    assert client.get("/", headers={"Host": "127.0.0.1:8765"}).status_code == 200
    assert client.get("/", headers={"Host": "rebound.example.com"}).status_code == 400


@pytest.mark.parametrize(
    ("site", "status"), [(None, 200), ("same-origin", 200), ("none", 200), ("same-site", 400), ("cross-site", 400)]
)
def test_no_page_elsewhere_makes_it_ask_the_tables(client, site, status):
    """It could not read the answer, but the question costs."""
    headers = {"Sec-Fetch-Site": site} if site else {}

    assert client.get(f"/api/explain?transition={NAME}&date={DAY}", headers=headers).status_code == status


def test_it_answers_inside_another_server(opened):
    environ = EnvironBuilder(path="/api/gaps", base_url="https://host/some/detector").get_environ()
    answer = dashboard.respond(opened, Request(environ))

    assert answer.status_code == 200
    assert len(json.loads(answer.get_data())) == 2


def test_inside_another_server_each_request_is_told_of_its_own_app(world, opened):
    empty = app.build(world.pipeline, **World(world.pipeline).ports)
    asked = Request(EnvironBuilder(path="/api/dates").get_environ())

    assert [len(json.loads(dashboard.respond(each, asked).get_data())) for each in (opened, empty, opened)] == [3, 0, 3]


class Watched:
    """A ledger, and what it was asked."""

    def __init__(self, ledger):
        self._ledger = ledger
        self.asked = []

    def __getattr__(self, name):
        self.asked.append(name)
        return getattr(self._ledger, name)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", ["board", "heals", "passes", "slo"]),
        ("/api/overview", ["board", "heals", "passes", "slo"]),
        ("/api/dates", ["board"]),
        ("/api/gaps", ["board"]),
        ("/api/trends", ["heals", "slo"]),
        ("/api/passes", ["passes"]),
    ],
)
def test_the_ledger_is_asked_for_no_more_than_is_told(world, opened, path, asked):
    """Each question is a statement that is billed; `slo` is two."""
    ledger = Watched(world.ledger)
    client = dashboard.wsgi(app.build(world.pipeline, **{**world.ports, "ledger": ledger})).test_client()

    assert client.get(path).status_code == 200
    assert sorted(ledger.asked) == asked


def test_a_ledger_that_does_not_answer_is_an_error_and_no_page(world, opened):
    world.ledger.fails = Unavailable("BigQuery did not answer")
    answer = dashboard.wsgi(opened).test_client().get("/")

    assert (answer.status_code, answer.json) == (503, {"error": "BigQuery did not answer"})


def test_before_the_first_pass_it_says_what_to_run(world):
    page = dashboard.wsgi(app.build(world.pipeline, **world.ports)).test_client().get("/").text

    assert "Nothing was judged yet" in page
    assert "gapheal scan" in page
    assert "No pass in the last 30 days." in page


def test_the_lead_says_what_is_worst(world, opened):
    client = dashboard.wsgi(opened).test_client()

    def lead():
        return re.search(r'<h2 id="overview-title">(.*?)</h2>', client.get("/").text, re.DOTALL)[1].strip()

    assert lead() == "2 gaps are being healed"
    world.ledger.rows["passes"][-1]["error"] = "no permission"
    assert lead() == "The last pass of 1 transition failed"
    world.ledger.rows["passes"][-1]["breaker"] = "open"
    assert lead() == "1 breaker is open"
    world.ledger.rows["verdicts"][-1].update(action="held", code="too_old")
    assert lead() == "1 date waits for a person"
    for row in world.ledger.rows["verdicts"]:
        row.update(condition="complete", action="none", code="complete")
    world.ledger.rows["passes"][-1].update(error=None, breaker="closed")
    assert lead() == "Every date is whole"


def test_transitions_whose_phases_have_the_same_label_are_counted_both(world):
    """A chart that knew them by their labels would show the last of them alone."""
    phases = {name: phase.model_copy(update={"label": "Tables"}) for name, phase in world.pipeline.phases.items()}
    alike = app.build(world.pipeline.model_copy(update={"phases": phases}), **world.ports)
    alike.run(NAME, Asked(Source.SCAN))
    page = dashboard.wsgi(alike).test_client().get("/").text

    assert f"Open now: 2 {NAME}." in page


def test_where_mode_only_observes_no_gap_is_called_healing():
    """More of them than there is room for: those are deferred, and still nobody heals them."""
    world = World(small_pipeline(mode="observe", max_age_days=None))
    for back in range(9):
        world.warehouse.put("d.raw", DAY - timedelta(days=back), 100, 10)
    opened = app.build(world.pipeline, **world.ports)
    opened.run(NAME, Asked(Source.SCAN))
    page = dashboard.wsgi(opened).test_client().get("/").text

    assert {row["action"] for row in dashboard.gather(opened).dates} == {"would_heal", "deferred"}
    assert "9 gaps would be healed" in page
    assert {state[3] for state in data(page)["states"]} == {"would heal"}


def test_a_transition_that_left_the_file_is_not_shown(world, opened):
    world.ledger.rows["verdicts"].append({**world.ledger.rows["verdicts"][0], "transition": "gone_to_nowhere"})
    figures = dashboard.gather(opened)

    assert {row["transition"] for row in figures.dates} == {NAME}


def test_the_files_say_the_same_as_the_server(opened, client, tmp_path):
    written = dashboard.export(dashboard.gather(opened), tmp_path / "site")

    assert [path.relative_to(tmp_path / "site").as_posix() for path in written] == [
        *("index.html", "api/overview.json", "api/dates.json", "api/gaps.json", "api/trends.json", "api/passes.json"),
    ]
    for path in written[1:]:
        assert json.loads(path.read_text()) == client.get(f"/api/{path.stem}").json
    assert 'href="api/gaps.json"' in written[0].read_text()
