"""The first pipeline file, as text: beside each word, as a comment, what it was guessed from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from gapheal.app.draft.choosing import entity, other_dates, seasons, usual_day, written_at
from gapheal.app.draft.found import Found

TRIGGER = "the topic or URL that starts the job"


class Wanted(NamedTuple):
    """What a person said."""

    name: str
    project: str | None
    """Written into the file only where it was named."""
    location: str
    timezone: str | None
    phases: Sequence[str]
    """In order."""


def transitions(phases: Sequence[str]) -> list[str]:
    """One step from each phase to the next."""
    return [f"{upstream}_to_{downstream}" for upstream, downstream in pairwise(phases)]


def text(wanted: Wanted, tables: Sequence[Found]) -> str:
    """The whole file; valid, in mode observe."""
    taken = [found for found in tables if not found.left_out]
    usual = Counter(found.date_column for found in taken).most_common(1)[0][0]
    counted = entity(taken)
    parts = [
        _head(wanted),
        _defaults(taken, usual, counted),
        _seasons(wanted, taken),
        _phases(wanted, taken, usual, counted),
        _steps(wanted),
        _left_out(tables),
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(wanted: Wanted) -> Iterator[str]:
    yield "# A first draft by `gapheal init`, from what was found in BigQuery. Read it, mend it; then:"
    yield "#   gapheal validate --live    holds it against the tables, and says what would stay unseen"
    yield "#   gapheal plan               says what would be done, date by date; nothing is sent in mode observe"
    yield "version: 1"
    yield f"pipeline: {wanted.name}"
    if wanted.project:
        yield f"project: {wanted.project}"
    yield f"location: {wanted.location}"
    said = "" if wanted.timezone else '    # what "today" means: a guess, write your own'
    yield f"timezone: {wanted.timezone or 'UTC'}{said}"
    yield ""


def _defaults(taken: Sequence[Found], usual: str | None, counted: str | None) -> Iterator[str]:
    yield "defaults:"
    yield f"  date_column: {usual}"
    also = {name: usual_day(taken, name) for found in taken for name in found.entities if name != counted}
    others = ", ".join(f"{name} ({number:g} a day)" for name, number in also.items())
    if counted:
        yield f"  # What is counted on each date, so that a partial one is seen: {usual_day(taken, counted):g} a day."
        if others:
            yield f"  # Could be counted instead: {others}."
        yield f"  entity_column: {counted}"
    else:
        yield "  # Partial dates stay unseen: no column that names what rows are about stands in two phases."
        yield "  # entity_column: "
    yield "  policy:"
    yield "    mode: observe    # looks and tells, and sends nothing; `heal`, once `gapheal plan` reads right"
    yield "    # max_age_days: 30    # older gaps wait for a person; null: no limit"
    yield ""


def _seasons(wanted: Wanted, taken: Sequence[Found]) -> Iterator[str]:
    first = wanted.phases[0]
    windows = seasons(day for found in taken if found.phase == first for day in found.dates)
    if not windows:
        return
    yield f"# Long holes in the dates of {first}. Where they are seasons, name them, and excuse what lies outside:"
    yield "# seasons:"
    yield "#   season:"
    for window in windows:
        yield f"#     - {{start: {window.start}, end: {window.last}}}"
    yield "# and in a transition's policy:"
    yield "#   excuses: [{reason: off-season, outside: season}]"
    yield ""


def _phases(wanted: Wanted, taken: Sequence[Found], usual: str | None, counted: str | None) -> Iterator[str]:
    yield "phases:"
    for phase, some in groupby(sorted(taken, key=lambda found: wanted.phases.index(found.phase)), lambda f: f.phase):
        yield f"  {phase}:"
        yield "    # Where its job announces finished dates; without it only scans find them:"
        yield f"    # completion_topic: {wanted.name}-{phase}-complete"
        yield "    tables:"
        for found in some:
            yield from _table(found, usual, counted)
    yield ""


def _table(found: Found, usual: str | None, counted: str | None) -> Iterator[str]:
    cut = f"by {found.unit} of {found.cut_by}" if found.unit else "not partitioned by time"
    kept = f", kept {found.kept_days} days" if found.kept_days else ""
    number = f"{len(found.dates):,} dates" if len(found.dates) > 1 else "1 date"
    yield f"      # {number}, {found.dates[0]} .. {found.dates[-1]}; {cut}{kept}"
    yield f"      - table: {found.table}"
    if found.date_column != usual:
        yield f"        date_column: {found.date_column}"
    if others := other_dates(found):
        yield f"        # other DATE columns: {', '.join(others)}"
    if counted and counted not in found.columns:
        yield "        entity_column: null"
    if stamp := written_at(found):
        yield f"        # updated_column: {stamp}    # if it is the time of each row's writing: the surest last write"


def _steps(wanted: Wanted) -> Iterator[str]:
    yield "transitions:"
    for name, downstream in zip(transitions(wanted.phases), wanted.phases[1:], strict=True):
        topic = f"{wanted.name}-{downstream}-trigger"
        yield f"  {name}:"
        yield f"    trigger: {{pubsub: {{topic: {topic}}}}}    # a guess: name what the job of {downstream} listens to"
        yield "    # policy: {batch_size: 31, lease_minutes: 120}    # dates a message; longer than the slowest job"


def _left_out(tables: Sequence[Found]) -> Iterator[str]:
    lacking: Mapping[str, str] = {found.table: found.left_out for found in tables if found.left_out}
    if not lacking:
        return
    yield ""
    yield "# Left out, and worth a look:"
    for name, why in lacking.items():
        yield f"#   {name}: {' '.join(why.split())}"
