"""A story in memory: tables change, time passes, and each look at them is remembered as the ledger would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gapheal.judge import Case, judge, source_gaps, stopped
from gapheal.judge.needs import tables_of
from gapheal.judge.tried import Tried, tried
from gapheal.model.passes import (
    Action,
    Attempt,
    Count,
    Entry,
    Heal,
    Memory,
    Observations,
    Outcome,
    Request,
    Source,
    TableFacts,
    Verdict,
)
from gapheal.model.pipeline import Pipeline
from gapheal.spec import validated
from gapheal.testing import small_pipeline

SCAN = Request(Source.SCAN)


@dataclass
class Story:
    """One transition; `put` writes a table, `look` judges all that is there and remembers it."""

    pipeline: Pipeline
    name: str = "raw_to_refined"
    now: datetime = datetime(2024, 3, 20, 12, tzinfo=UTC)
    request: Request = SCAN
    tables: dict[str, dict[date, Count]] = field(default_factory=dict)
    facts: dict[str, TableFacts] = field(default_factory=dict)
    entries: dict[date, Entry] = field(default_factory=dict)
    memory: dict[str, object] = field(default_factory=dict)
    """More keys of the memory."""
    outcome: Outcome = "published"
    """What becomes of the triggers."""

    def put(self, table: str, day: date, rows: int = 100, entities: int | None = 10, *, at: datetime | None = None):
        self.tables.setdefault(table, {})[day] = Count(rows, entities, at)

    def drop(self, table: str, day: date):
        self.tables[table].pop(day, None)

    def later(self, **delta: float):
        self.now += timedelta(**delta)

    def look(self, mode="heal", *, remember=True) -> dict[date, Verdict]:
        """The verdicts by date. A gap to be healed is triggered."""
        verdicts = judge(self._case(), mode)
        if remember:
            self.entries |= {v.day: self._remembered(v) for v in verdicts}
            heals = [Heal(v.triggered_at, self.now, v.trigger_id) for v in verdicts if v.triggered_at]
            self.memory["heals"] = (*self._memory().heals, *heals)
            self.memory["baseline"] = False
            self.memory["healed_before"] = self._memory().healed_before or any(v.triggered_at for v in verdicts)
        return {verdict.day: verdict for verdict in verdicts}

    def source_gaps(self) -> list[date]:
        return source_gaps(self._case())

    def tried(self, day: date) -> tuple[list[Tried], str]:
        verdict = self.look(remember=False)[day]
        return tried(self._case(), verdict)

    def stopped(self) -> str | None:
        return stopped(self._case())

    def retry(self, day: date):
        self.entries[day] = self.entries[day]._replace(retried_at=self.now)

    @staticmethod
    def with_message(entry: Entry, message: str) -> Entry:
        return entry._replace(attempts=tuple(attempt._replace(message=message) for attempt in entry.attempts))

    def _case(self) -> Case:
        return Case(self.pipeline, self.name, self._seen(), self._memory(), self.request)

    def _seen(self) -> Observations:
        keys = [key for key, _ in tables_of(self.pipeline, self.name)]
        counts = {key: dict(self.tables.get(key.table, {})) for key in keys}
        return Observations(self.now, counts, {key: self.facts[key.table] for key in keys if key.table in self.facts})

    def _memory(self) -> Memory:
        return Memory(self.entries, **self.memory)

    def _remembered(self, verdict: Verdict) -> Entry:
        before = self.entries.get(verdict.day, Entry())
        complete = verdict.condition == "complete"
        attempts = () if complete else before.attempts
        n = before.n
        if verdict.action is Action.HEAL:
            n += 1
            attempts += (Attempt(n, self.now, self.outcome, verdict.watermark, verdict.rows, verdict.entities),)
        return Entry(
            n=n,
            attempts=attempts,
            condition=verdict.condition,
            action=verdict.action,
            watermark=verdict.watermark,
            code=verdict.reason.code,
            rows=verdict.rows,
            entities=verdict.entities,
            grew_at=verdict.grew_at,
            first_seen_at=verdict.first_seen_at,
            arrived_at=verdict.arrived_at,
            spec=verdict.spec,
            seen_whole=verdict.seen_whole,
            retried_at=None if complete else before.retried_at,
            again_at=None if complete else before.again_at,
        )


def rewritten(pipeline: Pipeline, change: Callable[[dict[str, Any]], object]) -> Pipeline:
    """The pipeline after `change` of its normal form."""
    data = pipeline.model_dump(by_alias=True)
    change(data)
    return validated(data)


@pytest.fixture
def rewrite():
    return rewritten


@pytest.fixture
def two_tables():
    """The small pipeline with a second table `d.second` beside `d.refined`, with the same keys but for those given."""

    def two_tables(second=None, **small):
        def add(data):
            tables = data["phases"]["refined"]["tables"]
            tables.append({**tables[0], "table": "d.second", **(second or {})})

        return rewritten(small_pipeline(**small), add)

    return two_tables


@pytest.fixture
def story():
    """A story of a pipeline; further keys go to it."""
    return Story
