"""Dates of a backfill that failed their post-check go back to what they were, and every reason not to do it."""

from datetime import timedelta

import pytest
from tests.backfill.conftest import FIRST, chain, days

from gapheal.backfill import Desk, Kind, Wish, every, markdown, performed, planned
from gapheal.errors import ConfigError, RequestError, Unavailable
from gapheal.intervals import Interval
from gapheal.model.passes import Request, Source
from gapheal.testing import MemoryPast

DAYS = days(6)
PHASES = (["raw"], ["refined", "second"], ["served"])
STEP = "phase2_to_phase3"
BAD = DAYS[2]


@pytest.fixture
def broken(plant):
    """A backfill made complete dates anew; of some, what it had brought was gone when it looked once more."""

    def broken(bad=(BAD,), **policy):
        made = plant(chain(*PHASES, **{"lease_minutes": 10, **policy}))
        for phase in ("phase2", "phase3"):
            made.fill(phase, DAYS)
        made.world.warehouse.put("d.second", DAYS[4], 7, 2)
        made.sleep(3600)
        made.before = made.tables()
        made.seconds = lambda *_: 30.0
        order = made.begin(made.wish(FIRST, DAYS[-1], "3", again=True))
        # A job that writes whole dates, and after a while something else: as a second message of it would.
        finish = made._finish

        def spoil(phase, message):
            finish(phase, message)
            for day in bad:
                if day in message.days:
                    made.world.warehouse.put("d.refined", day, 999, 5)

        made._finish = spoil
        made.go(order, lambda _: ruin(made, bad))
        made.past = MemoryPast(made.world.warehouse)
        return made, order

    def ruin(made, bad):
        for day in bad:
            if made.world.warehouse.tables["d.refined"][day].rows == 999 and len(made.log) == len(DAYS):
                made.world.warehouse.put("d.refined", day, 3, 1)

    return broken


def found(plant, order):
    return Desk(plant.app).find(order.id)


def plan_of(plant, order, only=None):
    return planned(plant.app, plant.past, found(plant, order), only)


def roll_back(plant, order, only=None):
    return performed(plant.app, plant.past, plan_of(plant, order, only), "bob", "its job writes twice")


def refusals(plant, order):
    (refusal,) = plan_of(plant, order).refusals
    assert plan_of(plant, order).parts == []
    return refusal.why


def test_the_story_is_what_it_seems(broken):
    plant, order = broken()
    (step,) = found(plant, order).report["steps"]

    assert [(end["date"], end["kind"], end["code"]) for end in step["not_done"]] == [
        (str(BAD), str(Kind.FAILED), "post_check")
    ]


def test_its_end_is_announced_without_the_date_that_failed(broken):
    plant, _ = broken()
    (event,) = plant.events

    assert str(DAYS[4]) in str(event)
    assert str(BAD) not in str(event)


def test_what_is_shown_first_are_the_rows_before_and_now(broken):
    plant, order = broken()
    rollback = plan_of(plant, order)

    assert rollback.refusals == []
    assert [(part.table, part.day, part.then[:2], part.now[:2]) for part in rollback.parts] == [
        ("d.refined", BAD, (50, 5), (3, 1)),
        ("d.second", BAD, (50, 5), (50, 5)),
    ]
    assert rollback.plain()["parts"][0]["after"] == {"rows": 50, "entities": 5}


def test_every_table_of_the_phase_is_what_it_was_and_no_other_date_is_touched(broken):
    plant, order = broken(bad=(BAD, DAYS[4]))
    after = plant.tables()

    done = roll_back(plant, order)

    assert len(done) == 4
    for table in ("d.refined", "d.second"):
        assert plant.tables()[table] == {
            day: (plant.before if day in (BAD, DAYS[4]) else after)[table][day] for day in DAYS
        }
    assert plant.tables()["d.second"][DAYS[4]] == (7, 2)


def test_a_date_that_had_nothing_has_nothing_again(plant):
    made = plant(chain(*PHASES, lease_minutes=10))
    made.fill("phase2", [FIRST])
    made.sleep(60)
    order = made.begin(made.wish(FIRST, FIRST, "3"))
    looked = made.world.warehouse.observe

    def gone(name, scope):
        if made.log and made.held("refined"):
            seen = looked(name, scope)
            made.world.warehouse.drop("d.second", FIRST)
            return seen
        return looked(name, scope)

    made.world.warehouse.observe = gone
    made.go(order)
    made.world.warehouse.observe = looked
    made.past = MemoryPast(made.world.warehouse)

    roll_back(made, order)

    assert made.held("refined") == made.held("second") == set()


def test_some_of_the_dates(broken):
    plant, order = broken(bad=(BAD, DAYS[4]))

    roll_back(plant, order, {BAD})

    assert plant.tables()["d.refined"][BAD] == (50, 5)
    assert plant.tables()["d.refined"][DAYS[4]] == (3, 1)


def test_a_date_that_did_not_fail_is_no_matter_of_it(broken):
    plant, order = broken()

    with pytest.raises(RequestError, match=rf"expected dates that failed their post-check \({BAD}\), found {DAYS[0]}"):
        plan_of(plant, order, {BAD, DAYS[0]})


def test_it_is_kept_and_told(broken):
    plant, order = broken()
    roll_back(plant, order)
    kept = found(plant, order)

    assert [(each.state, each.who) for each in kept.states][1:] == [
        ("finished", "ada"),
        *[("rolled_back", "bob")] * 2,  # one a table
    ]
    assert not kept.is_open
    assert kept.ended_at == kept.states[1].at
    assert kept.report["passed"] is False
    page = markdown(Desk(plant.app).told(kept))
    assert f"| {STEP} | {BAD} | d.refined |" in page
    assert "| 3 | 50 | bob |" in page


def test_typed_again_it_finds_nothing_to_do(broken):
    plant, order = broken()
    roll_back(plant, order)
    writes = len(plant.world.warehouse.history)
    again = plan_of(plant, order)

    assert (again.parts, again.refusals) == ([], [])
    assert len(plant.world.warehouse.history) == writes


def test_where_one_table_fails_what_was_done_is_kept_and_the_next_time_goes_on(broken):
    plant, order = broken()
    restore, tables = plant.past.restore, []

    def once(transition, table, backs):
        tables.append(table)
        if len(tables) == 2:
            raise Unavailable("BigQuery did not answer")
        restore(transition, table, backs)

    plant.past.restore = once
    with pytest.raises(Unavailable):
        roll_back(plant, order)
    assert [part.table for part in plan_of(plant, order).parts] == ["d.second"]

    roll_back(plant, order)

    assert tables == ["d.refined", "d.second", "d.second"]
    assert {name: plant.tables()[name][BAD] for name in ("d.refined", "d.second")} == {
        "d.refined": (50, 5),
        "d.second": (50, 5),
    }


class TestAfterwards:
    """The date is a gap again, or made from older input: without a word the next scan would ask for it."""

    @pytest.fixture
    def partial(self, broken):
        plant, order = broken(bad=(DAYS[4],), mode="heal", max_age_days=None)
        roll_back(plant, order)
        plant.log.clear()
        return plant

    def test_no_pass_asks_for_it_and_the_reason_is_told(self, partial):
        for _ in range(3):
            partial.app.run(STEP, Request(Source.SCAN))
            partial.sleep(1200)
        said = partial.app.explain(STEP, DAYS[4])

        assert partial.log == []
        assert (said["condition"], said["action"], said["code"]) == ("partial", "held", "rolled_back")
        assert "rolled back by bob (its job writes twice): held until a person says retry" in said["sentence"]

    def test_what_follows_it_waits(self, partial):
        said = partial.app.explain("phase3_to_phase4", DAYS[4])

        assert said["condition"] == "waiting"

    def test_a_person_lets_it_go(self, partial):
        partial.app.decide("retry", STEP, [str(DAYS[4])], who="eve", why="the job is mended")
        partial.sleep(1)
        partial.app.run(STEP, Request(Source.SCAN))

        assert partial.log == [("phase3", DAYS[4])]

    def test_so_does_another_backfill(self, partial):
        partial.backfill(partial.wish(DAYS[4], DAYS[4], "3"))

        assert partial.log == [("phase3", DAYS[4])]
        assert partial.tables()["d.second"][DAYS[4]] == (50, 5)


class TestRefusals:
    def test_outside_the_time_travel_window(self, broken):
        plant, order = broken()
        plant.sleep(timedelta(hours=49).total_seconds())
        plant.past.hours = 48

        assert "keeps 48 hours (max_time_travel_hours)" in refusals(plant, order)

    def test_something_else_wrote_it_by_its_rows(self, broken):
        plant, order = broken()
        plant.world.warehouse.put("d.refined", BAD, 4, 1)

        assert refusals(plant, order) == (
            "something else wrote d.refined: the post-check saw 3 rows (1 entities), now it has 4 rows (1 entities)"
        )

    def test_something_else_wrote_it_by_its_last_write_though_its_rows_are_the_same(self, broken):
        plant, order = broken()
        plant.sleep(60)
        plant.world.warehouse.put("d.refined", BAD, 3, 1, plant.world.clock.now())

        assert refusals(plant, order).startswith("something else wrote d.refined at 2024-07-01")

    def test_another_pass_has_asked_for_it_since(self, broken):
        plant, order = broken(mode="heal", max_age_days=None)
        plant.sleep(1200)
        plant.app.run(STEP, Request(Source.SCAN))

        assert "it was triggered again at" in refusals(plant, order)

    def test_another_backfill_is_at_work_on_it(self, broken):
        plant, order = broken()
        other = plant.begin(plant.wish(BAD, BAD, "3"), "eve")

        assert refusals(plant, order) == f"backfill {other.id} by eve is at work on it"

    def test_a_view(self, broken):
        plant, order = broken()
        plant.past.refusals["d.second"] = "it is a view"

        assert refusals(plant, order) == "d.second cannot be put back: it is a view"

    def test_one_that_is_at_work(self, broken):
        plant, _ = broken()
        order = plant.begin(plant.wish(BAD, BAD, "3"), "eve")

        with pytest.raises(ConfigError, match=f"expected a backfill that is finished, found {order.id}, started"):
            plan_of(plant, order)

    def test_one_that_was_cancelled(self, broken):
        plant, _ = broken()
        order = plant.begin(plant.wish(BAD, BAD, "3"), "eve")
        desk = Desk(plant.app)
        desk.cancel(desk.find(order.id), "eve")

        with pytest.raises(ConfigError, match=f"found {order.id}, cancelled: it has checked nothing at its end"):
            plan_of(plant, order)

    def test_one_that_nobody_knows(self, broken):
        plant, _ = broken()

        with pytest.raises(ConfigError, match="expected the id of a backfill"):
            Desk(plant.app).find("20240701-0000")

    def test_a_report_that_does_not_say_what_was_there(self, broken):
        plant, order = broken()
        for row in plant.world.ledger.rows["backfills"]:
            for step in (row["report"] or {}).get("steps", []):
                for end in step["not_done"]:
                    end.pop("tables")

        assert "whether somebody wrote since is unknown" in refusals(plant, order)

    def test_where_none_failed_there_is_nothing_to_do(self, plant):
        made = plant(chain(*PHASES))
        made.fill("phase2", [FIRST])
        order = made.begin(Wish(Interval.inclusive(FIRST, FIRST), None, (STEP,)))
        made.go(order)
        made.past = MemoryPast(made.world.warehouse)

        assert plan_of(made, order).plain() == {"id": order.id, "parts": [], "refused": []}
        assert len(every(made.app.loop.ledger)) == 1
