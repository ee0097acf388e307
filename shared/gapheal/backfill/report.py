"""What a backfill came to: kept in the ledger at its end, shown at any moment, handed over as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gapheal.backfill.ends import GOOD
from gapheal.backfill.kept import CANCELLED, ROLLED_BACK, Kept
from gapheal.backfill.order import Order
from gapheal.backfill.work import Work
from gapheal.intervals import fold
from gapheal.ports import Ledger, Row


@dataclass(frozen=True, slots=True)
class Progress:
    """What the ledger tells of one transition of a backfill."""

    transition: str
    rows: Sequence[Row]

    @property
    def triggered(self) -> set[date]:
        """Dates that were asked for since it began."""
        return {_day(row) for row in self.rows if row["triggers"]}

    @property
    def healed(self) -> set[date]:
        """Those whose rows were seen."""
        return {_day(row) for row in self.rows if row["healed_at"]}

    @property
    def in_flight(self) -> set[date]:
        """Dates that were asked for and not seen complete since."""
        return {
            _day(row) for row in self.rows if row["triggers"] and row["condition"] != "complete" and _on_its_way(row)
        }

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        conditions = Counter(row["condition"] for row in self.rows if row["condition"])
        return {
            "transition": self.transition,
            "conditions": dict(sorted(conditions.items())),
            "triggered": len(self.triggered),
            "triggers": sum(row["triggers"] for row in self.rows),
            "healed": len(self.healed),
            "in_flight": len(self.in_flight),
            "excused": [str(run) for run in fold(_day(row) for row in self.rows if row["condition"] == "excused")],
            "first_trigger_at": min(filter(None, (row["first_at"] for row in self.rows)), default=None, key=_moment),
            "last_heal_at": max(filter(None, (row["healed_at"] for row in self.rows)), default=None, key=_moment),
        }


def progress(ledger: Ledger, order: Order) -> list[Progress]:
    """What became of the dates of a backfill, by transition.

    Raises:
        GaphealError: the ledger cannot be read.
    """
    wish = order.wish
    rows = [row for row in ledger.backfill_dates(wish.transitions, wish.window, order.started_at) if _day(row) in wish]
    return [Progress(name, [row for row in rows if row["transition"] == name]) for name in wish.transitions]


def final(order: Order, works: Mapping[str, Work], known: Sequence[Progress]) -> dict[str, Any]:
    """The report of one that is through: each phase's check, and every date that is not done.

    Args:
        order: the backfill.
        works: how its dates ended; a step whose gate was closed is not among them.
        known: what the ledger tells; an earlier process may have done the most of it.
    """
    steps = [_step(order, works[each.transition], each) for each in known if each.transition in works]
    left_out = [each.transition for each in known if each.transition not in works]
    passed = all(step["passed"] for step in steps) and (not left_out or order.wish.share is None)
    return {"passed": passed, "steps": steps, "left_out": left_out}


def told(kept: Kept, known: Sequence[Progress]) -> dict[str, Any]:
    """Who, why, range, times, and what became of it; as JSON values."""
    order = kept.order
    return {
        "id": order.id,
        "state": kept.state,
        "who": order.who,
        "why": order.why,
        "start_date": str(order.wish.window.start),
        "end_date": str(order.wish.window.last),
        **order.wish.asked(),
        "states": [{"state": each.state, "at": each.at.isoformat(), "who": each.who} for each in kept.states],
        "progress": [each.plain() for each in known],
        "report": kept.report,
    }


def markdown(said: Mapping[str, Any]) -> str:
    """The same as a page to hand over."""
    return "\n".join(_lines(said)) + "\n"


def _lines(said: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Backfill {said['id']}: {said['state']}"
    yield ""
    dates = f"{said['start_date']} .. {said['end_date']}"
    if said["dates"] is not None:
        dates = f"{len(said['dates'])} dates: " + _runs(said["dates"])
    options = [f"only {said['only']}"] if said["only"] != "all" else []
    options += ["complete dates again"] if said["again"] else []
    options += [f"gate {said['gate']}"]
    yield f"- who: {_cell(said['who'])}"
    yield f"- why: {_cell(said['why'])}"
    yield f"- dates: {dates}"
    yield f"- steps: {', '.join(said['transitions'])} ({', '.join(options)})"
    for each in said["states"]:
        yield f"- {each['state']} {_clock(each['at'])} by {_cell(each['who'])}"
    yield ""
    yield "| step | asked for | triggers | healed | in flight | excused | first trigger | last heal |"
    yield "|---|---|---|---|---|---|---|---|"
    for each in said["progress"]:
        numbers = (each["triggered"], each["triggers"], each["healed"], each["in_flight"])
        excused = ", ".join(run.replace("..", " .. ") for run in each["excused"]) or "none"
        times = (_clock(each["first_trigger_at"]), _clock(each["last_heal_at"]))
        yield "| " + " | ".join(map(str, (each["transition"], *numbers, excused, *times))) + " |"
    yield ""
    yield from _not_done(said["report"], said["state"])
    yield from _put_back((said["report"] or {}).get(ROLLED_BACK, []))


def _not_done(report: Mapping[str, Any] | None, state: str) -> Iterator[str]:
    if report is None or "steps" not in report:
        yield "It was cancelled before its end." if state == CANCELLED else "It has not come to its end."
        return
    left_out = report.get("left_out", [])
    for name in left_out:
        yield f"{name} was left out: its gate was closed."
    for step in report["steps"]:
        if error := step.get("unannounced"):
            yield f"{step['transition']}: the completion event was not published: {_cell(error)}"
            yield ""
    lacking = [(step["transition"], each) for step in report["steps"] for each in step["not_done"]]
    if not lacking:
        yield f"Every {'other ' if left_out else ''}date that was to be done is done."
        return
    if left_out:
        yield ""
    yield "| step | date | what became of it | why |"
    yield "|---|---|---|---|"
    for name, each in lacking:
        yield f"| {name} | {each['date']} | {each['kind']} | {_cell(each['sentence'])} |"


def _put_back(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a rollback has done, and to which rows."""
    if parts:
        yield ""
        yield "| put back | date | table | as of | rows since | rows before | by |"
        yield "|---|---|---|---|---|---|---|"
    for each in parts:
        rows = (each["now"]["rows"], each["after"]["rows"])
        place = (each["transition"], each["date"], each["table"], _clock(each["at"]))
        yield "| " + " | ".join(map(str, (*place, *rows, _cell(each["who"])))) + " |"


def _step(order: Order, work: Work, known: Progress) -> dict[str, Any]:
    kinds = Counter(str(end.kind) for end in work.ends.values())
    bad = sorted((end for end in work.ends.values() if end.kind not in GOOD), key=lambda end: end.day)
    done = {day for day, end in work.ends.items() if end.kind == "done"} | known.healed
    done -= {end.day for end in bad}
    share = Decimal(len(done)) / (len(done) + len(bad)) if done or bad else Decimal(1)
    return {
        "transition": work.name,
        "phase": work.phase,
        "done": len(done),
        "healed": len(known.healed),
        "ends": dict(sorted(kinds.items())),
        "not_done": [end.plain() for end in bad],
        "share": f"{share:.4f}",
        "passed": order.wish.share is None or share >= order.wish.share,
        "announced": work.announced,
        "unannounced": work.unannounced,
    }


def _runs(days: Sequence[str]) -> str:
    return ", ".join(str(run).replace("..", " .. ") for run in fold(map(date.fromisoformat, days)))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _clock(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' ')}Z" if moment else "none"


def _on_its_way(row: Row) -> bool:
    """Asked for after it was last seen healed, and nobody has given it up."""
    healed = row["healed_at"]
    later = healed is None or _moment(row["last_at"]) > _moment(healed)
    return later and row["action"] not in {"stalled", "held"}


def _day(row: Row) -> date:
    return date.fromisoformat(row["partition_date"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
