"""Writes costs.md and scale.md from formulas and stated assumptions: `python docs/costs.py`."""  # noqa: INP001

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from gapheal.bigquery import MAX_BYTES_BILLED
from gapheal.claims import PER_SECOND
from gapheal.ledger.schema import sql
from gapheal.warehouse.remembered import TURN_DAYS

COSTS = Path(__file__).with_suffix(".md")
SCALE = COSTS.with_name("scale.md")
VARIABLES = COSTS.parents[1] / "terraform" / "variables.tf"

MIB, GIB, TIB = 2**20, 2**30, 2**40
FEW, MANY = 10, 1_000
HOUR, DAY, MONTH = 3_600, 24, 30

# --- Prices, US dollars, list, 2026-11-23. Where the price differs by region: the cheapest ---------------------------

QUERY_TIB, QUERY_FREE_TIB = 6.25, 1
CPU_SECOND, CPU_FREE = 0.000024, 180_000
GIB_SECOND, GIB_SECOND_FREE = 0.0000025, 360_000
REQUEST_MILLION, REQUEST_FREE = 0.40, 2_000_000
JOB, JOBS_FREE = 0.10, 3
PUBSUB_TIB, PUBSUB_FREE_GIB = 40.0, 10
LOG_GIB, LOG_FREE_GIB = 0.50, 50
CONDITION = 0.10
"""Of an alert policy, a month; from memory, not confirmed."""
ALERTS, ALERTS_EACH = 9, 2
"""Policies of one condition that Terraform makes for a pipeline, and for each of its transitions."""
ALERTS_OF_TEN = ALERTS + 10 * ALERTS_EACH
ALERTS_OF_TEN_COST = ALERTS_OF_TEN * CONDITION

# --- What is assumed of a pipeline -----------------------------------------------------------------------------------

MINIMUM = 10 * MIB
"""BigQuery bills no less for a query, nor for a table that it reads."""
DATE_BYTES, ENTITY_BYTES = 8, 8
HISTORY_DAYS = 5 * 365
WINDOW_DAYS = 90
"""`scan_days`, where a window is set; the seed's own query looked back as far."""
EVENTS_A_DAY = 4
"""Passes by events, a transition: its date is announced on both sides, twice each."""
SCANS, SWEEPS, EVENTS = DAY * MONTH, MONTH, EVENTS_A_DAY * MONTH
PASS_SECONDS, PASS_GIB = 5, 0.5
LOG_BYTES = 4_096
"""gapheal's line of a pass, and Cloud Run's own of the request."""
MESSAGE_BYTES = 1_024
VERDICT_BYTES, VERDICTS_A_DAY = 400, 4
"""Of a row, in the columns that a pass recalls; and rows a transition adds: first sight, ready, whole, and a spare."""
TRIGGER_BYTES, TRIGGERS_A_DAY = 120, 0.5
PASS_BYTES, PASSES_A_DAY = 40, DAY + 1 + EVENTS_A_DAY
WRITES_A_DAY, OPEN_DATES = 3, 1
"""Dates of a table that are written a day, and that are open at each scan: what `recount: changed` counts beside its
thirtieth."""
STATEMENT_SECONDS = 2
SCAN_QUERIES, EVENT_QUERIES = 2, 3
"""Jobs of a pass, its INSERT among them, at most; an event that changes nothing has none."""

QUOTAS = {
    "functions": ("functions and services in a region, no increase", 1_000),
    "jobs": ("Cloud Scheduler jobs in a region", 5_000),
    "subscriptions": ("subscriptions in a project (from memory)", 10_000),
    "burst": ("DML statements on one table in 10 s, all scans in one minute", 25),
    "spread": ("the same, scans spread over the hour", 25),
    "inserts": ("INSERTs into one table a day, 10 at a time", 10 * DAY * HOUR // STATEMENT_SECONDS),
    "queries": ("queries at one moment, spread (queued beyond what slots allow)", 1_000),
    "claims": ("claims a second, one trigger a transition and hour", PER_SECOND),
    "tib": ("TiB that queries may read a day in a project", 200),
}


def recalled() -> int:
    """How many tables of the ledger a pass reads."""
    return len(set(re.findall(r"\$\{ledger\}\.(\w+)", sql("recall", "${ledger}"))))


def recall_bytes(transitions: int, years: float) -> float:
    """What one recall is billed in a ledger that so many transitions share: too small a day to be cut by clusters."""
    days = 365 * years
    rows = (
        (VERDICT_BYTES, VERDICTS_A_DAY),
        (TRIGGER_BYTES, TRIGGERS_A_DAY),
        (PASS_BYTES, PASSES_A_DAY),
    )
    grown = [max(MINIMUM, size * a_day * days * transitions) for size, a_day in rows]
    return sum(grown) + MINIMUM * (recalled() - len(rows))


def table_bytes(rows: float, columns: int = 1, days: int = HISTORY_DAYS) -> float:
    """Of a table that is counted over so many days."""
    return max(MINIMUM, rows * DATE_BYTES * columns * days / HISTORY_DAYS)


def naive(rows: float, days: int = HISTORY_DAYS) -> float:
    """Bytes a month of an hourly `SELECT DISTINCT date` on both sides."""
    return SCANS * 2 * table_bytes(rows, 1, days)


def by_metadata() -> float:
    """Bytes a month where partitions tell all: two datasets, however large the tables."""
    return (SCANS + SWEEPS + EVENTS) * (recall_bytes(1, 1) + 2 * MINIMUM)


def by_counting(rows: float, window: int) -> tuple[float, list[str]]:
    """Bytes a month where both sides count rows and entities, and which passes would read more than they may."""
    kinds = {"scans": (SCANS, window), "sweeps": (SWEEPS, HISTORY_DAYS), "events": (EVENTS, 1)}
    each = {name: 2 * table_bytes(rows, 2, days) for name, (_, days) in kinds.items()}
    refused = [name for name, read in each.items() if read > MAX_BYTES_BILLED]
    recalls = (SCANS + SWEEPS + EVENTS) * recall_bytes(1, 1)
    return recalls + sum(kinds[name][0] * read for name, read in each.items() if name not in refused), refused


def scan(rows: float, dates: float) -> float:
    """Bytes of one scan with `recount: changed` that counts so many dates of both sides: entities, as above."""
    metadata = recall_bytes(1, 1) + 3 * MINIMUM  # remembered counts, and the partitions of two datasets
    return metadata + (2 * max(MINIMUM, 2 * DATE_BYTES * rows * dates / HISTORY_DAYS) if dates else 0)


def recounted() -> float:
    """Dates of a table that the first scan of a day counts."""
    return HISTORY_DAYS / TURN_DAYS + WRITES_A_DAY + OPEN_DATES


def bill(transitions: int, tables: int) -> dict[str, float]:
    """US dollars a month by product, after what is free; a ledger for every ten transitions, a year old."""
    passes = transitions * (SCANS + SWEEPS + EVENTS)
    sharing = min(transitions, 10)
    read = passes * (recall_bytes(sharing, 1) + tables * MINIMUM)
    messages = transitions * (EVENTS + TRIGGERS_A_DAY * MONTH) * 3  # published, pushed, and again for a second listener
    return {
        "BigQuery": max(0, read / TIB - QUERY_FREE_TIB) * QUERY_TIB,
        "functions": max(0, passes * PASS_SECONDS - CPU_FREE) * CPU_SECOND
        + max(0, passes * PASS_SECONDS * PASS_GIB - GIB_SECOND_FREE) * GIB_SECOND
        + max(0, passes - REQUEST_FREE) / 1e6 * REQUEST_MILLION,
        "Scheduler": max(0, transitions + ceil(transitions / 10) - JOBS_FREE) * JOB,
        "Pub/Sub": max(0, messages * MESSAGE_BYTES / GIB - PUBSUB_FREE_GIB) / 1024 * PUBSUB_TIB,
        "logs": max(0, passes * LOG_BYTES / GIB - LOG_FREE_GIB) * LOG_GIB,
    }


def jobs_a_day() -> float:
    """BigQuery jobs of one transition."""
    return (DAY + 1) * SCAN_QUERIES + EVENTS_A_DAY * EVENT_QUERIES


def needs(transitions: int) -> dict[str, float]:
    """What so many transitions ask of each quota, in one project, one region and one ledger."""
    passes_a_day = transitions * PASSES_A_DAY
    return {
        "functions": transitions + 1,
        "jobs": transitions + 1,
        "subscriptions": 3 * transitions,
        "burst": transitions,
        "spread": transitions * 10 / HOUR,
        "inserts": passes_a_day,
        "queries": transitions * jobs_a_day() * STATEMENT_SECONDS / (DAY * HOUR),
        "claims": transitions / HOUR,
        "tib": passes_a_day * (recall_bytes(transitions, 1) + 2 * MINIMUM) / TIB,
    }


# --- The pages -------------------------------------------------------------------------------------------------------


def size(number: float) -> str:
    """Bytes in the unit that fits."""
    for unit, one in (("TiB", TIB), ("GiB", GIB), ("MiB", MIB)):
        if number >= one:
            return f"{number / one:.3g} {unit}" if number / one < MANY else f"{number / one:,.0f} {unit}"
    return f"{number:.0f} B"


def dollars(number: float) -> str:
    """Two digits that matter; cents below ten dollars."""
    return f"${number:.2f}" if number < FEW else f"${float(f'{number:.2g}'):,.0f}"


def _month(number: float) -> str:
    return f"{size(number)}, {dollars(number / TIB * QUERY_TIB)}"


def _counted(number: float, refused: Sequence[str]) -> str:
    told = "" if "scans" in refused else _month(number)
    return "; ".join(filter(None, [told, f"{' and '.join(refused)} refused" if refused else ""]))


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """As Markdown; all columns but the first to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _by_rows() -> str:
    head = (
        "rows a table",
        "date column",
        "naive, all",
        "naive, 90 days",
        "metadata",
        "counted, 90 days",
        "counted, all",
    )
    rows = (
        (
            f"10^{power}",
            size(10**power * DATE_BYTES),
            *map(_month, (naive(10**power), naive(10**power, WINDOW_DAYS), by_metadata())),
            *(_counted(*by_counting(10**power, days)) for days in (WINDOW_DAYS, HISTORY_DAYS)),
        )
        for power in range(6, 11)
    )
    return table(head, rows)


def _scans() -> str:
    head = (
        "rows a table",
        "naive, all",
        "counted, all",
        "changed, first of a day",
        "changed, one date open",
        "changed, nothing open",
        "changed, mean of a day",
    )
    rows = (
        (
            f"10^{power}",
            size(naive(10**power) / SCANS),
            _told(recall_bytes(1, 1) + 2 * table_bytes(10**power, 2)),
            *(_told(scan(10**power, dates)) for dates in (recounted(), OPEN_DATES, 0)),
            _told((scan(10**power, recounted()) + (DAY - 1) * scan(10**power, OPEN_DATES)) / DAY),
        )
        for power in range(6, 11)
    )
    return table(head, rows)


def _told(read: float) -> str:
    return f"{size(read)}, refused" if read > MAX_BYTES_BILLED else size(read)


def _bills() -> str:
    kinds = ((1, 2), (4, 5), (10, 4), (100, 4), (1_000, 4))
    names = list(bill(1, 1))
    rows = (
        (f"{count:,}, {tables}", *(dollars(cost[name]) for name in names), f"**{dollars(sum(cost.values()))}**")
        for count, tables in kinds
        for cost in [bill(count, tables)]
    )
    return table(("transitions, tables each", *names, "a month"), rows)


def _ledgers() -> str:
    head = ("transitions in one ledger", "a recall, new", "after 1 year", "after 5 years", "all scans of a month then")
    rows = (
        (
            f"{count:,}",
            *(size(recall_bytes(count, years)) for years in (0, 1, 5)),
            _month(SCANS * count * recall_bytes(count, 5)),
        )
        for count in (1, 10, 100, 1_000)
    )
    return table(head, rows)


def _quotas() -> str:
    sizes = (10, 1_000, 10_000)
    rows = (
        (says, f"{limit:,}", *(_need(needs(count)[name], limit) for count in sizes))
        for name, (says, limit) in QUOTAS.items()
    )
    return table(("quota", "limit", *(f"{count:,} transitions" for count in sizes)), rows)


def _need(need: float, limit: float) -> str:
    told = f"{need:,.0f}" if need >= FEW else f"{need:.2g}"
    return f"**{told}** ✗" if need > limit else told


def _spacing() -> str:
    """Minutes between the scans of a chain, as Terraform has them."""
    found = re.search(r'"scan_spacing_minutes".*?default += (\d+)', VARIABLES.read_text(), re.DOTALL)
    return found[1] if found else "some"


def pages() -> dict[Path, str]:
    """The text of both pages, by their paths."""
    facts = {name: value for name, value in globals().items() if isinstance(value, int | float)} | {
        "recalled": recalled(),
        "guard": size(MAX_BYTES_BILLED),
        "minimum": size(MINIMUM),
        "pass": size(recall_bytes(1, 1) + 2 * MINIMUM),
        "by_rows": _by_rows(),
        "scans": _scans(),
        "turn": TURN_DAYS,
        "recounted": f"{recounted():.0f}",
        "bills": _bills(),
        "ledgers": _ledgers(),
        "quotas": _quotas(),
        "share": f"{recall_bytes(1, 1) / (recall_bytes(1, 1) + 2 * MINIMUM):.0%}",
        "metadata_month": dollars(by_metadata() / TIB * QUERY_TIB),
        "squared": _month(SCANS * 1_000 * recall_bytes(1_000, 5)),
        "split": _month(SCANS * 1_000 * recall_bytes(10, 5)),
        "claim_minutes": f"{10_000 / PER_SECOND / 60:.0f}",
        "gathered": f"{25 * HOUR / 10:,.0f}",
        "spacing": _spacing(),
        **{name: limit for name, (_, limit) in QUOTAS.items()},
    }
    folder = COSTS.parent / "templates"
    return {path: (folder / f"{path.name}.txt").read_text().format_map(facts) for path in (COSTS, SCALE)}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
        sys.stdout.write(f"{path.name}: {len(text.splitlines())} lines\n")
