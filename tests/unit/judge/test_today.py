"""What is due depends on the day where the pipeline is: at night, on the days clocks change, at the ends of years."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gapheal.testing import small_pipeline

ZONES = ("America/New_York", "UTC", "Asia/Tokyo", "Pacific/Auckland")
NIGHT = (0, 30, 60, 150, 240, 299)
"""Minutes after midnight UTC."""
DATES = {
    "an ordinary day": date(2024, 1, 17),
    "spring forward in New York": date(2024, 3, 10),
    "fall back in New York": date(2024, 11, 3),
    "spring forward in Auckland": date(2024, 9, 29),
    "fall back in Auckland": date(2024, 4, 7),
    "leap day": date(2024, 2, 29),
    "the day after leap day": date(2024, 3, 1),
    "New Year's Eve": date(2024, 12, 31),
    "New Year": date(2025, 1, 1),
}
KNOWN = [
    # An independent table: what the calendar on the wall says.
    ("America/New_York", "2024-03-10T04:59", "2024-03-09"),
    ("America/New_York", "2024-03-10T05:00", "2024-03-10"),
    ("America/New_York", "2024-03-11T03:59", "2024-03-10"),
    ("America/New_York", "2024-03-11T04:00", "2024-03-11"),
    ("America/New_York", "2024-11-03T03:59", "2024-11-02"),
    ("America/New_York", "2024-11-04T04:59", "2024-11-03"),
    ("America/New_York", "2025-01-01T02:00", "2024-12-31"),
    ("UTC", "2024-02-29T00:00", "2024-02-29"),
    ("UTC", "2024-12-31T23:59", "2024-12-31"),
    ("Asia/Tokyo", "2024-02-29T14:59", "2024-02-29"),
    ("Asia/Tokyo", "2024-02-29T15:00", "2024-03-01"),
    ("Pacific/Auckland", "2024-04-06T10:59", "2024-04-06"),
    ("Pacific/Auckland", "2024-04-06T11:00", "2024-04-07"),
    ("Pacific/Auckland", "2024-04-07T12:00", "2024-04-08"),
    ("Pacific/Auckland", "2024-09-28T11:59", "2024-09-28"),
    ("Pacific/Auckland", "2024-09-28T12:00", "2024-09-29"),
    ("Pacific/Auckland", "2024-09-29T11:00", "2024-09-30"),
    ("Pacific/Auckland", "2024-12-31T11:00", "2025-01-01"),
]


def newest_due(story, zone, now, lag):
    told = story(small_pipeline(timezone=zone, lag_days=lag), now=now)
    for offset in range(-3, 4):
        told.put("d.raw", now.date() + timedelta(days=offset))
    return max(day for day, verdict in told.look().items() if verdict.condition == "missing")


@pytest.mark.parametrize(("zone", "now", "today"), KNOWN)
@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.fault(28)
def test_a_date_is_due_by_the_calendar_on_the_wall(story, zone, now, today, lag):
    found = newest_due(story, zone, datetime.fromisoformat(now).replace(tzinfo=UTC), lag)

    assert found == date.fromisoformat(today) - timedelta(days=lag)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
@pytest.mark.parametrize("minutes", NIGHT)
@pytest.mark.fault(28)
def test_the_small_hours_of_utc_belong_to_the_pipelines_own_day(story, zone, day, minutes):
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)

    assert newest_due(story, zone, now, 0) == now.astimezone(ZoneInfo(zone)).date()
