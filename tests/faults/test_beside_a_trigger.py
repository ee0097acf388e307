"""Beside a trigger that is there already: no date is asked for twice, and what that trigger misses is healed.

Two weeks, minute by minute. Upstream arrives in three pieces; each is announced, to gapheal and to the trigger
that was there before; that one's job takes 20 minutes and is announced, too. gapheal scans every hour besides.
"""

import heapq
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

import pytest

NIGHTS = [date(2024, 3, 1) + timedelta(days=number) for number in range(14)]
MISSED, DIES, TWICE = set(NIGHTS[5::7]), set(NIGHTS[8::20]), set(NIGHTS[3::5])
"""The other trigger never fires; its job dies after half the games; it fires for each piece's event again."""
JOB = timedelta(minutes=20)
GAMES = 9


def arrival(day):
    """When the last piece of a night is there: each morning at another minute of the hour."""
    return datetime.combine(day + timedelta(days=1), time(6, 33), UTC) + timedelta(minutes=7 * (day - NIGHTS[0]).days)


class Pipeline:
    """What happens, at its minute; gapheal is told what it is told in a pipeline of others."""

    def __init__(self, town, *, last_writes: bool, events: bool) -> None:
        self.town, self.world = town, town.world
        self.last_writes, self.events = last_writes, events
        self.todo, self.number = [], count()
        self.jobs: Counter[date] = Counter()
        """Runs of the job that were begun while rows of an earlier run were on their way, or there."""
        self.begun: dict[date, int] = {}
        self.whole_at: dict[date, datetime] = {}
        self.sent = 0

    def at(self, moment, what, *args):
        heapq.heappush(self.todo, (moment, next(self.number), what, args))

    def night(self, day):
        """Three pieces, ten minutes apart, in the morning after."""
        for piece in (1, 2, 3):
            self.at(arrival(day) - (3 - piece) * timedelta(minutes=10), self.arrive, day, GAMES * piece // 3)

    def arrive(self, day, games):
        self.write("d.raw", day, games)
        if games == GAMES and day not in MISSED:
            self.start(day)
            if day in TWICE:
                self.start(day)
        self.announce(day)

    def write(self, table, day, games):
        written_at = self.world.clock.now() if self.last_writes else None
        self.world.warehouse.put(table, day, games, games, written_at)

    def start(self, day):
        """The other trigger; its consumer drops repeats of its own."""
        if day not in self.begun:
            self.run(day, dies=day in DIES)

    def run(self, day, *, dies=False):
        self.begun[day] = self.begun.get(day, 0) + 1
        self.at(self.world.clock.now() + JOB, self.finish, day, GAMES // 2 if dies else GAMES)

    def finish(self, day, games):
        self.write("d.refined", day, games)
        if games == GAMES:
            self.whole_at.setdefault(day, self.world.clock.now())
        self.announce(day)

    def announce(self, day):
        if self.events:
            self.town.event(day)

    def scan(self):
        self.town.scan()

    def play(self, until):
        hour = datetime.combine(NIGHTS[0], time(0, 0), UTC)
        while hour < until:
            self.at(hour, self.scan)
            hour += timedelta(hours=1)
        for day in NIGHTS:
            self.night(day)
        while self.todo:
            moment, _, what, args = heapq.heappop(self.todo)
            self.world.clock.moment = max(moment, self.world.clock.moment)
            what(*args)
            for message in self.world.publisher.sent[self.sent :]:
                for day in message.days:
                    self.run(day)
            self.sent = len(self.world.publisher.sent)


def played(town, *, last_writes=True, events=True, **policy):
    made = town(lease_minutes=60, **policy)
    made.world.clock.moment = datetime.combine(NIGHTS[0], time(0, 0), UTC)
    pipeline = Pipeline(made, last_writes=last_writes, events=events)
    pipeline.play(until=datetime.combine(NIGHTS[-1] + timedelta(days=3), time(0, 0), UTC))
    return pipeline


@pytest.mark.parametrize("events", [True, False], ids=["events", "scans alone"])
@pytest.mark.parametrize("last_writes", [True, False], ids=["last writes known", "unknown"])
def test_no_doubles_and_what_the_other_misses_is_healed(town, last_writes, events):
    pipeline = played(town, last_writes=last_writes, events=events, settle_minutes=45)
    triggered = Counter(pipeline.world.publisher.days)

    assert triggered == Counter(MISSED | DIES), "what the other trigger did was asked for, or a miss was not, or twice"
    assert pipeline.whole_at.keys() == set(NIGHTS)


def test_a_miss_is_whole_within_three_hours(town):
    """45 minutes to settle, an hour to the next scan, 20 minutes for the job."""
    pipeline = played(town, settle_minutes=45)

    assert max(pipeline.whole_at[day] - arrival(day) for day in MISSED | DIES) < timedelta(hours=3)


@pytest.mark.parametrize(
    ("settle_minutes", "doubles"), [(0, True), (15, True), (21, False)], ids=["none", "shorter than the job", "longer"]
)
def test_settle_minutes_must_exceed_the_jobs_time(town, settle_minutes, doubles):
    pipeline = played(town, settle_minutes=settle_minutes)
    twice = set(pipeline.world.publisher.days) - MISSED - DIES

    assert bool(twice) is doubles


def test_lag_days_leaves_the_last_days_to_the_other_trigger_altogether(town):
    """Without events nothing newer than three days is looked at: no settling is needed, and heals come later."""
    pipeline = played(town, events=False, settle_minutes=0, lag_days=3)

    assert Counter(pipeline.world.publisher.days) == Counter(MISSED | DIES)
    assert min(pipeline.whole_at[day].date() - day for day in MISSED | DIES) == timedelta(days=3)
