"""Whether two fingerprints of a date tell of the same data."""

from __future__ import annotations


def same_data(before: str | None, now: str) -> bool:
    """Whether what was remembered of a date is what is there now.

    A fingerprint is `rows/entities` of each upstream table, joined by `+`. Where only one of two tells a number, the
    file has changed and not the data: a table or an `entity_column` came or went. An edit of the file must neither
    renew attempts nor make an old backlog young.
    """
    if before is None:
        return False
    old, new = before.split("+"), now.split("+")
    return len(old) != len(new) or all(map(_same_table, old, new))


def _same_table(before: str, now: str) -> bool:
    old_rows, _, old_entities = before.partition("/")
    new_rows, _, new_entities = now.partition("/")
    counted_twice = bool(old_entities and new_entities)
    return old_rows == new_rows and (not counted_twice or old_entities == new_entities)
