"""Dates that wait: for upstream, for the dates before, or until upstream has settled."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.model.passes import Condition
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
WRITTEN = {"updated_column": "processed_at"}
BEFORE = [DAY - timedelta(days=n) for n in range(1, 8)]


class TestStuck:
    def short(self, story, *, at=None):
        told = story(small_pipeline(min_completeness=0.5, tables={"raw": {"min_rows": 50}}), now=NOW)
        told.put("d.raw", DAY, 20, 10, at=at)
        return told

    def test_upstream_that_was_written_lately_is_waited_for(self, story):
        verdict = self.short(story, at=NOW - timedelta(hours=48)).look()[DAY]

        assert (verdict.condition, verdict.reason.code) == ("waiting", "upstream_rows")

    def test_later_it_is_stuck_and_the_command_is_named(self, story):
        verdict = self.short(story, at=NOW - timedelta(hours=48, seconds=1)).look()[DAY]

        assert (verdict.condition, verdict.reason.code) == ("waiting", "stuck_rows")
        assert "`gapheal accept raw 2024-03-10 --why …`" in verdict.reason.sentence

    def test_the_moment_is_told_as_the_ledger_gives_it_back(self, story):
        pipeline = small_pipeline(min_completeness=0.5, tables={"raw": {"min_rows": 50}})
        told = story(pipeline.model_copy(update={"timezone": "America/New_York"}), now=NOW)
        told.memory["baseline"] = True
        told.put("d.raw", DAY, 20, 10)

        assert "since 2024-03-10T05:00:00+00:00" in told.look()[DAY].reason.sentence

    def test_of_a_fed_phase_the_transition_that_feeds_it_is_named(self, story):
        told = story(small_pipeline(), name="refined_to_served", now=NOW)
        told.put("d.raw", DAY)
        told.put("d.refined", DAY, 20, 4, at=NOW - timedelta(days=5))

        assert "`gapheal accept raw_to_refined 2024-03-10" in told.look()[DAY].reason.sentence

    def test_without_last_writes_it_counts_from_the_first_sight_of_the_data(self, story):
        told = self.short(story)
        told.memory["baseline"] = False
        codes = []
        for _ in range(4):
            codes.append(told.look()[DAY].reason.code)
            told.later(hours=20)
        told.put("d.raw", DAY, 30, 10)

        assert codes == ["upstream_rows", "upstream_rows", "upstream_rows", "stuck_rows"]
        assert told.look()[DAY].reason.code == "upstream_rows"


class TestLookback:
    def story(self, story, **policy):
        told = story(small_pipeline(lookback_days=3, tables={"raw": {"min_rows": 50}}, **policy), now=NOW)
        told.put("d.raw", DAY)
        return told

    @pytest.mark.parametrize(("back", "condition"), [(1, "waiting"), (3, "waiting"), (4, "missing")])
    def test_a_short_date_within_the_lookback_holds_the_later_one_back(self, story, back, condition):
        told = self.story(story)
        told.put("d.raw", DAY - timedelta(days=back), 20)

        assert told.look()[DAY].condition == condition

    def test_the_date_and_the_table_are_told(self, story):
        told = self.story(story)
        told.put("d.raw", DAY - timedelta(days=2), 20)

        assert told.look()[DAY].reason.sentence == (
            "it reads 2024-03-08 too: upstream d.raw has 20 of at least 50 rows there; "
            "waits until 2024-03-22T12:00:00+00:00 at most"
        )

    def test_dates_that_upstream_never_had_hold_nothing_back(self, story):
        assert self.story(story).look()[DAY].condition == "missing"

    def test_an_excused_date_holds_nothing_back(self, story):
        told = self.story(story, excuses=[{"reason": "known", "dates": [str(BEFORE[0])]}])
        told.put("d.raw", BEFORE[0], 20)

        assert told.look()[DAY].condition == "missing"

    def test_an_accepted_date_holds_nothing_back(self, story):
        told = self.story(story)
        told.put("d.raw", BEFORE[0], 20)
        told.memory["accepted"] = {"raw": {BEFORE[0]: ("ann", "as good as it gets")}}

        assert told.look()[DAY].condition == "missing"

    def test_a_date_that_is_stalled_upstream_holds_nothing_back(self, story):
        told = story(small_pipeline(lookback_days=3), name="refined_to_served", now=NOW)
        for day in (DAY, BEFORE[0]):
            told.put("d.raw", day)
        told.put("d.refined", DAY)
        told.put("d.refined", BEFORE[0], 20, 3)
        assert told.look(remember=False)[DAY].condition == "waiting"
        told.memory["stalled"] = {"refined": frozenset({BEFORE[0]})}

        assert told.look()[DAY].condition == "missing"

    def test_a_date_that_is_not_due_holds_nothing_back(self, story):
        told = self.story(story, lag_days=1)
        today = NOW.date()
        told.put("d.raw", today - timedelta(days=1))
        told.put("d.raw", today, 20)
        told.put("d.raw", today + timedelta(days=1), 20)

        assert told.look()[today - timedelta(days=1)].condition == "missing"

    def test_it_waits_48_hours_at_most(self, story):
        told = self.story(story)
        told.put("d.raw", BEFORE[0], 20)
        conditions = []
        for _ in range(4):
            conditions.append(str(told.look("observe")[DAY].condition))
            told.later(hours=24)

        assert conditions == ["waiting", "waiting", "missing", "missing"]


class TestDependsOnPast:
    def story(self, story, *holes, **policy):
        told = story(small_pipeline(depends_on_past=True, max_in_flight=99, **policy), now=NOW)
        for day in [DAY, *BEFORE]:
            told.put("d.raw", day)
            if day not in holes:
                told.put("d.refined", day)
        return told

    def test_a_gap_waits_for_the_gap_before_it_and_so_on(self, story):
        verdicts = self.story(story, DAY, BEFORE[0], BEFORE[1]).look()

        assert [str(verdicts[day].condition) for day in (BEFORE[1], BEFORE[0], DAY)] == [
            "missing",
            "waiting",
            "waiting",
        ]
        assert "it depends on 2024-03-09, which is waiting" in verdicts[DAY].reason.sentence

    def test_a_complete_date_between_two_gaps_parts_them(self, story):
        verdicts = self.story(story, DAY, BEFORE[1]).look()

        assert verdicts[DAY].condition == "missing"

    def test_the_date_before_may_be_long_ago(self, story):
        told = self.story(story, DAY, BEFORE[6])
        for day in BEFORE[:6]:
            told.drop("d.raw", day)

        assert told.look()[DAY].condition == "waiting"

    def test_an_excused_date_is_passed_over(self, story):
        excuse = {"reason": "known", "dates": [str(BEFORE[0])]}
        verdicts = self.story(story, DAY, BEFORE[0], BEFORE[1], excuses=[excuse]).look()

        assert "it depends on 2024-03-08" in verdicts[DAY].reason.sentence

    def test_a_stalled_date_holds_nothing_back(self, story):
        told = self.story(story, DAY, BEFORE[0], max_attempts=1, lease_minutes=10)
        told.look()
        told.later(hours=1)
        assert told.look()[BEFORE[0]].action == "stalled"
        told.later(hours=1)

        assert told.look()[DAY].condition == "missing"

    def test_a_heal_lets_the_next_go(self, story):
        told = self.story(story, DAY, BEFORE[0])
        told.look()
        told.put("d.refined", BEFORE[0])
        told.later(minutes=5)

        assert told.look()[DAY].action == "heal"


class TestSettling:
    def story(self, story, *, at=None, settle=30):
        told = story(small_pipeline(settle_minutes=settle), now=NOW)
        told.put("d.raw", DAY, at=at)
        return told

    @pytest.mark.parametrize(("ago", "condition"), [(0, "settling"), (29, "settling"), (30, "missing")])
    def test_upstream_is_left_to_settle(self, story, ago, condition):
        assert self.story(story, at=NOW - timedelta(minutes=ago)).look()[DAY].condition == condition

    def test_where_last_writes_are_unknown_first_sight_counts(self, story):
        told = self.story(story)
        told.memory["baseline"] = False
        first = told.look()[DAY]
        told.later(minutes=31)

        assert (first.condition, told.look()[DAY].condition) == ("settling", "missing")

    def test_what_the_first_scan_finds_has_settled_long_ago(self, story):
        told = self.story(story)
        told.memory["baseline"] = True

        assert told.look()[DAY].condition == "missing"

    def test_what_comes_between_two_first_scans_settles_though_neither_could_be_recorded(self, story):
        told = self.story(story)
        told.look()
        told.memory["baseline"] = True
        told.put("d.raw", DAY, 101)

        assert told.look()[DAY].condition == "settling"

    @pytest.mark.parametrize(("settle", "hours"), [(30, 6), (120, 8)])
    def test_a_source_that_never_rests_is_not_waited_for_for_ever(self, story, settle, hours):
        told = self.story(story, settle=settle)
        conditions = []
        for hour in range(hours + 2):
            told.put("d.raw", DAY, 100 + hour, at=told.now)
            conditions.append(told.look("observe")[DAY].condition)
            told.later(hours=1)

        assert conditions == [Condition.SETTLING] * hours + [Condition.MISSING, Condition.SETTLING][:2]

    def test_a_write_in_the_future_settles_nothing_where_nothing_is_to_settle(self, story):
        assert self.story(story, at=NOW + timedelta(days=2), settle=0).look()[DAY].condition == "missing"
