"""Where backfills are begun, taken up again, ended and cancelled: each word of it is a row of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gapheal.app import App
from gapheal.backfill import kept, report
from gapheal.backfill.kept import Kept
from gapheal.backfill.lifted import lifted
from gapheal.backfill.order import Order, Wish
from gapheal.backfill.plan import Plan, plan
from gapheal.backfill.words import AFTER, AGAIN, CANCEL, rows
from gapheal.backfill.work import Work
from gapheal.errors import ConfigError
from gapheal.intervals import fold


@dataclass(frozen=True, slots=True)
class Desk:
    """One pipeline's backfills."""

    app: App

    def find(self, name: str) -> Kept:
        """The backfill of that name, if its steps are still in the file.

        Raises:
            ConfigError: there is none, or it has steps that the file no longer has.
            GaphealError: the ledger cannot be read.
        """
        found = kept.find(self.app.loop.ledger, name)
        if gone := [step for step in found.order.wish.transitions if step not in self.app.pipeline.transitions]:
            known = ", ".join(self.app.pipeline.transitions)
            raise ConfigError(f"backfill {name}: expected steps of the file ({known}), found {', '.join(gone)}")
        return found

    def same(self, wish: Wish) -> Kept | None:
        """The open backfill that was asked for in the same words."""
        return kept.same(wish, kept.every(self.app.loop.ledger))

    def plan(self, wish: Wish, order: Order | None = None) -> Plan:
        """What is to be done; of a backfill that has begun, what is left.

        Raises:
            Unavailable: a service did not answer.
        """
        known = kept.every(self.app.loop.ledger)
        others = kept.before(order, known) if order else [each for each in known if each.is_open]
        anew = self._asked_anew(order) if order and wish.again else {}
        return plan(lifted(self.app, wish), wish, others, anew)

    def begin(self, planned: Plan, who: str, why: str) -> Order:
        """Keep a new backfill; whoever begins another from now on is told which dates this one holds.

        Raises:
            GaphealError: the ledger could not keep it.
        """
        name = f"{planned.now:%Y%m%d}-{self.app.loop.new_id()[:4]}"
        order = Order(name, planned.wish, who, why, planned.now)
        self.app.loop.ledger.keep_backfill(order.row(kept.STARTED, planned.now))
        return order

    def resume(self, found: Kept, who: str) -> Order:
        """Take up a backfill that was left.

        Raises:
            ConfigError: it has ended.
            GaphealError: the ledger could not keep it.
        """
        found.must_be_open()
        self._say(found.order, kept.RESUMED, who)
        return found.order

    def interrupt(self, order: Order, who: str) -> None:
        """Keep that its process has ended before it."""
        self._say(order, kept.INTERRUPTED, who)

    def finish(self, order: Order, works: Mapping[str, Work], who: str) -> dict[str, Any]:
        """Keep what it came to, and free its dates; the report."""
        known = report.progress(self.app.loop.ledger, order)
        final = report.final(order, works, known)
        self._say(order, kept.FINISHED, who, final)
        return final

    def cancel(self, found: Kept, who: str) -> dict[str, Any]:
        """End it now: what it has not triggered is free at once; what is still in flight.

        Raises:
            ConfigError: it has ended.
            GaphealError: the ledger could not keep it.
        """
        found.must_be_open()
        order, ledger = found.order, self.app.loop.ledger
        known = report.progress(ledger, order)
        flying = {each.transition: each.in_flight for each in known}
        said: dict[str, dict[date, str]] = defaultdict(dict)
        at = self.app.loop.clock.now()
        for row in ledger.backfill_words(order.id):
            day = date.fromisoformat(row["partition_date"])
            if row["decision"] != CANCEL and day not in flying.get(row["transition"], ()):
                said[row["transition"]][day] = CANCEL
                at = max(at, datetime.fromisoformat(row["observed_at"]))
        taken_back = [row for name, days in said.items() for row in rows(order, name, days, at)]
        if taken_back:
            ledger.decide(taken_back)
        answer = {
            "id": order.id,
            "freed": len(taken_back),
            "in_flight": {name: [str(run) for run in fold(days)] for name, days in flying.items() if days},
        }
        self._say(order, kept.CANCELLED, who, answer)
        return answer

    def told(self, found: Kept) -> dict[str, Any]:
        """Everything about it, for whoever takes over."""
        return report.told(found, report.progress(self.app.loop.ledger, found.order))

    def _asked_anew(self, order: Order) -> dict[str, set[date]]:
        found: dict[str, set[date]] = defaultdict(set)
        for row in self.app.loop.ledger.backfill_words(order.id):
            if row["decision"] == AGAIN:
                found[row["transition"]].add(date.fromisoformat(row["partition_date"]))
        return found

    def _say(self, order: Order, state: str, who: str, said: Mapping[str, Any] | None = None) -> None:
        # This machine's clock may be behind the one that told the state before.
        last = kept.find(self.app.loop.ledger, order.id).states[-1].at
        at = max(self.app.loop.clock.now(), last + AFTER)
        self.app.loop.ledger.keep_backfill(order.row(state, at, said, who))
