"""Which excuse would fit dates that no trigger fills."""

from datetime import date, timedelta

import pytest
import yaml

from gapheal.judge.hints import Stalled, hints
from gapheal.model.excuses import Excuse, Season
from gapheal.spec.models import model_of

FIRST = date(2023, 10, 24)
SEASONS = {
    "nba": (
        Season(start=date(2022, 10, 18), end=date(2023, 6, 12)),
        Season(start=FIRST, end=date(2024, 6, 17)),
    )
}
WHOLE = {date(2022, 12, 1) + n * timedelta(days=1): 8 for n in range(20)}


def days(first, count, step=1):
    return [first + n * step * timedelta(days=1) for n in range(count)]


def lines(stalled, whole=None, seasons=None):
    found = [each if isinstance(each, Stalled) else Stalled(each, 8) for each in stalled]
    return [hint.line for hint in hints(seasons or SEASONS, found, WHOLE if whole is None else whole)]


def test_the_first_days_of_a_season_are_a_warm_up_as_long_as_the_last_of_them():
    assert lines(days(FIRST, 7, step=2)) == ["- {reason: season warm-up, first_days: 13, season: nba}"]


def test_a_warm_up_ends_before_the_first_whole_date_of_any_season():
    whole = {**WHOLE, date(2022, 10, 18) + timedelta(days=5): 8}

    assert lines([*days(FIRST, 3), FIRST + timedelta(days=9)], whole) == [
        "- {reason: season warm-up, first_days: 3, season: nba}",
        "- {reason: say why, dates: [2023-11-02]}",
    ]


def test_dates_in_no_window_are_off_season():
    assert lines(days(date(2023, 7, 1), 2)) == ["- {reason: off-season, outside: nba}"]


def test_off_season_does_not_fit_where_a_whole_date_is_in_no_window():
    assert lines([date(2023, 7, 1)], {**WHOLE, date(2023, 7, 5): 8}) == ["- {reason: say why, dates: [2023-07-01]}"]


def test_fewer_entities_than_any_whole_date_has_are_an_exhibition():
    stalled = [Stalled(date(2022, 12, 30), 1), Stalled(date(2023, 1, 9), 2)]

    assert lines(stalled, {**WHOLE, date(2023, 1, 1): 3}) == ["- {reason: exhibition, upstream_entities_below: 3}"]


@pytest.mark.parametrize("entities", [None, 8])
def test_as_many_entities_as_elsewhere_say_nothing(entities):
    assert lines([Stalled(date(2022, 12, 30), entities)]) == ["- {reason: say why, dates: [2022-12-30]}"]


def test_three_dates_with_no_whole_one_between_are_a_run():
    stalled = [date(2022, 12, 22), date(2022, 12, 25), date(2022, 12, 30)]

    assert lines(stalled) == ["- {reason: say why, from: 2022-12-22, to: 2022-12-30}"]
    assert lines(stalled, {**WHOLE, date(2022, 12, 26): 8}) == [
        "- {reason: say why, dates: [2022-12-22, 2022-12-25, 2022-12-30]}"
    ]


def test_where_nothing_is_whole_the_job_is_at_fault_and_no_excuse_fits():
    assert lines(days(FIRST, 3), whole={}) == []


def test_a_table_that_is_missing_alone_is_excused_alone():
    stalled = [Stalled(FIRST, 8), Stalled(FIRST + timedelta(days=1), 8, ("d.zones",))]
    found = hints(SEASONS, stalled, WHOLE)

    assert [(hint.tables, hint.excuse.get("first_days")) for hint in found] == [((), 1), (("d.zones",), 2)]


@pytest.mark.parametrize("name", ["nba", "off", "Saison d'été", "a: b", "2023"])
def test_every_line_is_yaml_that_the_file_takes(name):
    seasons = {name: SEASONS["nba"]}
    stalled = [
        Stalled(FIRST, 8),
        Stalled(date(2023, 7, 1), 8),
        Stalled(date(2022, 12, 30), 1),
        Stalled(date(2023, 1, 9)),
    ]

    for hint in hints(seasons, stalled, WHOLE):
        (read,) = yaml.safe_load(hint.line)
        assert model_of(Excuse).model_validate(read)
        assert (read.get("season", name), read.get("outside", name)) == (name, name)


def test_no_stalled_date_is_left_out_and_no_whole_one_is_covered():
    stalled = [*days(FIRST, 5), *days(date(2023, 7, 1), 3), *days(date(2022, 12, 22), 6), date(2023, 3, 3)]
    found = hints(SEASONS, [Stalled(day, 8) for day in stalled], WHOLE)

    assert sorted(day for hint in found for day in hint.days) == sorted(stalled)
    assert not {day for hint in found for day in hint.days} & set(WHOLE)
