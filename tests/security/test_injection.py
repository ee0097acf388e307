"""Nothing that somebody writes becomes SQL but names that the file's checks let through, in their own quotes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import TokenError
from sqlglot.tokens import TokenType

from gapheal.bigquery import Rows
from gapheal.errors import ConfigError
from gapheal.intervals import Interval
from gapheal.ledger import BigQueryLedger
from gapheal.ledger.schema import columns
from gapheal.model.passes import Scope
from gapheal.model.pipeline import Table
from gapheal.spec import parse
from gapheal.warehouse.sql import Source, statement

WINDOW = Scope(Interval.inclusive(date(2024, 4, 16), date(2024, 6, 17)))
MARK = "zanzibar"
HOSTILE = {
    "a backtick": f"{MARK}`",
    "a closed backtick": f"{MARK}` WHERE TRUE; DROP TABLE `x.y",
    "an escaped backtick": f"{MARK}\\`",
    "a semicolon": f"{MARK}; DROP TABLE x",
    "a single quote": f"{MARK}' OR '1'='1",
    "a double quote": f'{MARK}"',
    "a comment": f"{MARK}/* */",
    "a bracket": f"{MARK})",
    "a parameter": f"{MARK}@first_day",
    "a line break": f"{MARK}\nUNION ALL SELECT 1",
    "a line break at its end": f"{MARK}\n",
    "a zero byte": f"{MARK}\0",
    "a placeholder": f"{MARK}{{date}}",
    "another script's letters": f"{MARK}\u0430",
    "full-width letters": f"{MARK}\uff21",
    "a mark that turns the reading round": f"{MARK}\u202e",
    "a space that is none": f"{MARK}\u00a0x",
    "letters that are put together": f"{MARK}e\u0301",
    "half a surrogate pair": f"{MARK}\ud83d",
}


def written(**changed: Any) -> dict[str, Any]:
    """A sound file as data; dotted places changed."""
    data: dict[str, Any] = {
        "version": 1,
        "pipeline": "p",
        "project": "my-project",
        "location": "us-west2",
        "timezone": "UTC",
        "ledger_dataset": "ledger",
        "phases": {
            "a": {"tables": [{"table": "x.a", "date_column": "d"}]},
            "b": {"tables": [{"table": "x.b", "date_column": "d"}]},
        },
        "transitions": {"a_to_b": {"trigger": {"pubsub": {"topic": "topic"}}}},
    }
    for place, value in changed.items():
        *steps, last = place.split("__")
        inner: Any = data
        for step in steps:
            inner = inner[int(step) if step.isdecimal() else step]
        inner[last] = value
    return data


def read(data: Any) -> Any:
    return parse(json.dumps(data), "pipeline.json")


NAMED = {
    "pipeline": "{}",
    "project": "{}",
    "location": "{}",
    "ledger_dataset": "{}",
    "phases__a__tables__0__table": "x.{}",
    "phases__b__tables__0__table": "{}.b",
    "phases__a__tables__0__date_column": "{}",
    "phases__a__tables__0__entity_column": "{}",
    "phases__a__tables__0__updated_column": "{}",
    "transitions__a_to_b__trigger__pubsub__topic": "{}",
}


def test_the_places_are_places_of_a_sound_file():
    assert read(written())
    for place, form in NAMED.items():
        assert read(written(**{place: form.format(MARK)})), place


@pytest.mark.parametrize("place", NAMED)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_name_has_anything_in_it_that_could_end_its_quotes(place, text):
    with pytest.raises(ConfigError):
        read(written(**{place: NAMED[place].format(text)}))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_transition_s_name_stands_in_names_of_claims_and_is_as_strict(text):
    data = written()
    data["transitions"] = {text: {"upstream": "a", "downstream": "b"}}

    with pytest.raises(ConfigError):
        read(data)


def counted(*tables: Table) -> str:
    sources = [Source(n, f"my-project.{table.table}", table, "DATE") for n, table in enumerate(tables)]
    return statement(sources, WINDOW, ZoneInfo("UTC"))[0]


@given(st.data(), st.sampled_from([place for place in NAMED if "__tables__" in place]))
def test_whatever_name_passes_is_one_quoted_identifier_and_nothing_else(data, place):
    name = data.draw(st.text(st.sampled_from("abzAZ019_-`'\"\\;()@{}$ \n\0.\u0430\uff21"), max_size=6))
    try:
        pipeline = read(written(**{place: NAMED[place].format(name)}))
    except (ConfigError, UnicodeEncodeError):
        event("refused")
        return
    event("passed")
    table = pipeline.phases[place.split("__")[1]].tables[0]

    (parsed,) = sqlglot.parse(counted(table), read="bigquery")

    assert [each.args["this"].quoted for each in parsed.find_all(exp.Table)] == [True]
    plain = sqlglot.parse_one(counted(table.model_copy(update={"table": "x.t", "date_column": "d"})), read="bigquery")
    assert len(list(parsed.walk())) == len(list(plain.walk()))


# --- The one place where a person writes SQL: `where` ---------------------------------------------------------------

BEYOND = {
    "a closed bracket": "TRUE) OR (TRUE",
    "a union": "TRUE) UNION ALL SELECT (1",
    "a second statement": "TRUE); DROP TABLE x.a; SELECT (1",
    "a comment to the end": "TRUE) --",
    "a comment of one letter": "TRUE #",
    "a comment that is opened": "TRUE /*",
    "a text that is opened": "name = 'x",
    "an identifier that is opened": "`name = 1",
    "three quotes that only seem closed": "''' ' ''' = x) UNION ALL SELECT ('a' = 'a",
    "three double quotes that only seem closed": '""" " """ = x) UNION ALL SELECT ("a" = "a',
    "three quotes that another table would close": "'''a' = 'b'",
    "a quote that only seems to end an identifier": r"`a\` ` ) UNION ALL SELECT (`b\` `",
    "a line end in a text": "'a\nb' = x",
    "a whole query": "SELECT TRUE",
}


@pytest.mark.parametrize("where", BEYOND.values(), ids=BEYOND)
def test_a_predicate_cannot_reach_beyond_its_brackets(where):
    with pytest.raises(ConfigError, match="expected one SQL condition"):
        read(written(phases__a__tables__0__where=where))


@pytest.mark.parametrize(
    "where",
    [
        "status = 'Final'",
        "x != '' AND y = \"\"",
        "x = '''it's; -- fine (here'''",
        r"REGEXP_CONTAINS(x, r'\d+;')",
        r"x = 'O\'Neill (; --'",
        "`odd name` IS NULL",
        "x IN (SELECT y FROM z.t)",
    ],
)
def test_a_predicate_may_say_anything_inside_them(where):
    assert read(written(phases__a__tables__0__where=where))


def tokens(sql: str) -> list[tuple[TokenType, str]]:
    return [(token.token_type, token.text) for token in BigQuery().tokenize(sql)]


PIECES = st.sampled_from(
    [*"'\"();\\#x= \n", "'''", '"""', "--", "/*", "r'", "''", " = ", "x", "'a'", "('b')", "\\'", "UNION"]
)


@settings(max_examples=500)  # the check refuses most of them
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_another_reader_of_sql_finds_every_passed_predicate_between_its_brackets(where):
    """sqlglot's tokenizer knows nothing of our check. (Of escapes in backticks it knows nothing either.)"""
    try:
        table = read(written(phases__a__tables__0__where=where)).phases["a"].tables[0]
    except ConfigError:
        event("refused")
        return
    if counted(table).count(where) != 1:
        event("stands elsewhere, too")
        return
    event("has quotes" if "'" in where or '"' in where else "has none")
    before, after = counted(table).split(where, 1)

    try:
        whole = tokens(counted(table))
    except TokenError:
        return  # BigQuery would refuse it, too

    inner = whole[len(tokens(before)) : len(whole) - len(tokens(after))]
    assert whole == [*tokens(before), *inner, *tokens(after)]
    assert TokenType.SEMICOLON not in {kind for kind, _ in inner}
    depth = 0
    for kind, _ in inner:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(kind, 0)
        assert depth >= 0
    assert depth == 0


# --- Values ---------------------------------------------------------------------------------------------------------


@dataclass
class Wire:
    """BigQuery, as far as it is told anything: every statement with its parameters."""

    project: str = "my-project"
    location: str = "us-west2"
    emulator: bool = False
    told: list[tuple[str, Any]] = field(default_factory=list)

    def query(self, sql, parameters, job_id=None):
        self.told.append((sql, parameters))
        return Rows([], 0)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def ledger(wire):
    made = BigQueryLedger(read(written()), wire)
    made._ready = True
    return made


NOW = datetime(2024, 6, 18, tzinfo=UTC)
SHAPED = {"TIMESTAMP": NOW.isoformat(), "DATE": NOW.date().isoformat(), "BOOL": True}


def row(table: str, text: str) -> dict[str, Any]:
    """A row in which every text is hostile."""
    kinds = {**SHAPED, "STRING": text, "JSON": {text: text}}
    return {name: kinds.get(kind, 1) for name, kind in columns(table).items() if name != "recorded_at"}


@pytest.mark.parametrize("text", [text for text in HOSTILE.values() if text.isprintable() or "\n" in text])
@pytest.mark.parametrize("table", ["passes", "triggers", "verdicts", "decisions", "rejections", "backfills", "counts"])
def test_whatever_is_kept_is_a_value(ledger, wire, table, text):
    match table:
        case "decisions":
            ledger.decide([row(table, text)])
        case "rejections":
            ledger.reject(row(table, text))
        case "backfills":
            ledger.keep_backfill(row(table, text))
        case _:
            assert ledger.record("id", {table: [row(table, text)]}) == []

    ((sql, parameters),) = wire.told
    assert MARK not in sql
    assert MARK in str(parameters)
    assert len(sqlglot.parse(sql, read="bigquery")) == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_asked_for_is_a_value(ledger, wire, text):
    ledger.backfill_words(text)
    ledger.backfill_dates([text], WINDOW.window, NOW)
    ledger.heal_times([text])

    assert len(wire.told) == 3
    assert [sql for sql, _ in wire.told if MARK in sql] == []
    assert [parameters for _, parameters in wire.told if MARK not in str(parameters)] == []


def test_dates_are_values_as_well():
    sql, parameters = statement(
        [Source(0, "my-project.x.a", Table(table="x.a", date_column="d"), "DATE")],
        Scope(WINDOW.window, frozenset({date(2022, 4, 16)})),
        ZoneInfo("UTC"),
    )

    assert not any(str(year) in sql for year in (2022, 2024))
    assert {"window_start", "window_end", "days"} <= parameters.keys()
