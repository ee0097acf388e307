"""Several upstreams, expected dates, accepted dates, retention, sudden loss: what is not seen in one table alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gapheal.model.passes import Accepted, Condition, Count, TableFacts
from gapheal.testing import small_pipeline

DAY = date(2024, 3, 10)
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
ANN = Accepted("ann", "the vendor lost it")


def days(number):
    return [DAY - timedelta(days=index) for index in range(number)]


class TestSeveralUpstreams:
    """`served` is made from `refined` and from `raw`."""

    @pytest.fixture
    def both(self, story, rewrite):
        def both(**policy):
            def change(data):
                data["transitions"]["refined_to_served"]["upstream"] = ["refined", "raw"]
                data["transitions"]["raw_to_refined"]["policy"] = {"mode": "heal", **policy}

            told = story(rewrite(small_pipeline(), change), name="refined_to_served", now=NOW)
            told.put("d.raw", DAY)
            return told

        return both

    def test_all_must_be_whole(self, both):
        told = both()

        assert told.look()[DAY].reason.sentence.startswith("upstream d.refined has 0 of at least 1 rows")
        told.put("d.refined", DAY)
        assert told.look()[DAY].condition == "missing"
        told.put("d.served", DAY)
        assert told.look()[DAY].condition == "complete"

    def test_any_of_them_makes_a_date(self, both):
        told = both()
        told.drop("d.raw", DAY)
        told.put("d.refined", DAY)

        assert told.look()[DAY].condition == "waiting"

    @pytest.mark.parametrize(
        "policy",
        [
            {"excuses": [{"reason": "warm-up", "dates": [str(DAY)]}]},
            {"start_date": str(DAY + timedelta(days=1))},
        ],
    )
    def test_where_nothing_requires_one_of_them_the_date_is_excused(self, both, policy):
        verdict = both(**policy).look()[DAY]

        assert (verdict.condition, verdict.reason.code) == ("excused", "upstream_not_required")
        assert verdict.reason.sentence == "nothing requires refined to have this date, and it has no rows of it"

    def test_what_excused_it_may_have_been_counted_further_up(self, story, rewrite):
        def change(data):
            for phase in ("other", "shown"):
                data["phases"][phase] = {"tables": [{"table": f"d.{phase}", "date_column": "day"}]}
            data["transitions"]["raw_to_refined"]["policy"]["excuses"] = [
                {"reason": "exhibition", "upstream_entities_below": 2}
            ]
            data["transitions"]["both"] = {
                **data["transitions"]["refined_to_served"],
                "upstream": ["served", "other"],
                "downstream": "shown",
            }

        told = story(rewrite(small_pipeline(), change), name="both", now=NOW)
        for day, games in zip(days(2), (1, 2), strict=True):
            told.put("d.raw", day, 20, games)
            told.put("d.other", day)
        verdicts = told.look()

        assert [verdicts[day].reason.code for day in days(2)] == ["upstream_not_required", "upstream_rows"]

    def test_rows_that_nothing_requires_are_still_upstream(self, both):
        told = both(excuses=[{"reason": "warm-up", "dates": [str(DAY)]}])
        told.put("d.refined", DAY)

        assert told.look()[DAY].condition == "missing"

    def test_the_larger_of_them_is_the_yardstick(self, both):
        told = both()
        told.put("d.refined", DAY, 100, 10)
        told.put("d.served", DAY, 100, 8)

        assert "8 of 10 game" in told.look()[DAY].reason.sentence


class TestExpected:
    """`raw` is measured by a schedule."""

    @pytest.fixture
    def scheduled(self, story, rewrite):
        def scheduled(expected=None, **policy):
            def change(data):
                due = {"table": "d.schedule", "date_column": "day", "entity_column": "game", **(expected or {})}
                data["phases"]["raw"]["expected"] = due

            return story(rewrite(small_pipeline(**policy), change), now=NOW)

        return scheduled

    def test_a_date_that_lacks_games_of_the_schedule_waits(self, scheduled):
        told = scheduled()
        told.put("d.schedule", DAY, 10, 10)
        told.put("d.raw", DAY, 90, 9)
        verdict = told.look()[DAY]

        assert (verdict.condition, verdict.reason.numbers["found"], verdict.reason.numbers["needed"]) == (
            "waiting",
            9,
            10,
        )

    def test_the_transitions_ratio_holds_here_too(self, scheduled):
        told = scheduled(min_completeness=0.9)
        told.put("d.schedule", DAY, 10, 10)
        told.put("d.raw", DAY, 90, 9)

        assert told.look()[DAY].condition == "missing"

    def test_dates_beyond_the_schedule_are_no_error(self, scheduled):
        told = scheduled()
        told.put("d.raw", DAY)

        assert told.look()[DAY].condition == "missing"

    def test_where_the_schedule_counts_something_else_the_siblings_measure(self, scheduled):
        told = scheduled(expected={"entity_column": "venue"})
        told.put("d.schedule", DAY, 10, 50)
        told.put("d.raw", DAY)

        assert told.look()[DAY].condition == "missing"

    def test_due_dates_that_only_the_schedule_has_are_source_gaps(self, scheduled):
        excused = DAY - timedelta(days=1)
        told = scheduled(excuses=[{"reason": "known", "dates": [str(excused)]}], lag_days=1)
        for day in (DAY, excused, DAY - timedelta(days=2), NOW.date()):
            told.put("d.schedule", day, 10, 10)
        told.put("d.raw", DAY - timedelta(days=2))

        assert told.source_gaps() == [DAY]
        assert DAY not in told.look()

    def test_nothing_before_start_date_is_a_source_gap(self, scheduled):
        told = scheduled(start_date=str(DAY))
        for day in days(3):
            told.put("d.schedule", day, 10, 10)

        assert told.source_gaps() == [DAY]

    def test_what_the_source_no_longer_keeps_is_no_source_gap(self, scheduled):
        told = scheduled()
        told.facts["d.raw"] = TableFacts(retention=timedelta(days=7))
        told.put("d.schedule", DAY, 10, 10)

        assert told.source_gaps() == []


class TestAccepted:
    def test_an_accepted_date_is_excused_in_the_words_of_who_did(self, story):
        told = story(small_pipeline(), now=NOW)
        told.put("d.raw", DAY)
        told.memory["accepted"] = {"refined": {DAY: ANN}}
        verdict = told.look()[DAY]

        assert verdict.condition is Condition.EXCUSED
        assert verdict.reason.sentence == "accepted as it is by ann: the vendor lost it"

    def test_the_next_phase_is_made_from_what_was_accepted(self, story):
        told = story(small_pipeline(), name="refined_to_served", now=NOW)
        told.put("d.raw", DAY, 100, 10)
        told.put("d.refined", DAY, 90, 9)
        assert told.look()[DAY].condition == "waiting"
        told.memory["accepted"] = {"refined": {DAY: ANN}}
        assert told.look()[DAY].condition == "missing"
        told.put("d.served", DAY, 80, 8)

        assert "8 of 9 game" in told.look()[DAY].reason.sentence

    def test_a_first_phase_can_be_accepted_too(self, story):
        told = story(small_pipeline(tables={"raw": {"min_rows": 500}}), now=NOW)
        told.put("d.raw", DAY)
        told.memory["accepted"] = {"raw": {DAY: ANN}}

        assert told.look()[DAY].condition == "missing"


class TestTableExcuses:
    def test_one_of_two_tables_may_be_empty_in_its_warm_up_and_in_neither_role(self, story, two_tables):
        warm_up = {"excuses": [{"reason": "warm-up", "dates": [str(DAY)]}]}
        pipeline = two_tables(warm_up)
        told = story(pipeline, now=NOW)
        for day in days(2):
            told.put("d.raw", day)
            told.put("d.refined", day)
        verdicts = told.look()
        onward = story(pipeline, name="refined_to_served", now=NOW, tables=told.tables).look()

        assert [str(verdicts[day].condition) for day in days(2)] == ["complete", "missing"]
        assert verdicts[days(2)[1]].reason.numbers["table"] == "d.second"
        assert [str(onward[day].condition) for day in days(2)] == ["missing", "waiting"]

    @pytest.mark.parametrize(("games", "condition"), [(1, "excused"), (2, "missing")])
    def test_an_exhibition_is_known_by_its_few_games(self, story, games, condition):
        excuse = {"reason": "exhibition", "upstream_entities_below": 2}
        told = story(small_pipeline(excuses=[excuse]), now=NOW)
        told.put("d.raw", DAY, 20, games)

        assert told.look()[DAY].condition == condition

    def test_so_it_is_for_a_table(self, story, two_tables):
        told = story(two_tables({"excuses": [{"reason": "exhibition", "upstream_entities_below": 2}]}), now=NOW)
        told.put("d.raw", DAY, 20, 1)
        told.put("d.refined", DAY, 20, 1)

        assert told.look()[DAY].condition == "complete"

    def test_the_next_phase_asks_the_same_of_its_upstreams_upstream(self, story):
        excuse = {"reason": "exhibition", "upstream_entities_below": 2}
        told = story(small_pipeline(excuses=[excuse]), name="refined_to_served", now=NOW)
        told.put("d.raw", DAY, 20, 1)
        told.put("d.refined", DAY, 3, 0)

        assert told.look()[DAY].condition == "excused"


class TestRetention:
    @pytest.mark.parametrize("table", ["d.raw", "d.refined"])
    @pytest.mark.parametrize(("kept", "condition"), [(10, "excused"), (11, "missing")])
    def test_what_a_side_no_longer_keeps_is_excused(self, story, table, kept, condition):
        told = story(small_pipeline(), now=NOW)
        told.put("d.raw", DAY)
        told.facts[table] = TableFacts(retention=timedelta(days=kept))

        assert told.look()[DAY].condition == condition

    def test_the_reason_says_which_table_and_until_when(self, story):
        told = story(small_pipeline(), now=NOW)
        told.put("d.raw", DAY)
        told.facts["d.refined"] = TableFacts(retention=timedelta(days=7))

        assert told.look()[DAY].reason.sentence == "d.refined keeps a date for 7 days: this one until 2024-03-17"


class TestSuddenLoss:
    def story(self, story, number=12, **policy):
        told = story(small_pipeline(max_in_flight=99, breaker_after=99, **policy), now=NOW)
        for day in days(number):
            told.put("d.raw", day)
            told.put("d.refined", day)
        told.look()
        return told

    def lose(self, told, number):
        for day in days(number):
            told.drop("d.refined", day)

    @pytest.mark.parametrize(
        ("known", "lost", "action"), [(12, 7, "held"), (12, 6, "heal"), (10, 10, "held"), (9, 9, "heal")]
    )
    @pytest.mark.fault(13)
    def test_most_of_ten_dates_gone_holds_the_gaps(self, story, known, lost, action):
        told = self.story(story, known)
        self.lose(told, lost)

        assert {str(v.action) for v in told.look().values() if v.is_gap} == {action}

    def test_the_sentence_tells_how_many(self, story):
        told = self.story(story)
        self.lose(told, 8)

        assert "8 of 12 dates that were complete are gone" in told.look()[DAY].reason.sentence

    def test_it_does_not_end_by_being_seen_twice(self, story):
        told = self.story(story)
        self.lose(told, 12)
        told.look()
        told.later(days=2)

        assert {str(v.action) for v in told.look().values()} == {"held"}

    def test_it_ends_when_the_rows_return(self, story):
        told = self.story(story)
        self.lose(told, 12)
        told.look()
        for day in days(7):
            told.put("d.refined", day)
        verdicts = told.look().values()

        assert [str(v.action) for v in verdicts if v.is_gap] == ["heal"] * 5

    def test_a_persons_retry_ends_it_for_the_dates_named(self, story):
        told = self.story(story)
        self.lose(told, 12)
        told.look()
        told.retry(DAY)
        verdicts = told.look()

        assert verdicts[DAY].action == "heal"
        assert verdicts[days(2)[1]].action == "held"

    def test_what_another_file_saw_complete_says_nothing(self, story):
        told = self.story(story)
        self.lose(told, 12)
        told.pipeline = small_pipeline(
            tables={"refined": {"where": "status = 'pass'"}}, max_in_flight=99, breaker_after=99
        )

        assert {str(v.action) for v in told.look().values()} == {"heal"}

    def test_gaps_that_never_were_complete_are_held_too(self, story):
        told = self.story(story)
        self.lose(told, 12)
        new = DAY + timedelta(days=1)
        told.put("d.raw", new)

        assert told.look()[new].action == "held"


class TestRetry:
    def test_a_retry_starts_the_attempts_again_and_lets_an_old_gap_go(self, story):
        told = story(small_pipeline(max_attempts=1, lease_minutes=10, max_age_days=3), now=NOW)
        told.memory["baseline"] = True
        told.put("d.raw", DAY)
        held = told.look()[DAY].action
        told.retry(DAY)
        told.later(minutes=1)
        healed = told.look()[DAY].action
        told.later(hours=1)
        stalled = told.look()[DAY].action
        told.later(hours=1)
        told.retry(DAY)
        told.later(minutes=1)

        assert [str(held), str(healed), str(stalled)] == ["held", "heal", "stalled"]
        assert told.look()[DAY].action == "heal"


class TestAge:
    def test_a_last_write_is_the_arrival_even_in_the_first_scan(self, story):
        told = story(small_pipeline(max_age_days=30), now=NOW)
        told.memory["baseline"] = True
        old = date(2022, 3, 10)
        told.put("d.raw", old, at=NOW - timedelta(days=2))
        told.put("d.raw", DAY, at=NOW - timedelta(days=31))
        verdicts = told.look()

        assert (verdicts[old].action, verdicts[DAY].action) == ("heal", "held")

    def test_new_data_makes_an_old_gap_young(self, story):
        told = story(small_pipeline(max_age_days=30), now=NOW)
        told.memory["baseline"] = True
        old = date(2022, 3, 10)
        told.put("d.raw", old)
        assert told.look()[old].action == "held"
        told.put("d.raw", old, 120)

        assert told.look()[old].action == "heal"

    def test_what_was_young_enough_stays_so(self, story):
        told = story(small_pipeline(max_age_days=30, age_from="date", max_attempts=99, lease_minutes=0), now=NOW)
        told.put("d.raw", DAY)
        assert told.look()[DAY].action == "heal"
        told.later(days=60)
        told.put("d.raw", DAY, 120)

        assert told.look()[DAY].action == "heal"

    def test_a_table_rebuilt_as_a_whole_makes_no_backlog_young(self, story):
        told = story(small_pipeline(max_age_days=30), now=NOW)
        for day in days(12):
            told.tables.setdefault("d.raw", {})[day] = Count(100, 10, NOW - timedelta(days=90))
        told.look()
        for day in days(12):
            told.tables["d.raw"][day] = Count(100, 10, NOW)
        told.later(days=1)

        assert {str(v.action) for v in told.look().values()} == {"held"}


class TestStopped:
    @pytest.mark.parametrize(("ahead", "told"), [(6, False), (7, True)])
    def test_a_source_that_ended_while_the_downstream_goes_on_is_told(self, story, ahead, told):
        world = story(small_pipeline(), now=NOW)
        world.put("d.raw", DAY)
        world.put("d.refined", DAY)
        world.put("d.refined", DAY + timedelta(days=ahead))
        found = world.stopped()

        assert (found is not None) is told
        assert not told or found.startswith("upstream raw ends on 2024-03-10, refined goes on to 2024-03-17")

    def test_dates_that_are_not_due_tell_nothing(self, story):
        world = story(small_pipeline(), now=NOW)
        world.put("d.raw", DAY)
        world.put("d.refined", NOW.date() + timedelta(days=9))

        assert world.stopped() is None
