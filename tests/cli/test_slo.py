"""`gapheal status --slo`: the figures of a ledger with a past."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from gapheal import spec
from gapheal.bigquery import connect
from gapheal.cli.slo import size
from gapheal.ledger import BigQueryLedger

NAME = "phase2_to_phase3"
NOW = datetime.now(UTC).replace(microsecond=0)


def at(hours):
    return (NOW - timedelta(hours=hours)).isoformat()


def verdict(day, condition, hours, *, seen=0.0):
    return {
        "observed_at": at(hours),
        "transition": NAME,
        "partition_date": day,
        "condition": condition,
        "code": condition,
        "arrived_at": at(seen + 0.5),
        "triggered_at": at(seen) if condition == "complete" else None,
    }


@pytest.fixture
def past(pipeline, bq, project):
    """A first look ten days ago, then three gaps: healed in 30 minutes, in 5 hours with a word, and never."""
    ledger = BigQueryLedger(spec.load(pipeline), connect("nba-props", project, "us-west2"))
    verdicts = [
        verdict("2024-04-16", "missing", 240, seen=9_000),
        *(verdict("2024-04-17", *said, seen=200) for said in (("missing", 200), ("complete", 199.5))),
        *(verdict("2024-04-18", *said, seen=100) for said in (("missing", 100), ("complete", 95))),
        verdict("2024-04-19", "missing", 50, seen=50),
    ]
    looked = {"observed_at": at(240), "transition": NAME, "source": "scan", "gaps_found": 1, "queries": 2}
    passes = [{**looked, "bytes_billed": 40 * 2**20}, {**looked, "observed_at": at(1), "bytes_billed": 0}]
    assert ledger.record("p", {"verdicts": verdicts, "passes": passes}) == []
    word = {"decision": "retry", "partition_date": "2024-04-18", "who": "me", "why": "so"}
    ledger.decide([{**word, "observed_at": at(97), "transition": NAME}])


def cells(line):
    return re.split(r"\s{2,}", line.strip())


def test_the_figures_stand_in_one_line(past, gapheal):
    result = gapheal("status", "--slo")
    title, head, line, note = result.output.splitlines()

    assert result.exit_code == 0
    assert title.startswith("gaps seen since ")
    assert cells(head) == [
        *("gaps", "in 1 h", "in 24 h", "alone", "seen after", "healed in", "open", "queries", "billed"),
    ]
    assert cells(line) == [
        *(NAME, "3 + 1", "33.3 %", "66.6 %", "33.3 %", "30 min / 30 min", "30 min / 5 h", "2", "4", "40 MiB"),
    ]
    assert note.startswith("alone: healed within 24 h, and nobody said a word")


def test_in_json_each_day_is_told_and_since_narrows_it(past, gapheal):
    told = json.loads(gapheal("status", "--slo", "--json").output)
    since = str((NOW - timedelta(hours=120)).date())
    narrow = json.loads(gapheal("status", "--since", since, "--json").output)

    assert [each["transition"] for each in told["figures"]] == [None, NAME]
    assert (told["figures"][0]["gaps"], narrow["figures"][0]["gaps"]) == (3, 2)
    assert sum(day["opened"] for day in told["days"]) == 4
    assert told["days"][-1] | {"day": ""} == {
        "transition": NAME,
        "day": "",
        "opened": 0,
        "healed": 0,
        "open_gaps": 2,
        "passes": told["days"][-1]["passes"],
        "queries": told["days"][-1]["queries"],
        "bytes_billed": 0,
    }


def test_one_transition_is_told_alone(past, gapheal):
    pipeline_wide = json.loads(gapheal("status", "--slo", "--json", "--transition", NAME).output)

    assert [each["transition"] for each in pipeline_wide["figures"]] == [None, NAME]
    assert gapheal("status", "--slo", "--transition", "phase9").exit_code == 2


def test_before_the_first_gap_there_is_nothing_to_tell(pipeline, bq, gapheal):
    result = gapheal("status", "--slo")

    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 3


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 B"), (20 * 2**20, "20 MiB"), (2**30, "1 GiB"), (5 * 2**40, "5.0 TiB")]
)
def test_bytes_are_told_as_the_bill_has_them(number, told):
    assert size(number) == told
