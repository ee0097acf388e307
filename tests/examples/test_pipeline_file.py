"""The pipeline file and the example speak of the same tables, seasons, payloads and dates left out by design."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

import seed
import triggers
import world
from gapheal import spec
from gapheal.messages import Dated, compose
from gapheal.model.passes import Source
from gapheal.model.pipeline import DETECTOR
from gapheal.scaffold import function_main
from warehouse import LOCATION

ROOT = Path(__file__).parents[2]
DAY = date(2022, 4, 16)


@pytest.fixture(scope="module")
def pipeline():
    return spec.load(ROOT / "pipeline.yaml")


def test_its_tables_are_the_example_s(pipeline):
    tables = {
        name: [(table.table, table.date_column) for table in phase.tables] for name, phase in pipeline.phases.items()
    }

    assert tables == {
        "phase1": [(world.SCHEDULE, "game_date")],
        "phase2": [(world.RAW, "game_date")],
    } | {
        phase.name: [(output.table, output.date_column) for output in phase.outputs] for phase in world.PHASES.values()
    }
    assert pipeline.location == LOCATION


def test_five_tables_make_phase_3_and_five_phase_4_one_of_them_in_another_dataset(pipeline):
    datasets = {
        name: {table.table.partition(".")[0] for table in pipeline.phases[name].tables} for name in ("phase3", "phase4")
    }

    assert [len(pipeline.phases[name].tables) for name in datasets] == [5, 5]
    assert datasets == {"phase3": {"nba_analytics"}, "phase4": {"nba_precompute", "nba_predictions"}}


def test_its_seasons_are_the_calendar_s(pipeline):
    for season, window in zip(world.SEASONS, pipeline.seasons["nba"], strict=True):
        days = [day.day for day in world.calendar([season])]

        assert window.start == days[0], "the warm-up is counted from here"
        assert days[-1] <= window.end <= days[-1] + timedelta(days=1)


def test_it_excuses_exactly_what_the_workers_leave_out(pipeline):
    all_star = {day.day for day in world.calendar() if day.kind not in world.COUNTED}
    exhibitions, off_season = pipeline.transitions["phase2_to_phase3"].policy.excuses
    warm_ups = {
        name: {excuse.first_days for excuse in transition.policy.excuses if excuse.season == "nba"}
        for name, transition in pipeline.transitions.items()
    }

    assert set(exhibitions.dates) == all_star
    assert len(all_star) == 8
    assert off_season.outside == "nba"
    assert {name for name, days in warm_ups.items() if days == {world.WARM_UP_DAYS}} == {
        "phase3_to_phase4",
        "phase5_to_grading",
    }


def test_a_table_with_a_longer_warm_up_has_an_excuse_of_its_own(pipeline):
    for table, output in zip(pipeline.phases["phase4"].tables, world.PHASES["phase4"].outputs, strict=True):
        own = [(excuse.first_days, excuse.season) for excuse in table.excuses]

        assert own == ([] if output.warm_up == world.WARM_UP_DAYS else [(output.warm_up, "nba")])


def test_grading_is_asked_for_the_season_that_nobody_graded(pipeline):
    grading = pipeline.transitions["phase5_to_grading"]

    assert grading.upstream == ("phase5", "phase3")
    assert grading.policy.start_date == world.calendar([seed.UNGRADED])[0].day


def test_as_shipped_it_triggers_nothing_until_a_person_says_so(pipeline):
    modes = {name: transition.policy.mode for name, transition in pipeline.transitions.items()}

    assert modes.pop("phase1_to_phase2") == "paused"
    assert set(modes.values()) == {"observe"}


def test_every_transition_and_the_detector_have_their_functions(pipeline):
    functions = {main.parent.name: main.read_text() for main in (ROOT / "functions").glob("*/main.py")}

    assert functions == {name: function_main(name) for name in [*pipeline.transitions, DETECTOR]}


@pytest.mark.parametrize("phase", world.PHASES)
def test_what_gapheal_sends_is_what_the_job_wants(pipeline, phase):
    name = pipeline.feeder(phase)
    assert name
    messages = compose(pipeline, name, [Dated(DAY, 1, "missing")], Source.SCAN)

    read = [triggers.read(phase, message.data, dict(message.attributes)) for message in messages]

    assert {day for trigger in read for day in trigger.days} == {DAY}
    assert [output for trigger in read for output in trigger.outputs] == list(world.PHASES[phase].outputs)
    assert {trigger.asked(DAY) for trigger in read} == {read[0].asked(DAY)}, "parts of one request"


def test_the_coordinator_s_answers_are_known(pipeline):
    http = pipeline.transitions["phase4_to_phase5"].trigger.http

    assert http is not None
    assert (http.accepted, http.busy) == ((202,), (409, 503))
    assert http.url.startswith("https://")


def test_an_export_never_overwrites_the_latest_files(pipeline):
    (message,) = compose(pipeline, "phase5_to_phase6", [Dated(DAY, 1, "missing")], Source.SCAN)

    assert json.loads(message.data) == {
        "export_types": list(world.EXPORT_TYPES),
        "target_date": "2022-04-16",
        "update_latest": False,
    }
