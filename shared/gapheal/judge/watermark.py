"""What upstream's data for a date now is, as text, and whether two such texts tell of the same data.

A watermark is a fingerprint of each upstream table, `rows[/entities][@last write]`, joined by `+`; with a lookback
comes, behind `~`, the same of the dates before, all together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gapheal.model.passes import Count

_TIME = "%Y%m%dT%H%M%S.%fZ"


def fingerprint(count: Count) -> str:
    """What a table holds of one date."""
    entities = "" if count.entities is None else f"/{count.entities}"
    written = f"@{count.written_at.astimezone(UTC).strftime(_TIME)}" if count.written_at else ""
    return f"{count.rows}{entities}{written}"


def watermark(own: Iterable[Count], before: Iterable[Count] | None = None) -> str:
    """Of one date's tables; and of the dates before it, where the downstream reads those too (None: it does not)."""
    text = "+".join(map(fingerprint, own))
    return text if before is None else f"{text}~{fingerprint(_together([count for count in before if count.rows]))}"


def last_write(counts: Iterable[Count]) -> datetime | None:
    """The latest of them; None where one that holds rows does not tell."""
    latest = None
    for rows, _, written_at in counts:
        if rows:
            if written_at is None:
                return None
            latest = written_at if latest is None or written_at > latest else latest
    return latest


def same_data(before: str | None, now: str) -> bool:
    """Whether the rows and entities remembered of a date are those that are there now, whenever they were written.

    Where only one of two tells a number, the file has changed and not the data: a table, an `entity_column` or a
    lookback came or went. An edit of the file must neither renew attempts nor make an old backlog young.
    """
    if before is None:
        return False
    (old, _, old_past), (new, _, new_past) = before.partition("~"), now.partition("~")
    same_past = not (old_past and new_past) or _same_table(old_past, new_past)
    old_tables, new_tables = old.split("+"), new.split("+")
    return same_past and (len(old_tables) != len(new_tables) or all(map(_same_table, old_tables, new_tables)))


def _together(counts: list[Count]) -> Count:
    entities = [count.entities for count in counts if count.entities is not None]
    return Count(sum(count.rows for count in counts), sum(entities) if entities else None, last_write(counts))


def _same_table(before: str, now: str) -> bool:
    old_rows, _, old_entities = before.partition("@")[0].partition("/")
    new_rows, _, new_entities = now.partition("@")[0].partition("/")
    counted_twice = bool(old_entities and new_entities)
    return old_rows == new_rows and (not counted_twice or old_entities == new_entities)
