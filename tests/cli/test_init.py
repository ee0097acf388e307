"""The command `init`, on real tables: what it writes is valid, says what it guessed, and overwrites nothing."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from google.cloud import bigquery

from gapheal.app.draft import choosing
from gapheal.app.draft.found import Found
from gapheal.intervals import Interval

DATASETS = ("--dataset", "raw=nba_raw", "--dataset", "analytics=nba_analytics")


@pytest.fixture
def run(bq):
    def run(*statements):
        for sql in statements:
            bq.query(sql, retry=None, timeout=30).result(timeout=30)

    return run


@pytest.fixture
def datasets(bq, run, tmp_path, monkeypatch):
    """Two seasons of box scores (seven games a day, ten players each), analytics of the first, and odds and ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    for name in ("nba_raw", "nba_analytics"):
        dataset = bigquery.Dataset(f"{bq.project}.{name}")
        dataset.location = "us-west2"
        bq.create_dataset(dataset, retry=None, timeout=10)
    columns = "game_date DATE, game_id STRING, player_id INT64"
    days = {
        "2023": "GENERATE_DATE_ARRAY('2023-03-01', '2023-03-20')",
        "2024": "GENERATE_DATE_ARRAY('2024-03-01', '2024-03-10')",
    }
    rows = (
        "SELECT day, CONCAT('g', CAST(game AS STRING)), game * 10 + player{more} "
        "FROM UNNEST({days}) day, UNNEST(GENERATE_ARRAY(1, 7)) game, UNNEST(GENERATE_ARRAY(1, 10)) player"
    )
    run(
        f"CREATE TABLE nba_raw.box ({columns}, processed_at TIMESTAMP) PARTITION BY game_date",
        *(f"INSERT INTO nba_raw.box {rows.format(days=each, more=', CURRENT_TIMESTAMP()')}" for each in days.values()),
        "CREATE TABLE nba_raw.teams (team STRING)",
        "INSERT INTO nba_raw.teams VALUES ('LAL')",
        "CREATE VIEW nba_raw.recent AS SELECT * FROM nba_raw.box WHERE game_date > '2024-01-01'",
        "CREATE TABLE nba_raw.never (game_date DATE) PARTITION BY game_date",
        f"CREATE TABLE nba_analytics.summary (cache_date DATE, loaded DATE, {columns[16:]}) PARTITION BY cache_date",
        "INSERT INTO nba_analytics.summary SELECT day, day, 'g1', 7 "
        "FROM UNNEST(GENERATE_DATE_ARRAY('2023-03-01', '2023-03-20')) day",
    )


def test_what_it_writes_is_valid_and_can_be_planned_at_once(datasets, gapheal, project, tmp_path):
    result = gapheal("init", *DATASETS, "--project", project, "--timezone", "America/New_York")
    validated, planned = gapheal("validate", "--live"), gapheal("plan", "--json")
    (plan,) = json.loads(planned.output)

    assert result.exit_code == 0
    assert (tmp_path / "functions" / "raw_to_analytics" / "main.py").read_text().count("raw_to_analytics") == 2
    assert validated.exit_code == 0
    assert (planned.exit_code, plan["mode"]) == (1, "observe")
    assert (plan["conditions"]["missing"], plan["conditions"]["partial"]) == (10, 20)


def test_it_says_what_it_found_and_what_it_guessed(datasets, gapheal, project):
    text = gapheal("init", *DATASETS, "--dry-run").output
    file = yaml.safe_load(text)

    assert file == {
        "version": 1,
        "pipeline": project,
        "location": "us-west2",
        "timezone": "UTC",
        "defaults": {"date_column": "game_date", "entity_column": "game_id", "policy": {"mode": "observe"}},
        "phases": {
            "raw": {"tables": [{"table": "nba_raw.box"}]},
            "analytics": {"tables": [{"table": "nba_analytics.summary", "date_column": "cache_date"}]},
        },
        "transitions": {"raw_to_analytics": {"trigger": {"pubsub": {"topic": f"{project}-analytics-trigger"}}}},
    }
    for told in (
        "so that a partial one is seen: 7 a day",
        "# Could be counted instead: player_id (70 a day).",
        "# 30 dates, 2023-03-01 .. 2024-03-10; by DAY of game_date",
        "# updated_column: processed_at ",
        "# other DATE columns: loaded",
        "#     - {start: 2023-03-01, end: 2023-03-20}",
        "#     - {start: 2024-03-01, end: 2024-03-10}",
        "#   nba_raw.teams: it has no DATE column and is not partitioned by time",
        "#   nba_raw.recent: a view: name it if its rows are a phase's own",
        "#   nba_raw.never: no dates in game_date: it is empty",
        "timezone: UTC    # what",
    ):
        assert told in text


def test_its_suggestions_are_valid_where_one_takes_them(datasets, gapheal, project, tmp_path):
    """The comments of seasons, topics and policies, taken as they stand."""
    text = gapheal("init", *DATASETS, "--dry-run").output
    taken = (
        text.replace("# seasons:", "seasons:").replace("#   season:", "  season:").replace("#     - {st", "    - {st")
    )
    taken = taken.replace("    # completion_topic", "    completion_topic").replace(
        "        # updated_", "        updated_"
    )
    taken = taken.replace(
        "    # policy: {batch", "    policy: {excuses: [{reason: off-season, outside: season}], batch"
    )
    (tmp_path / "pipeline.yaml").write_text(taken)
    result = gapheal("validate", "--live")
    file = yaml.safe_load(taken)

    assert result.exit_code == 0, result.output
    assert file["seasons"]["season"][1]["end"] == date(2024, 3, 10)
    assert file["phases"]["raw"]["tables"][0]["updated_column"] == "processed_at"


def test_nothing_is_written_with_json_or_dry_run(datasets, gapheal, tmp_path):
    told = json.loads(gapheal("init", *DATASETS, "--json").output)
    gapheal("init", *DATASETS, "--dry-run")

    assert list(tmp_path.iterdir()) == []
    assert (told["transitions"], sorted(told["left_out"])) == (
        ["raw_to_analytics"],
        ["nba_raw.never", "nba_raw.recent", "nba_raw.teams"],
    )
    assert told["tables"][0] | {"phase": "raw", "dates": 30, "partitions": "DAY of game_date"} == told["tables"][0]
    assert yaml.safe_load(told["pipeline"])["version"] == 1


def test_what_is_there_is_never_overwritten(datasets, gapheal, tmp_path):
    function = tmp_path / "functions" / "raw_to_analytics" / "main.py"
    function.parent.mkdir(parents=True)
    function.write_text("mine")
    (tmp_path / "pipeline.yaml").write_text("mine")
    refused = gapheal("init", *DATASETS)
    beside = gapheal("init", *DATASETS, "--pipeline", "new/second.yaml")

    assert (refused.exit_code, "is never overwritten: name another with --out" in refused.output) == (2, True)
    assert (tmp_path / "pipeline.yaml").read_text() == function.read_text() == "mine"
    assert beside.exit_code == 0
    assert beside.output.splitlines()[:2] == ["wrote new/second.yaml", "kept functions/raw_to_analytics/main.py"]
    assert "gapheal validate --live --pipeline new/second.yaml" in beside.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--dataset", "raw=nba_raw"), "expected at least two phases, in order, found raw"),
        (
            ("--dataset", "nba_raw", "--dataset", "b=nba_raw"),
            "expected PHASE=DATASET such as raw=nba_raw, found 'nba_raw'",
        ),
        (("--dataset", "Raw=nba_raw", "--dataset", "b=nba_raw"), "expected a phase of small letters"),
        (("--dataset", "raw=nba_row", *DATASETS[2:]), "found none called nba_row; check the name, and --project"),
        (("--dataset", "raw=nba_raw", "--dataset", "b=nba_raw", "--out", "/proc/x/y"), "expected to write /proc/x"),
    ],
)
def test_what_cannot_be_drafted_is_told_with_the_mend(datasets, gapheal, words, told):
    result = gapheal("init", *words)

    assert result.exit_code == 2
    assert told in result.output


def test_a_phase_without_dates_is_told_table_by_table(datasets, gapheal, bq, run):
    dataset = bigquery.Dataset(f"{bq.project}.empty")
    dataset.location = "us-west2"
    bq.create_dataset(dataset, retry=None, timeout=10)
    first = gapheal("init", *DATASETS, "--dataset", "third=empty")
    run("CREATE TABLE empty.t (x STRING)")
    second = gapheal("init", *DATASETS, "--dataset", "third=empty")

    assert (first.exit_code, second.exit_code) == (2, 2)
    assert "phase third: expected a table with dates, found none: the dataset is empty" in first.output
    assert "empty.t: it has no DATE column" in second.output


def test_datasets_in_several_places_are_refused(datasets, gapheal, bq):
    dataset = bigquery.Dataset(f"{bq.project}.far")
    dataset.location = "EU"
    bq.create_dataset(dataset, retry=None, timeout=10)

    assert "found nba_raw in us-west2, far in EU" in gapheal("init", *DATASETS[:2], "--dataset", "b=far").output


def test_without_a_project_it_says_so(gapheal, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    assert "no Google Cloud project: name it with --project" in gapheal("init", *DATASETS).output


def test_times_and_filters_are_read_too(datasets, gapheal, bq):
    """A table cut by a TIMESTAMP, another by ingestion, a third that demands a filter."""
    stamp, day = bigquery.SchemaField("seen_at", "TIMESTAMP"), bigquery.SchemaField("game_date", "DATE")
    for name, field, column in (("odds", "seen_at", stamp), ("strict", "game_date", day)):
        table = bigquery.Table(f"{bq.project}.nba_raw.{name}", schema=[column])
        table.time_partitioning = bigquery.TimePartitioning(field=field, expiration_ms=90 * 86_400_000)
        table.require_partition_filter = name == "strict"
        bq.create_table(table, retry=None, timeout=10)
        value = "TIMESTAMP '2024-03-02 03:00:00+00'" if name == "odds" else "DATE '2024-03-01'"
        bq.query(f"INSERT INTO nba_raw.{name} VALUES ({value})", retry=None, timeout=30).result(timeout=30)
    text = gapheal("init", *DATASETS, "--timezone", "America/New_York", "--dry-run").output
    (raw, _) = yaml.safe_load(text)["phases"].values()

    assert raw["tables"] == [
        {"table": "nba_raw.box"},
        {"table": "nba_raw.odds", "date_column": "seen_at", "entity_column": None},
        {"table": "nba_raw.strict", "entity_column": None},
    ]
    assert "# 1 date, 2024-03-01 .. 2024-03-01; by DAY of seen_at, kept 90 days" in text


DAY = date(2024, 3, 1)


def found(**about):
    return Found(**{"phase": "raw", "table": "d.t", "kind": "TABLE", "columns": {"day": "DATE"}, **about})


@pytest.mark.parametrize(
    ("about", "column", "why"),
    [
        ({"columns": {"a": "DATE", "b": "DATE"}, "cut_by": "b"}, "b", None),
        ({"columns": {"a": "DATE", "usual": "DATE"}}, "usual", None),
        ({"columns": {"a": "DATE", "t": "TIMESTAMP"}, "cut_by": "t"}, "a", None),
        ({"columns": {"t": "DATETIME"}, "cut_by": "t", "unit": "DAY"}, "t", None),
        ({"columns": {"x": "STRING"}, "cut_by": "_PARTITIONDATE", "unit": "DAY"}, "_PARTITIONDATE", None),
        ({"columns": {"made_at": "TIMESTAMP"}}, None, "is the day of made_at what a row belongs to?"),
        ({"kind": "MATERIALIZED_VIEW"}, None, "a materialized view"),
        ({"expires": datetime(2024, 7, 1, 16, tzinfo=UTC)}, None, "the table expires at 2024-07-01 16:00Z"),
    ],
)
def test_the_date_column_is_the_one_that_a_person_would_try_first(about, column, why):
    other = found(table="d.other", columns={"usual": "DATE"}, cut_by="usual")
    (chosen, _) = choosing.with_date_columns([found(**about), other])

    assert chosen.date_column == column
    assert (chosen.left_out is None) == (why is None)
    assert (why or "") in (chosen.left_out or "")


def test_a_table_that_moves_by_the_month_is_left_out():
    months = tuple(date(2024, month, 1) for month in range(1, 6))

    assert "grain is a day" in (choosing.judged(found(date_column="day", dates=months)).left_out or "")
    assert choosing.judged(found(date_column="day", dates=(*months, DAY + timedelta(days=1)))).left_out is None


def test_dates_that_are_all_gone_are_told_with_how_long_they_are_kept():
    assert "older than the 90 days it keeps" in (choosing.judged(found(date_column="day", kept_days=90)).left_out or "")


def test_only_what_two_phases_share_can_be_counted():
    raw = found(columns={"day": "DATE", "game_id": "STRING", "row_id": "STRING", "id": "DATE"})
    analytics = found(phase="analytics", columns={"game_id": "INTEGER", "code": "STRING"})

    assert choosing.candidates([raw, analytics]) == ["game_id"]
    assert choosing.entity([raw, analytics]) is None


@pytest.mark.parametrize(("hole", "windows"), [(31, 0), (32, 2)])
def test_seasons_lie_between_long_holes(hole, windows):
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=1 + hole)]
    found = choosing.seasons(days)

    assert len(found) == windows
    assert windows == 0 or found[0] == Interval.inclusive(DAY, DAY + timedelta(days=1))
    assert choosing.seasons([]) == []
