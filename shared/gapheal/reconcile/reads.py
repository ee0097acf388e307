"""What a pass reads: the ledger and the tables, at once where what to look at is known before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gapheal.errors import ConfigError
from gapheal.model.passes import Memory, Observations, Request, Scope
from gapheal.model.pipeline import Pipeline
from gapheal.ports import Ledger, Warehouse
from gapheal.reconcile.scope import reach, remembered, scope_of, unseen

Read = tuple[Memory, Observations | None]
"""What is remembered, and what was seen (None: there was nothing to look at)."""


class Together(Protocol):
    """Reads the ledger and the tables at once: a port that the loop can do without."""

    def read(self, transition: str, dates: frozenset[date] | None, scope: Scope) -> tuple[Memory, Observations]:
        """What `Ledger.recall` of the dates and `Warehouse.observe` of the scope tell, of one moment.

        A job that told both is counted in the memory alone.

        Raises:
            ConfigError: one of them cannot be read; which, they tell when they are read apart.
            Unavailable: BigQuery did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reads:
    """The ports that read."""

    pipeline: Pipeline
    ledger: Ledger
    warehouse: Warehouse
    together: Together | None = None

    def read(self, name: str, request: Request, today: date) -> Read:
        """Memory and observations of one pass over `name`.

        Raises:
            ConfigError: the ledger or a table cannot be read as the file says.
            Unavailable: BigQuery did not answer.
        """
        return self._at_once(name, request, today) or self._apart(name, request, today)

    def _apart(self, name: str, request: Request, today: date) -> Read:
        # The ledger is read before the warehouse: a date that heals in between is seen whole, never the reverse.
        policy = self.pipeline.transitions[name].policy
        memory = self.ledger.recall(name, remembered(policy, request))
        scope = scope_of(policy, request, memory, today)
        if scope is None:
            return memory, None
        # Somebody's own warehouse need not know what is remembered of counts; it is told where somebody asked for it.
        counted = () if memory.counted is None else (memory.counted,)
        return memory, self.warehouse.observe(name, reach(policy, scope), *counted)._replace(judged=scope)

    def _at_once(self, name: str, request: Request, today: date) -> Read | None:
        """The same, of one statement, which reads one snapshot: nothing can heal in between. None: not possible."""
        policy = self.pipeline.transitions[name].policy
        # What `recount: changed` counts hangs on what is remembered.
        guess = scope_of(policy, request, Memory(), today) if self.pipeline.recount == "all" else None
        if self.together is None or guess is None:
            return None
        looked = reach(policy, guess)
        try:
            memory, seen = self.together.read(name, remembered(policy, request), looked)
        except ConfigError:
            return None  # apart, the one at fault names its fault
        scope = scope_of(policy, request, memory, today) or guess
        needed = reach(policy, scope)
        if more := unseen(policy, looked, needed):
            seen = self._also(name, seen, more, needed)
        return memory, seen._replace(judged=scope)

    def _also(self, name: str, seen: Observations, more: Scope, needed: Scope) -> Observations:
        """What was seen, and what only the ledger knows of: `more`; everything `needed` where that cannot be added."""
        if more != needed:
            try:
                return both(seen, self.warehouse.observe(name, more))
            except ConfigError:
                # A table that shows nothing of these few dates may show others: all of them together decide.
                pass
        whole = self.warehouse.observe(name, needed)
        return whole._replace(queries=whole.queries + seen.queries, bytes_billed=whole.bytes_billed + seen.bytes_billed)


def both(seen: Observations, more: Observations) -> Observations:
    """Two observations of different dates as one, of the moment of the first.

    Each date is of one snapshot. The earlier moment is the careful one: what was claimed after it counts as open.
    """
    facts = {**more.facts, **seen.facts}
    buffered = {key: facts[key]._replace(buffered=True) for key, told in more.facts.items() if told.buffered}
    return seen._replace(
        counts={key: {**counts, **more.counts.get(key, {})} for key, counts in seen.counts.items()},
        facts={**facts, **buffered},
        queries=seen.queries + more.queries,
        bytes_billed=seen.bytes_billed + more.bytes_billed,
    )
