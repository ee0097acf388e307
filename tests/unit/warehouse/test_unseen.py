"""What stays unseen of a file that fits its tables."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.app.unseen import warnings
from gapheal.model.passes import Count, Observations, TableFacts, TableKey
from gapheal.testing import small_pipeline
from gapheal.warehouse.described import Described, Partitioning

NOW = datetime(2024, 6, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
RAW, REFINED, SERVED = (TableKey(name, f"d.{name}") for name in ("raw", "refined", "served"))
NAME = "raw_to_refined"


def table(key, expiry=None, kind="TABLE"):
    columns = {"day": "DATE", "game": "STRING", "written": "TIMESTAMP"}
    return Described(f"p.{key.table}", kind, "us-west2", columns, Partitioning("DAY", "day", expiry))


def told(pipeline=None, days=(), *, found=(), facts=None, metadata=True):
    """The warnings of the first transition, of a world in which upstream has `days`."""
    catalogue = {key: table(key) for key in (RAW, REFINED, SERVED)} | dict(found)
    seen = Observations(NOW, {RAW: dict.fromkeys(days, Count(1, 1)), REFINED: {}}, facts or {})
    pipeline = pipeline or small_pipeline()
    return [each for each in warnings(pipeline, catalogue, {NAME: seen}, metadata=metadata) if "served" not in each]


def test_nothing_is_unseen_of_tables_cut_by_day_with_metadata():
    assert told(days=[TODAY]) == []


@pytest.mark.parametrize(("metadata", "kind", "keys", "policy", "warned"), [
    (False, "TABLE", {}, {}, True),
    (True, "VIEW", {}, {}, True),
    (False, "TABLE", {"updated_column": "written"}, {}, False),
    (False, "VIEW", {}, {"stale": "ignore"}, False),
    (False, "VIEW", {"required": False}, {}, False),
])  # fmt: skip
def test_late_rows_are_unseen_where_no_last_write_is_known(metadata, kind, keys, policy, warned):
    pipeline = small_pipeline(tables={"raw": keys}, **policy)
    lines = told(pipeline, found={RAW: table(RAW, kind=kind)}, metadata=metadata)

    assert any("late rows of d.raw" in line for line in lines) is warned


@pytest.mark.parametrize(("days", "policy", "warned"), [
    (90, {}, True),
    (90, {"scan_days": 90}, False),
    (90, {"scan_days": 91}, True),
    (90, {"start_date": "2024-06-01"}, False),
    (90, {"start_date": "2024-06-01", "scan_days": 365}, False),
    (90, {"start_date": "2023-06-01"}, True),
    (None, {}, False),
])  # fmt: skip
@pytest.mark.parametrize("side", [RAW, REFINED], ids=["upstream", "downstream"])
def test_what_expires_before_it_is_looked_at_is_told_of_both_sides(side, days, policy, warned):
    found = {side: table(side, expiry=timedelta(days=days) if days else None)}
    lines = told(small_pipeline(**policy), found=found)

    assert any(f"{side.table} keeps a date for 90 days" in line for line in lines) is warned


OFF_SEASON = {"reason": "off-season", "outside": "nba"}
SEASONS = {"nba": [{"start": "2023-10-24", "end": "2024-06-17"}]}


@pytest.mark.parametrize(("days", "excuses", "later"), [
    ([date(2024, 6, 17)], [OFF_SEASON], None),
    ([date(2024, 6, 18), date(2024, 6, 20)], [OFF_SEASON], "2 later dates (2024-06-18 to 2024-06-20)"),
    ([date(2024, 6, 20)], [OFF_SEASON], "a later date, 2024-06-20"),
    ([date(2024, 6, 21)], [OFF_SEASON], None),
    ([date(2023, 9, 1)], [OFF_SEASON], None),
    ([date(2024, 6, 18)], [OFF_SEASON, {"reason": "draft", "dates": ["2024-06-18"]}], None),
    ([date(2024, 6, 18)], [{**OFF_SEASON, "to": "2024-06-17"}], None),
    ([date(2024, 6, 18)], [], None),
], ids=["in it", "after it", "one", "not due", "before it", "excused anyway", "bounded", "no excuse"])  # fmt: skip
def test_a_season_has_run_out_when_upstream_goes_on_without_it(days, excuses, later):
    lines = told(small_pipeline(seasons=SEASONS, excuses=excuses), days)
    warning = (
        f"{NAME}: season nba ends on 2024-06-17 in the file, but upstream has {later}, which nothing but "
        "`off-season` excuses: write the next window, or they are never healed"
    )

    assert lines == [warning] * bool(later)


def test_rows_of_no_date_are_told_and_those_still_streaming_are_not():
    unjudged = {"__NULL__": 1200, "out of range": 1, "__UNPARTITIONED__": 5}

    assert told(facts={RAW: TableFacts(unjudged=unjudged), REFINED: TableFacts(unjudged={"__UNPARTITIONED__": 5})}) == [
        "d.raw has rows of no date, which are judged nowhere: 1,200 __NULL__, 1 out of range"
    ]
