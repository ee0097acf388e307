"""Values that are right one by one and wrong together."""

from __future__ import annotations

import pytest

from gapheal.spec import parse

HEAD = """\
version: 1
pipeline: nba-props
location: us-west2
timezone: America/New_York
defaults: {date_column: game_date}
seasons: {nba: [{start: 2021-10-19, end: 2022-06-17}]}
phases: {a: [x.a], b: [x.b], c: [x.c]}
transitions:
"""


def excuse(written: str) -> str:
    return f"{HEAD}  a_to_b: {{policy: {{excuses: [{written}]}}}}\n"


def trigger(written: str) -> str:
    return f"{HEAD}  a_to_b: {{trigger: {written}}}\n"


def table(written: str) -> str:
    return HEAD.replace("a: [x.a]", f"a: [{written}]") + "  a_to_b: {}\n"


def test_the_head_alone_is_sound():
    assert parse(f"{HEAD}  a_to_b: {{}}\n  b_to_c: {{}}\n")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{reason: x}", "excuses[0]: an excuse needs a condition: dates, first_days"),
        ("{reason: x, dates: []}", "excuses[0]: an excuse needs a condition"),
        ("{reason: x, first_days: 3}", "excuses[0]: `first_days` counts from a season's start; write `season`"),
        ("{reason: x, season: nba}", "excuses[0]: `season` alone excuses nothing; write `first_days`"),
        ("{reason: x, first_days: 0, season: nba}", "excuses[0].first_days: expected 1 or more, found 0"),
        (
            "{reason: x, first_days: 3, season: nbx}",
            'excuses[0].season: expected a season of this file, found "nbx"; did',
        ),
        (
            "{reason: x, outside: mlb}",
            'excuses[0].outside: expected a season of this file, found "mlb"; write one of nba',
        ),
        ("{reason: x, from: 2023-02-01, to: 2023-01-01}", "excuses[0].to: the excuse ends on 2023-01-01, before it"),
        ("{reason: '', outside: nba}", 'excuses[0].reason: expected some text, found ""'),
        ("{outside: nba}", "excuses[0].reason: no reason; write it"),
        ("{reason: x, from_: 2023-01-01}", "excuses[0].from_: unknown key; did you mean from?"),
        ("all-star", 'excuses[0]: expected a mapping, found "all-star"'),
    ],
)
def test_an_excuse_says_when(faults, written, told):
    assert any(f"9: transitions.a_to_b.policy.{told}" in fault for fault in faults(excuse(written)))


def test_a_default_excuse_is_told_once_where_it_stands(faults):
    text = f"{HEAD}  a_to_b: {{}}\n  b_to_c: {{}}\n".replace(
        "{date_column: game_date}",
        "{date_column: game_date, policy: {excuses: [{reason: x, outside: mlb}]}}",
    )

    assert faults(text) == [
        '5: defaults.policy.excuses[0].outside: expected a season of this file, found "mlb"; write one of nba',
    ]


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ("[]", "6: seasons.nba: expected at least one, found an empty list"),
        (
            "[{start: 2022-10-01, end: 2023-06-01}, {start: 2021-10-01, end: 2022-10-01}]",
            "6: seasons.nba[0]: expected windows apart, found one that starts on 2022-10-01, by 2022-10-01",
        ),
        ("[{start: 2022-10-01}]", "6: seasons.nba[0].end: no end; write it"),
        ("2022", "6: seasons.nba: expected a list, found 2022"),
    ],
)
def test_windows_of_a_season_are_ordered_and_apart(faults, windows, told):
    text = f"{HEAD}  a_to_b: {{}}\n".replace("[{start: 2021-10-19, end: 2022-06-17}]", windows)

    assert any(told in fault for fault in faults(text))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "{pubsub: {topic: some-topic}, http: {url: 'https://x.example'}}",
            "trigger: a trigger has exactly one target; write either `pubsub` or `http`",
        ),
        ("{payload: {a: 1}, fan_out: [{a: 2}]}", "trigger: `fan_out` replaces `payload`; write one of them"),
        ("{payload: '{dates} {day}'}", "trigger.payload: unknown placeholder {day}; known: {date} {start_date}"),
        ("{payload: {'{Date}': 1}}", 'trigger.payload."{Date}": unknown placeholder {Date}; did you mean {date}?'),
        (
            "{fan_out: [a, [{b: '{zzz}'}]]}",
            "trigger.fan_out[1][0].b: unknown placeholder {zzz}; known: {date} {start_date}",
        ),
        (r'{payload: "\ud800"}', r'trigger.payload: expected Unicode text, found "\ud800"'),
        (
            "{pubsub: {topic: x}}",
            "trigger.pubsub.topic: expected a topic's name such as nba-phase3-trigger (or projects",
        ),
        ("{pubsub: {topic: google-news}}", "trigger.pubsub.topic: expected a topic name that does not begin with goog"),
        ("{topic: some-topic}", "trigger.topic: unknown key; did you mean pubsub.topic?"),
        ("{http: {url: x.example}}", "trigger.http.url: expected a URL that begins with https://"),
        (
            "{http: {url: 'https://x.example', accepted: [20]}}",
            "trigger.http.accepted[0]: expected 100 or more, found 20",
        ),
        (
            "{http: {url: 'https://x.example', timeout_seconds: 541}}",
            "trigger.http.timeout_seconds: expected 540 or less, found 541",
        ),
        (
            "{http: {url: 'https://x.example', accepted: [200, 423], busy: [503, 423]}}",
            "trigger.http.busy[1]: expected each answer to mean one thing, found 423 in accepted too; take one out",
        ),
        (
            "{http: {url: 'https://x.example', accepted: [200, 409]}}",
            "trigger.http.accepted[1]: expected each answer to mean one thing, found 409 in busy too; take one out",
        ),
        (
            "{http: {url: 'https://x.example', busy: [202]}}",
            "trigger.http.busy[0]: expected each answer to mean one thing, found 202 in accepted too; take one out",
        ),
    ],
)
def test_a_trigger_has_one_target_and_templates_that_can_be_filled(faults, written, told):
    assert any(f"9: transitions.a_to_b.{told}" in fault for fault in faults(trigger(written)))


def test_fan_out_does_not_go_with_batches(faults):
    text = f"{HEAD}  a_to_b: {{policy: {{batch_size: 5}}, trigger: {{fan_out: [1, 2]}}}}\n"

    assert faults(text) == [
        "9: transitions.a_to_b.policy.batch_size: expected 1 beside trigger.fan_out, found 5; leave one of them out",
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x.a, x.a", 'phases.a[1]: expected each table of a phase once, found "x.a" again; keep one'),
        ("a", 'phases.a[0]: expected [project.]dataset.table, such as nba_raw.games, found "a"'),
        ("x.a$20240101", "phases.a[0]: expected [project.]dataset.table"),
        ("x.events_*", "phases.a[0]: expected [project.]dataset.table"),
        ('"x.`a`"', "phases.a[0]: expected [project.]dataset.table"),
        ("P.x.a", "phases.a[0]: expected [project.]dataset.table"),
        ("", "phases.a: expected at least one, found an empty list"),
        ("null", "phases.a[0]: expected a table's name, or a mapping with `table`, found nothing"),
        ("{date_column: d}", "phases.a[0].table: no table; write it"),
        (
            "{table: x.a, date_column: 'a b'}",
            'phases.a[0].date_column: expected a column\'s name such as game_date, found "a b"',
        ),
        (
            "{table: x.a, updated_column: GAME_DATE}",
            "phases.a[0].updated_column: expected the column that tells when a row was written, found the date_column",
        ),
        ("{table: x.a, min_rows: 0}", "phases.a[0].min_rows: expected 1 or more, found 0"),
        ("{table: x.a, required: 1}", "phases.a[0].required: expected true or false, found 1"),
        ("{table: x.a, excuses: [{reason: x, outside: mlb}]}", "phases.a[0].excuses[0].outside: expected a season"),
    ],
)
def test_a_phase_has_tables_by_name(faults, written, told):
    assert any(f"7: {told}" in fault for fault in faults(table(written)))


@pytest.mark.parametrize("name", ["x.a", "my-project.x.a", "example.com:my-project.x.a", "x.a-b_C1", "1x.2a", "_x.a"])
def test_names_that_bigquery_takes_pass(name):
    assert parse(table(name)).phases["a"].tables[0].table == name


@pytest.mark.parametrize(
    ("where", "mend"),
    [
        ("x = 1; DROP TABLE y", "leave out the ;"),
        ("x = 1 -- all", "leave out the --"),
        ("x = 1 # all", "leave out the #"),
        ("x = 1 /* all */", "leave out the /*"),
        ("x = 1) OR (1 = 1", "balance the brackets"),
        ("(x = 1", "balance the brackets"),
        ("x = 'a", "close the quote"),
        ("WHERE x = 1", "write only what stands behind WHERE"),
        ("select 1", "write only what stands behind WHERE"),
        (" ", "leave `where` out to count every row"),
    ],
)
@pytest.mark.fault(25)
def test_where_is_one_condition(faults, where, mend):
    (told,) = faults(table(f'{{table: x.a, where: "{where}"}}'))

    assert (
        told == f"7: phases.a[0].where: expected one SQL condition such as status = 'Final', found \"{where}\"; {mend}"
    )


@pytest.mark.parametrize(
    "where",
    [
        "status = 'Final'",
        "note != 'a; b -- c # d ('",
        r"name = 'O\\'Neill'",
        "(a = 1 OR b IN (1, 2)) AND `select` IS NULL",
        "selected",
    ],
)
def test_where_may_hold_anything_inside_quotes(where):
    assert parse(table(f'{{table: x.a, where: "{where}"}}')).phases["a"].tables[0].where


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("timezone: Amerika/New_York", "did you mean America/New_York?"),
        ("timezone: ../etc/passwd", "expected an IANA time zone"),
        ("timezone: -5", "timezone: expected text, found -5; put it in quotes"),
        ("location: us west", "location: expected a BigQuery location such as us-west2, found"),
        ("project: My_Project", "project: expected a Google Cloud project id such as my-project, found"),
        ("ledger_dataset: a-b", "ledger_dataset: expected a dataset's name of letters, digits and _, found"),
        ("metadata: maybe", 'metadata: expected auto, off or on, found "maybe"'),
        ("pipeline: 9to5", "pipeline: expected a name of at most 40 lower-case letters"),
        ("phases: 3", "phases: expected a mapping, found 3"),
        ("phases: {}", "phases: expected at least one, found an empty mapping"),
        ("phases: {a b: [x.y]}", 'phases."a b": expected a name of letters, digits, _ and -, such as phase2'),
        ("phases: {a: x.a}", "phases.a: expected a list of tables, or a mapping with `tables`, found"),
        ("transitions: [a_to_b]", "transitions: expected a mapping, found a list"),
        ("transitions: {a_to_b: {policy: {max_age_days: -1}}}", "max_age_days: expected 0 or more, found -1"),
        ("transitions: {a_to_b: {policy: {lag_days: 99999999}}}", "lag_days: expected 36500 or less"),
        ("transitions: {a_to_b: {policy: {min_completeness: 0}}}", "min_completeness: expected more than 0"),
        ("transitions: {a_to_b: {policy: null}}", "policy: expected a mapping, found nothing"),
        (
            "transitions: {a_to_b: {event_date_keys: day}}",
            'event_date_keys: expected a list, found "day"; put it in [ ]',
        ),
        ("defaults: {mode: heal}", "defaults.mode: unknown key; did you mean policy.mode?"),
        ("gibberish: 1", "gibberish: unknown key; known here: version, pipeline, project"),
    ],
)
@pytest.mark.fault(25)
def test_each_value_has_its_form(faults, written, told):
    base = {line.partition(":")[0]: line for line in HEAD.splitlines()} | {"transitions": "transitions: {a_to_b: {}}"}
    text = "\n".join((base | {written.partition(":")[0]: written}).values())

    assert any(told in fault for fault in faults(text))
