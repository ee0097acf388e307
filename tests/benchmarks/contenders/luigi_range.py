"""Luigi: RangeDaily's missing dates, and of those the ones whose requirement is there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from datetime import date, datetime

from contender import DAY, Pair, run

began = time.process_time()
import luigi  # noqa: E402
from luigi.task_register import Register  # noqa: E402
from luigi.tools.range import RangeDailyBase  # noqa: E402

imported = time.process_time() - began
HELD: dict[str, frozenset[date]] = {}


class Upstream(luigi.Task):
    """Complete where upstream has the date."""

    day = luigi.DateParameter()

    def complete(self) -> bool:
        return self.day in HELD["upstream"]


class Downstream(luigi.Task):
    """Complete where the downstream has the date."""

    day = luigi.DateParameter()

    def requires(self) -> Upstream:
        return Upstream(day=self.day)

    def complete(self) -> bool:
        return self.day in HELD["downstream"]


class Bulk(RangeDailyBase):
    """Looks all dates up at once, as a target that can list itself does."""

    def missing_datetimes(self, finite_datetimes: list[datetime]) -> list[datetime]:
        return [moment for moment in finite_datetimes if moment.date() not in HELD["downstream"]]


def prepare(pair: Pair) -> luigi.Task:
    """The range task, over both sides' targets."""
    Register.clear_instance_cache()  # it would answer for the pair before
    HELD.update(upstream=frozenset(pair.upstream), downstream=frozenset(pair.downstream))
    days = (pair.end - pair.start).days
    last = datetime.combine(pair.end + DAY, datetime.min.time())
    bounds = {"start": pair.start, "stop": pair.end, "now": int(last.timestamp())}
    return Bulk(of=Downstream, **bounds, days_back=days + 10, task_limit=days, param_name="day")


def find(task: luigi.Task) -> Iterable[date]:
    """With `requires` each missing date becomes a task, whose requirement is asked for."""
    if sys.argv[2] == "bulk":
        moments = task.missing_datetimes(task.finite_datetimes(*ends(task)))
        return [moment.date() for moment in moments if moment.date() in HELD["upstream"]]
    return [each.day for each in task.requires() if each.requires().complete()]


def ends(task: luigi.Task) -> tuple[datetime, datetime]:
    """First moment, and the one after the last."""
    return task.parameter_to_datetime(task.start), task.parameter_to_datetime(task.stop)


if __name__ == "__main__":
    run(luigi.__version__, imported, prepare, find)
