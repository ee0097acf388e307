"""The page of recipes, run as it stands: its SQL creates the tables, its YAML reads them."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from google.cloud import bigquery

from gapheal.bigquery import connect
from gapheal.intervals import EARLIEST, LATEST, Interval
from gapheal.model.passes import Count, Scope
from gapheal.spec import load
from gapheal.warehouse import BigQueryWarehouse

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
EVER = Scope(Interval.inclusive(EARLIEST, LATEST))
FIRST, SECOND = date(2024, 3, 9), date(2024, 3, 10)
EIGHT = datetime(2024, 3, 12, 8, tzinfo=UTC)

RECIPES = {
    title: {kind: re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("sql", "yaml")}
    for title, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


@pytest.fixture
def run(bq):
    for name in ("nba_raw", "nba_ops", "nba_exports", "nba_analytics"):
        dataset = bigquery.Dataset(f"{bq.project}.{name}")
        dataset.location = "us-west2"
        bq.create_dataset(dataset, retry=None, timeout=10)

    def run(*statements):
        for sql in statements:
            bq.query(sql, retry=None, timeout=30).result(timeout=30)

    run("CREATE TABLE nba_raw.other_side (game_date DATE)")
    return run


@pytest.fixture
def stand_ins(bq, run):
    """What no emulator has, or its SQL forgets."""

    def by_ingestion():
        fields = [bigquery.SchemaField(name, "STRING") for name in ("player", "status")]
        table = bigquery.Table(f"{bq.project}.nba_raw.injuries", schema=fields)
        table.time_partitioning = bigquery.TimePartitioning(type_="DAY")
        bq.create_table(table, retry=None, timeout=10)

    listed = "CREATE TABLE nba_exports.files (uri STRING, size INT64, updated TIMESTAMP)"
    return {
        "CREATE EXTERNAL TABLE nba_exports.files": lambda: run(listed),
        "CREATE TABLE nba_raw.injuries": by_ingestion,
    }


@pytest.fixture
def cook(run, stand_ins, project, tmp_path):
    """Follows a recipe; then what its tables hold, by name."""

    def cook(title, before=(), after=()):
        recipe = RECIPES[title]
        run(*before)
        for sql in recipe["sql"]:
            other = next((stand_ins[start] for start in stand_ins if sql.startswith(start)), None)
            other() if other else run(sql)
        run(*after)
        return read(tmp_path, project, *recipe["yaml"])

    return cook


def read(folder, project, fragment):
    phases = yaml.safe_load(fragment)["phases"]
    (phase,) = phases
    written = {
        "version": 1,
        "pipeline": "nba-props",
        "location": "us-west2",
        "timezone": "America/New_York",
        "defaults": {"date_column": "game_date"},
        "phases": {**phases, "other_side": ["nba_raw.other_side"]},
        "transitions": {"step": {"upstream": phase, "downstream": "other_side"}},
    }
    path = folder / "pipeline.json"
    path.write_text(json.dumps(written))
    pipeline = load(path)
    seen = BigQueryWarehouse(pipeline, connect("nba-props", project, "us-west2")).observe("step", EVER)
    return {key.table: days for key, days in seen.counts.items() if key.phase == phase}


def test_one_of_several_sources_is_enough(cook):
    columns = "(game_date DATE, game_id STRING)"
    found = cook(
        "One of several sources is enough",
        before=[f"CREATE TABLE nba_raw.{name}_boxscores {columns}" for name in ("bdl", "gamebook")],
        after=[
            "INSERT INTO nba_raw.bdl_boxscores VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-09', 'a')",
            "INSERT INTO nba_raw.gamebook_boxscores VALUES (DATE '2024-03-09', 'a'), (DATE '2024-03-10', 'b')",
        ],
    )

    assert found == {"nba_raw.boxscores": {FIRST: Count(1, 1), SECOND: Count(1, 1)}}


def test_only_what_the_audit_passed_is_there(cook):
    found = cook(
        "An audit must have passed",
        before=["CREATE TABLE nba_raw.bdl_boxscores (game_date DATE)"],
        after=[
            (
                "INSERT INTO nba_ops.audits VALUES (DATE '2024-03-09', 'pass', TIMESTAMP '2024-03-12 08:00:00'),"
                " (DATE '2024-03-10', 'fail', TIMESTAMP '2024-03-12 09:00:00')"
            ),
        ],
    )

    assert found["nba_ops.audits"] == {FIRST: Count(1, None, EIGHT)}


def test_a_file_of_some_size_is_an_export_of_the_date_in_its_name(cook):
    found = cook(
        "Files in a bucket as a phase",
        after=[
            (
                "INSERT INTO nba_exports.files VALUES"
                " ('gs://b/predictions/2024-03-09.json', 4000, TIMESTAMP '2024-03-12 08:00:00'),"
                " ('gs://b/predictions/2024-03-10.json', 2, TIMESTAMP '2024-03-12 08:00:00'),"
                " ('gs://b/predictions/2024-02-30.json', 4000, TIMESTAMP '2024-03-12 08:00:00'),"
                " ('gs://b/predictions/latest.json', 4000, TIMESTAMP '2024-03-12 08:00:00')"
            ),
        ],
    )

    assert found == {"nba_exports.published": {FIRST: Count(1, None, EIGHT)}}


def test_a_policy_on_another_column_hides_no_row(cook):
    found = cook(
        "A table that wants a partition filter",
        after=["INSERT INTO nba_raw.props VALUES ('2024-03-09', 'p', NULL), ('2024-03-09', 'q', '2024-03-10')"],
    )

    assert found == {"nba_raw.props": {FIRST: Count(2)}}


def test_the_day_of_loading_is_the_date(cook):
    (days,) = cook(
        "A table cut by the time of ingestion",
        after=["INSERT INTO nba_raw.injuries (player, status) VALUES ('p', 'out')"],
    ).values()

    assert list(days.values()) == [Count(1)]


def test_months_are_counted_by_date(cook):
    found = cook(
        "Partitions of a month, dates of a day",
        after=[
            (
                "INSERT INTO nba_analytics.standings VALUES ('2024-03-09', 'BOS', TIMESTAMP '2024-03-12 08:00:00'),"
                " ('2024-03-10', 'BOS', NULL)"
            ),
        ],
    )

    assert found == {"nba_analytics.standings": {FIRST: Count(1, 1, EIGHT), SECOND: Count(1, 1)}}


def test_numbers_become_dates_and_what_is_none_is_left_out(cook):
    found = cook(
        "A date that is no DATE",
        before=[
            "CREATE TABLE nba_raw.odds (day_number INT64, game_id STRING)",
            "INSERT INTO nba_raw.odds VALUES (20240309, 'a'), (20240230, 'b'), (NULL, 'c')",
        ],
    )

    assert found == {"nba_raw.odds_by_date": {FIRST: Count(1, 1)}}


def test_every_recipe_is_one_that_is_tried():
    tried = set(re.findall(r'cook\(\s*"([^"]+)"', Path(__file__).read_text()))

    assert tried == set(RECIPES)
