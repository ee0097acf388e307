"""Whether a whole date was made from older input than there is now, table by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from gapheal.judge.case import Case
from gapheal.judge.reasons import moment, reason
from gapheal.judge.watermark import fingerprint
from gapheal.judge.whole import together
from gapheal.model.passes import GAPS, Condition, Count, Reason
from gapheal.model.pipeline import Table


class Stale:
    """Judges dates whose rows are all there.

    What was once seen whole with this very input is stale no more: so a re-run that wrote nothing ends, and a report
    is told once.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def of(self, day: date) -> Reason | None:
        """Why `day` is stale, by the first table that is."""
        if asked := self._again(day):
            return asked
        if self._case.policy.stale == "ignore" or self._buffered(day):
            return None
        return next((why for _, why in self._tables(day)), None)

    def _again(self, day: date) -> Reason | None:
        """Why a date that a person asked for anew is not made anew yet.

        It is once every table that tells its last write was written after the first trigger since; where none tells,
        once there are more or fewer rows or entities than at that trigger.
        """
        case, entry = self._case, self._case.entry(day)
        if entry.again_at is None:
            return None
        phase = case.transition.downstream
        counts = {table.table: case.tables.count(phase, table, day) for table in case.tables.required(phase, day)}
        since = (a for a in entry.attempts if a.delivered and a.claimed_at > entry.again_at)
        if sent := next(since, None):
            telling = {name: count.written_at for name, count in counts.items() if count.written_at}
            before = [name for name, written_at in telling.items() if written_at <= sent.claimed_at]
            if not before and (telling or together(counts.values()) != (sent.rows, sent.entities)):
                return None
            counts = {name: count for name, count in counts.items() if name in before} or counts
        return reason("again", table=", ".join(counts), asked_at=moment(entry.again_at))

    def seen_whole(self, day: date, condition: Condition) -> Mapping[str, tuple[str, str]]:
        """What to remember of each table that is whole: upstream's watermark, and its own.

        Args:
            day: the date.
            condition: of the date; of a complete one every table is whole, and none is stale any more.
        """
        case, phase = self._case, self._case.transition.downstream
        if case.policy.stale == "ignore":
            return {}
        entry = case.entry(day)
        kept = dict(entry.seen_whole) if entry.spec == case.spec else {}
        if condition is not Condition.COMPLETE and condition not in GAPS:
            return kept
        left_out: set[str] = set()
        if condition is not Condition.COMPLETE:
            left_out.update(short.table for short in case.tables.shortfalls(phase, day, case.transition))
            left_out.update(table.table for table, _ in self._tables(day))
        for table, count in case.tables.due(phase, day):
            if table.table not in left_out:
                kept[table.table] = (case.watermark(day), fingerprint(count))
        return kept

    def _tables(self, day: date) -> Iterator[tuple[Table, Reason]]:
        case = self._case
        if day in case.rebuilt and case.entry(day).condition is not Condition.STALE:
            return  # what was stale before is so still: its newer input is in the rebuilt table, too
        for table, count in case.tables.due(case.transition.downstream, day):
            if why := self._table(day, table, count):
                yield table, why

    def _table(self, day: date, table: Table, count: Count) -> Reason | None:
        case, entry = self._case, self._case.entry(day)
        before = entry.seen_whole.get(table.table) if entry.spec == case.spec else None
        if before and before[0] == case.watermark(day):
            return None
        if count.written_at and (written := case.last_write(day)):
            late = timedelta(minutes=case.policy.stale_after_minutes)
            if written - count.written_at <= late:
                return None
            return reason(
                "stale_written",
                table=table.table,
                upstream_written_at=moment(written),
                written_at=moment(count.written_at),
                stale_after_minutes=case.policy.stale_after_minutes,
            )
        if before and before[1] == fingerprint(count):
            return reason("stale_changed", table=table.table, made_from=before[0], upstream=case.watermark(day))
        return None

    def _buffered(self, day: date) -> bool:
        """Rows in a streaming buffer: last writes tell nothing of them."""
        transition, tables = self._case.transition, self._case.tables
        return tables.some_buffered and any(
            tables.facts(phase, table).buffered
            for phase in (*transition.upstream, transition.downstream)
            for table in tables.required(phase, day)
        )
