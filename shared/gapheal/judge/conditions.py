"""What the data alone says of one date: the first condition that fits, with its reason."""

from __future__ import annotations

from datetime import date, timedelta

from gapheal.judge.excuses import excuse_for
from gapheal.judge.reasons import reason
from gapheal.judge.whole import Shortfall, Tables
from gapheal.model.passes import Condition, Reason
from gapheal.model.pipeline import Pipeline, Transition


class Conditions:
    """Judges the dates of one transition from one observation."""

    def __init__(self, pipeline: Pipeline, transition: Transition, tables: Tables) -> None:
        self._pipeline = pipeline
        self._transition = transition
        self._tables = tables

    def of(self, day: date, *, due: bool) -> tuple[Condition, Reason]:
        """The condition of `day` and why. `due` says whether the date may be judged yet."""
        if excused := self._excused(day, due=due):
            return Condition.EXCUSED, excused
        for phase in self._transition.upstream:
            for shortfall in self._tables.shortfalls(phase, day, self._transition):
                return Condition.WAITING, _short("upstream", shortfall)
        downstream = self._transition.downstream
        absent = [
            table.table
            for table in self._tables.required(downstream, day)
            if not self._tables.count(downstream, table, day).rows
        ]
        if absent:
            upstream_rows = self.upstream_rows(day)
            return Condition.MISSING, reason("missing", table=", ".join(absent), upstream_rows=upstream_rows)
        for shortfall in self._tables.shortfalls(downstream, day, self._transition):
            return Condition.PARTIAL, _short("partial", shortfall)
        rows, upstream_rows = self.downstream(day)[0], self.upstream_rows(day)
        return Condition.COMPLETE, reason("complete", rows=rows, upstream_rows=upstream_rows)

    def watermark(self, day: date) -> str:
        """What upstream's data for the date now is: rows and entities, table by table."""
        return "+".join(
            f"{count.rows}" if count.entities is None else f"{count.rows}/{count.entities}"
            for phase in self._transition.upstream
            for count in (self._tables.count(phase, t, day) for t in self._tables.required(phase, day))
        )

    def upstream_rows(self, day: date) -> int:
        """Rows of all required upstream tables together."""
        return sum(self._rows_and_entities(phase, day)[0] for phase in self._transition.upstream)

    def downstream(self, day: date) -> tuple[int, int | None]:
        """Rows and entities of all required downstream tables together; None where none counts entities."""
        return self._rows_and_entities(self._transition.downstream, day)

    def _rows_and_entities(self, phase: str, day: date) -> tuple[int, int | None]:
        counts = [self._tables.count(phase, table, day) for table in self._tables.required(phase, day)]
        counted = [count.entities for count in counts if count.entities is not None]
        return sum(count.rows for count in counts), sum(counted) if counted else None

    def _excused(self, day: date, *, due: bool) -> Reason | None:
        seasons, policy = self._pipeline.seasons, self._transition.policy
        if excuse := excuse_for(policy.excuses, day, seasons):
            return reason("excuse", excuse=excuse.reason)
        downstream = self._transition.downstream
        if not any(True for _ in self._tables.required(downstream, day)):
            required = [table for table in self._pipeline.phases[downstream].tables if table.required]
            found = (excuse_for(table.excuses, day, seasons) for table in required)
            why = sorted({excuse.reason for excuse in found if excuse})
            return reason("tables_excused", excuse=", ".join(why) or "no table is required")
        if not due:
            due_from = day + timedelta(days=policy.lag_days)
            return reason("not_due", due_from=str(due_from), lag_days=policy.lag_days)
        return None


def _short(role: str, shortfall: Shortfall) -> Reason:
    return reason(
        f"{role}_{shortfall.measure}",
        table=shortfall.table,
        found=shortfall.found,
        needed=shortfall.needed,
        yardstick=shortfall.yardstick,
        unit=shortfall.unit,
    )
