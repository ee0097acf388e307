"""A town for each lesson: tables in bqemulator, a pipeline file, and its functions as the platform loads them.

Everything goes through the HTTP door. Warehouse, ledger and claims are the real ones; triggers go to a publisher
that keeps them, so that a test can say what was sent.
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import functions_framework
import pytest
from google.cloud import bigquery
from typer.testing import CliRunner
from werkzeug.test import Client

from gapheal import app
from gapheal.cli.commands import command
from gapheal.local.ports import HOST
from gapheal.scaffold import write_function
from gapheal.spec import load
from gapheal.testing import MemoryPublisher, World

CALENDAR = Path(__file__).parents[2] / "examples" / "nba" / "nba_game_dates.csv"
COUNTED = ("regular", "play_in", "playoffs")
"""Games that every phase takes; all-star games end in phase 2."""

BUILD = app.build

HEADER = """\
version: 1
pipeline: lessons
location: us-west2
timezone: {timezone}
ledger_dataset: ledger
defaults:
  date_column: game_date
  entity_column: game_id
  policy: {{mode: heal, max_age_days: null, breaker_after: 50, max_in_flight: 50}}
"""


class Doors:
    """The functions of one pipeline file."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._clients: dict[str, Client] = {}
        self.file = folder / "pipeline.yaml"
        self._monkeypatch.delenv("GAPHEAL_MODE", raising=False)
        self._monkeypatch.setenv("GAPHEAL_PIPELINE", str(self.file))

    def serve(self, text: str, **ports: Any) -> None:
        """Deploy this pipeline file, with these ports in the place of the real ones."""
        self._clients = {}
        self.file.write_text(text)
        self._monkeypatch.setattr("gapheal.app.build", partial(BUILD, **ports))

    def post(self, transition: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        answer = self._client(transition).post("/", data=json.dumps(body).encode())
        return answer.status_code, json.loads(answer.text)

    def scan(self, transition: str, **options: Any) -> dict[str, Any]:
        """The report of a scan that worked."""
        status, report = self.post(transition, {"scan_for_gaps": True, **options})
        assert status == 200, report
        return report

    def event(self, transition: str, **said: Any) -> dict[str, Any]:
        """The answer to a completion event, as Pub/Sub pushes it; it is always acknowledged."""
        data = base64.b64encode(json.dumps(said, default=str).encode()).decode()
        status, report = self.post(transition, {"message": {"data": data, "messageId": "1"}, "subscription": "s"})
        assert status == 200, report
        return report

    def get(self, transition: str, day: date) -> dict[str, Any]:
        """What the function explains of one date."""
        answer = self._client(transition).get("/", query_string={"date": str(day)})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = json.loads(answer.text)
        return told

    def _client(self, transition: str) -> Client:
        if transition not in self._clients:
            main = write_function(self._folder / "functions", transition)
            self._clients[transition] = functions_framework.create_app("handle", str(main)).test_client()
        return self._clients[transition]


class Town(Doors):
    """Tables, and the functions that look at them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, bq: bigquery.Client, zone: ZoneInfo) -> None:
        super().__init__(folder, monkeypatch)
        self.bq = bq
        self.zone = zone
        self.publisher = MemoryPublisher()
        self._keys: dict[str, tuple[str, str]] = {}

    def pipeline(self, text: str, *, timezone: str | None = None, **ports: Any) -> None:
        """Deploy phases and transitions under the head that all lessons share."""
        head = HEADER.format(timezone=timezone or self.zone.key)
        self.serve(head + text, **{"publisher": self.publisher, **ports})

    @property
    def triggered(self) -> list[date]:
        """Every date that was triggered, in order."""
        return self.publisher.days

    def sql(self, *statements: str, **parameters: str) -> list[bigquery.Row]:
        """Run statements; the rows of the last."""
        config = bigquery.QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter(name, "STRING", text) for name, text in parameters.items()]
        )
        rows: list[bigquery.Row] = []
        for statement in statements:
            rows = list(self.bq.query(statement, job_config=config, retry=None, timeout=30).result(timeout=30))
        return rows

    def dataset(self, name: str, location: str = "us-west2", project: str | None = None) -> None:
        """A dataset in its place, unless it is there."""
        dataset = bigquery.Dataset(f"{project or self.bq.project}.{name}")
        dataset.location = location
        self.bq.create_dataset(dataset, exists_ok=True, retry=None, timeout=10)

    def create(
        self, *tables: str, day: str = "game_date", entity: str = "game_id", options: str = "", **columns: str
    ) -> None:
        """Empty tables by day, with more columns by their types."""
        more = "".join(f", {name} {kind}" for name, kind in columns.items())
        for table in tables:
            *project, dataset, _ = table.split(".")
            self.dataset(dataset, project=next(iter(project), None))
            self.sql(f"CREATE TABLE `{table}` ({day} DATE, {entity} STRING{more}) PARTITION BY {day} {options}")
            self._keys[table] = (day, entity)

    def fill(self, table: str, games: Mapping[date, int] | Iterable[date], **columns: str) -> None:
        """A row for each game (two on each date, where no number is told); more columns by SQL expressions."""
        numbers = games if isinstance(games, Mapping) else dict.fromkeys(games, 2)
        day, entity = self._keys[table]
        more = "".join(f", {name}" for name in columns)
        values = "".join(f", {value}" for value in columns.values())
        self.sql(
            f"INSERT INTO `{table}` ({day}, {entity}{more})\n"
            "SELECT DATE(SPLIT(item, '=')[OFFSET(0)]), "
            f"CONCAT(SPLIT(item, '=')[OFFSET(0)], '#', CAST(number AS STRING)){values}\n"
            "FROM UNNEST(SPLIT(@games, ',')) AS item, "
            "UNNEST(GENERATE_ARRAY(1, CAST(SPLIT(item, '=')[OFFSET(1)] AS INT64))) AS number",
            games=",".join(f"{when}={number}" for when, number in numbers.items()),
        )

    def gapheal(self, *words: str) -> str:
        """Type a command; what it prints."""
        ran = CliRunner().invoke(command, [*words, "--pipeline", str(self.file)])
        assert ran.exit_code == 0, ran.output
        return ran.output


@pytest.fixture
def zone() -> ZoneInfo:
    """A zone in which it is about noon, so that no test runs over midnight."""
    ahead = 12 - datetime.now(UTC).hour
    return ZoneInfo(f"Etc/GMT{-ahead:+d}") if ahead else ZoneInfo("Etc/UTC")


@pytest.fixture
def today(zone) -> date:
    return datetime.now(zone).date()


@pytest.fixture
def town(tmp_path, monkeypatch, bq, zone) -> Town:
    return Town(tmp_path, monkeypatch, bq, zone)


@pytest.fixture
def at(tmp_path, monkeypatch) -> Callable[[str, datetime], tuple[Doors, World]]:
    """The same door before tables in memory, at a moment that is chosen: `at(text, moment)`."""

    def at(text: str, moment: datetime) -> tuple[Doors, World]:
        doors = Doors(tmp_path, monkeypatch)
        doors.file.write_text(text)
        world = World(load(doors.file))
        world.clock.moment = moment
        doors.serve(text, **world.ports)
        return doors, world

    return at


@dataclass(frozen=True)
class Calendar:
    """The real game dates of four NBA seasons."""

    lines: list[dict[str, str]] = field(default_factory=list)

    def games(self, season: str | None = None, kinds: Iterable[str] = COUNTED) -> dict[date, int]:
        """How many games each date of a season (such as `2021-22`) had; None: of all seasons."""
        wanted = set(kinds)
        return {
            date.fromisoformat(line["date"]): int(line["games"])
            for line in self.lines
            if season in {None, line["season"]} and line["kinds"].partition(":")[0] in wanted
        }

    def windows(self) -> dict[str, tuple[date, date]]:
        """First and last date by season."""
        seasons = dict.fromkeys(line["season"] for line in self.lines)
        return {season: (min(self.games(season)), max(self.games(season))) for season in seasons}

    def first_days(self, number: int) -> set[date]:
        """The game dates in the first so many calendar days of each season."""
        opened = {season: start for season, (start, _) in self.windows().items()}
        return {
            day
            for season, start in opened.items()
            for day in self.games(season)
            if day < start + timedelta(days=number)
        }

    @property
    def seasons(self) -> str:
        """As the file states them."""
        listed = ", ".join(f"{{start: {start}, end: {end}}}" for start, end in self.windows().values())
        return f"seasons: {{nba: [{listed}]}}\n"


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    with CALENDAR.open(newline="") as lines:
        return Calendar(list(csv.DictReader(lines)))


@pytest.fixture
def refusing() -> Iterator[Callable[[str], str]]:
    """Starts a BigQuery that refuses everything for one reason: `refusing("quotaExceeded")` is its URL."""
    servers = []

    def refusing(reason: str) -> str:
        told = json.dumps({"error": {"code": 403, "message": reason, "errors": [{"reason": reason}]}}).encode()

        class Refusal(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(403)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(told)

            do_POST = do_GET  # noqa: N815 - as http.server calls it

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer((HOST, 0), Refusal)
        servers.append(server)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://{HOST}:{server.server_port}"

    yield refusing
    for server in servers:
        server.shutdown()
        server.server_close()
