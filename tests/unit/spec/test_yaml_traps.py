"""What YAML makes of innocent-looking text never passes silently."""

from __future__ import annotations

import pytest

PLACE = "transitions.phase2_to_phase3"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{trigger: {payload: {date}}}", f"10: {PLACE}.trigger.payload: expected text, found {{date}} without"),
        (
            "{trigger: {fan_out: [{d: {{date}}}]}}",
            f"10: {PLACE}.trigger.fan_out[0].d: expected text, found {{{{date}}}}",
        ),
        ("{policy: {stale: off}}", "found off, which YAML reads as false; did you mean ignore?"),
        ("{policy: {order: no}}", "expected oldest or newest, found no, which YAML reads as false"),
        ("{policy: {mode: on}}", "expected paused, observe or heal, found on, which YAML reads as true"),
        ("{policy: {mode: true}}", "expected paused, observe or heal, found true"),
        ("{policy: {depends_on_past: 'no'}}", 'expected true or false, found "no"'),
        (
            "{policy: {excuses: [{reason: no, outside: nba}]}}",
            "expected text, found no, which YAML reads as false; put it in",
        ),
        ("{policy: {lag_days: 010}}", "expected a plain number, found 010, which YAML reads as 8; write 8, or put"),
        ("{policy: {lag_days: 0x1F}}", "found 0x1F, which YAML reads as 31"),
        ("{policy: {lease_minutes: 1:30}}", "expected a plain number, found 1:30, which YAML reads as 90"),
        ("{policy: {min_completeness: 0:0.5}}", "expected a plain number, found 0:0.5"),
        ("{policy: {min_completeness: .nan}}", "expected a finite number, found .nan"),
        ("{policy: {lag_days: 1.0}}", "expected a whole number, found 1.0"),
        ("{policy: {lag_days: true}}", "expected a whole number, found true"),
        ("{policy: {min_completeness: '0.9'}}", 'expected a number such as 0.95, found "0.9"; write it without quotes'),
        ("{policy: {start_date: 2024-02-30}}", "no calendar has that day"),
        ("{policy: {start_date: 20240416}}", "expected a date such as 2024-04-16, found 20240416"),
        (
            "{policy: {no: 1}}",
            "policy.no: expected a name before the colon, found no, which YAML reads as false; put it in quotes",
        ),
        ("{policy: {1: 1}}", 'policy.1: expected a name before the colon, found 1; put it in quotes: "1"'),
        ("{? [a] : 1}", "expected a name before the colon, found a list"),
        ("{policy: {<<: 3}}", "expected a mapping to merge, found 3; write <<: *name"),
        (
            "!!python/object:os.system {}",
            'expected plain YAML, found the tag "!!python/object:os.system"; leave it out',
        ),
        ("{policy: {lag_days: !!int soon}}", 'lag_days: expected a number, found "soon"; write digits'),
        (r'{policy: "\UFFFFFFFF"}', " expected YAML, found a mistake: "),
        ("!mine {}", 'expected plain YAML, found the tag "!mine"'),
        ("{policy: !!binary aGk=}", 'expected plain YAML, found the tag "!!binary"'),
        ("&me {policy: *me}", "expected a value, found an alias to what it stands in; write it out"),
        ("{policy: *nobody}", "10: expected YAML, found a mistake: found undefined alias 'nobody'"),
        ("{trigger: {payload: {run: {start_date}..{end_date}}}}", 'put templates in quotes: "{date}"'),
        ("\n\tpolicy: {}", "11: expected spaces, found a tab; YAML indents with spaces alone"),
        ("{}\n---\nversion: 1", "11: expected one document, found a second behind ---; keep one file per pipeline"),
        ("{}\nversion: 1", "11: version: expected one version, found a second (the first is on line 1); keep one"),
        ("{policy: {start_date: \x00}}", "10: expected printable text, found U+0000; leave it out"),
        ("{policy: " + "[" * 3000, "levels of nesting, found more; flatten it"),
        ("{policy: " + "[" * 60 + "]" * 60 + "}", "expected at most 50 levels of nesting, found more; flatten it"),
    ],
)
def test_a_trap_has_its_own_error(ten, faults, written, told):
    assert any(told in fault for fault in faults(ten.replace("phase3: {}", f"phase3: {written}")))


def test_aliases_of_aliases_cannot_blow_a_small_file_up(ten, faults):
    lines = ["&a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"&a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    text = ten.replace(": {}", ": {trigger: {payload: [" + ", ".join(lines) + "]}}")

    assert faults(text) == [" expected at most 50000 values, found more; use fewer aliases"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "1: expected JSON, found a mistake in column 2"),
        ('{"version": 1, "version": 1}', " version: expected one version, found a second"),
        ('{"version": NaN}', " expected a finite number, found NaN; write one"),
        ('{"version": 1e999}', " expected a finite number, found 1e999; write one"),
        ('{"version": ' + "9" * 5000 + "}", " expected JSON, found a number too long to read"),
        ("[" * 100_000, "levels of nesting"),
        ("null", " expected a mapping that begins with `version: 1`, found nothing"),
        ('{"version": "1"}', ' version: expected the whole number 1, found "1"; write `version: 1`'),
    ],
)
def test_json_has_traps_too(faults, text, told):
    assert any(told in fault for fault in faults(text, "pipeline.json"))
