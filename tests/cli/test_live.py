"""`gapheal validate --live`: the file held against its tables."""

import json

import pytest
from google.cloud import bigquery

FILE = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
metadata: "on"
defaults: {date_column: game_date}
seasons:
  nba: [{start: 2024-04-01, end: 2024-04-20}]
phases:
  phase2:
    tables: [nba_raw.bdl_player_boxscores]
    expected: {table: nba_raw.schedule, date_column: game_day}
  phase3: [nba_analytics.player_game_summary]
transitions:
  phase2_to_phase3:
    policy:
      excuses:
        - {reason: off-season, outside: nba}
        - {reason: cup night, dates: [2024-04-22]}
"""


@pytest.fixture
def file(pipeline):
    pipeline.write_text(FILE)
    return pipeline


@pytest.fixture
def run(bq):
    def run(*statements):
        for sql in statements:
            bq.query(sql, retry=None, timeout=30).result(timeout=30)

    return run


@pytest.fixture
def schedule(tables, run):
    """One row of phase 2 has no date."""
    run(
        "CREATE TABLE nba_raw.schedule (game_day DATETIME)",
        "INSERT INTO nba_raw.bdl_player_boxscores VALUES (NULL, 'g')",
    )


def live(gapheal):
    return json.loads(gapheal("validate", "--live", "--json").output)


def test_every_table_is_told_as_it_stands(file, schedule, gapheal):
    rows = {row["table"]: row for row in live(gapheal)["tables"]}

    assert rows["nba_raw.bdl_player_boxscores"] == {
        "phase": "phase2",
        "table": "nba_raw.bdl_player_boxscores",
        "type": "TABLE",
        "location": "us-west2",
        "date_column": "game_date DATE",
        "partitions": "DAY of game_date",
        "filter": "none",
        "kept": "for ever",
        "last_write": "partition metadata",
    }
    told = {name: rows["nba_raw.schedule"][name] for name in ("phase", "date_column", "partitions", "last_write")}
    assert told == {
        "phase": "phase2.expected",
        "date_column": "game_day DATETIME",
        "partitions": "none",
        "last_write": "not known",
    }
    assert set(rows) == {"nba_raw.bdl_player_boxscores", "nba_raw.schedule", "nba_analytics.player_game_summary"}


def test_what_would_stay_unseen_is_a_warning_and_no_fault(file, schedule, gapheal, project):
    result = gapheal("validate", "--live", "--json")

    assert (result.exit_code, json.loads(result.output)["warnings"]) == (
        0,
        [
            (
                f"the ledger dataset {project}.gapheal_nba_props was not found: run `gapheal ledger create`, "
                "or apply the Terraform module"
            ),
            (
                "phase2_to_phase3: season nba ends on 2024-04-20 in the file, but upstream has 4 later dates "
                "(2024-04-21 to 2024-04-25), which nothing but `off-season` excuses: write the next window, "
                "or they are never healed"
            ),
            "nba_raw.bdl_player_boxscores has rows of no date, which are judged nowhere: 1 __NULL__",
        ],
    )


def test_it_reads_well_and_writes_nothing(file, schedule, gapheal, bq):
    result = gapheal("validate", "--live")
    lines = result.output.splitlines()

    assert (result.exit_code, lines[0]) == (0, "pipeline.yaml is valid")
    assert any(line.split()[:3] == ["phase", "table", "type"] for line in lines)
    assert any(line.startswith("warning: phase2_to_phase3: season nba ends") for line in lines)
    assert "gapheal_nba_props" not in [dataset.dataset_id for dataset in bq.list_datasets(retry=None, timeout=10)]


def test_a_strangers_ledger_is_told(file, schedule, gapheal, bq):
    stranger = bigquery.Dataset(f"{bq.project}.gapheal_nba_props")
    stranger.location, stranger.labels = "us-west2", {"gapheal_pipeline": "mlb"}
    bq.create_dataset(stranger, retry=None, timeout=10)

    assert "belongs to pipeline mlb" in live(gapheal)["warnings"][0]


def test_all_faults_are_told_at_once_each_on_its_line(file, tables, run, gapheal):
    """A paused transition's tables are read, too, and so is what is expected of a phase."""
    file.write_text(
        FILE.replace("    tables: [nba_raw.bdl_player_boxscores]", "    tables: [nba_raw.bdl_player_boxscore]")
        .replace("  phase3: [nba_analytics", "  phase3: [{table: nba_analytics")
        .replace("player_game_summary]", "player_game_summary, updated_column: game_id}]")
        .replace("    policy:\n", "    policy:\n      mode: paused\n")
    )
    result = gapheal("validate", "--live")

    assert result.exit_code == 2
    assert [line.partition("phases.")[2].split(":")[0] for line in result.output.strip().splitlines()] == [
        "phase2",
        "phase2.expected",
        "phase3",
    ]


def test_a_view_is_told_as_one_and_its_late_rows_are_a_warning(file, tables, run, gapheal):
    run(
        "CREATE VIEW nba_raw.schedule AS SELECT DATETIME(game_date) AS game_day FROM nba_raw.bdl_player_boxscores",
        "CREATE VIEW nba_raw.boxes AS SELECT * FROM nba_raw.bdl_player_boxscores",
    )
    counted = FILE.replace('metadata: "on"', 'metadata: "off"')
    file.write_text(counted.replace("[nba_raw.bdl_player_boxscores]", "[nba_raw.boxes]"))
    found = live(gapheal)

    assert [row["type"] for row in found["tables"]] == ["VIEW", "VIEW", "TABLE"]
    late = "late rows of nba_raw.boxes show only where they change the number of rows or entities"
    assert any(late in warning for warning in found["warnings"])


def test_what_only_a_query_finds_is_a_fault_too(file, schedule, gapheal):
    where = "{table: nba_raw.bdl_player_boxscores, where: \"gme_id = 'a'\"}"
    file.write_text(FILE.replace("tables: [nba_raw.bdl_player_boxscores]", f"tables: [{where}]"))
    result = gapheal("validate", "--live")

    assert (result.exit_code, "gme_id" in result.output) == (2, True)


def test_it_is_told_beside_a_table_of_another_transition_that_is_not_there(file, schedule, gapheal):
    where = "{table: nba_raw.bdl_player_boxscores, where: \"gme_id = 'a'\"}"
    text = FILE.replace("tables: [nba_raw.bdl_player_boxscores]", f"tables: [{where}]")
    text = text.replace("transitions:\n", "  phase4: [nba_analytics.gone]\ntransitions:\n  phase3_to_phase4: {}\n")
    file.write_text(text)
    gone, unread = gapheal("validate", "--live").output.strip().splitlines()

    assert "nba_analytics.gone was not found" in gone
    assert unread.startswith("phases.phase2: table nba_raw.bdl_player_boxscores cannot be read: ")


def test_without_live_no_table_is_read(file, gapheal, monkeypatch):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    result = gapheal("validate", "--json")

    assert (result.exit_code, "tables" in json.loads(result.output)) == (0, False)
