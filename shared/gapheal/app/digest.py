"""The digest of a sweep as text: what stands open, by transition, with the command that helps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from gapheal.app.sweeping import Sweep
from gapheal.intervals import fold
from gapheal.model.findings import Finding
from gapheal.model.pipeline import Pipeline

RUNS = 5
"""Runs of dates that are named; the command shows all of them."""


def title(pipeline: Pipeline, day: date) -> str:
    """What the digest of a day is announced by."""
    return f"{pipeline.pipeline}: gapheal's digest of {day}"


def digest(sweep: Sweep, findings: Sequence[Finding]) -> str:
    """Every finding in its place; one line where there is none."""
    return "\n".join(lines(sweep, findings))


def lines(sweep: Sweep, findings: Sequence[Finding]) -> Iterator[str]:
    """The same, line by line."""
    swept = f"{len(sweep.names)} transitions swept" if len(sweep.names) > 1 else f"{sweep.names[0]} swept"
    count = "nothing to tell" if not findings else "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    yield f"{swept}, {count}"
    before: str | None = ""
    for finding in findings:
        if finding.transition != before:
            yield ""
            yield finding.transition or "the pipeline as a whole"
        before = finding.transition
        yield f"  {str(finding.kind).replace('_', ' ')}: {finding.sentence}{_dates(finding.dates)}"
        yield f"    {finding.command}"
    for heading, some in (("Went wrong", sweep.errors), ("Not known", sweep.unknown)):
        if some:
            yield ""
            yield f"{heading}:"
            yield from (f"  {line}" for line in some)


def _dates(days: Sequence[date]) -> str:
    runs = [str(run).replace("..", " to ") for run in fold(days)]
    more = f" and {len(runs) - RUNS} more runs" if len(runs) > RUNS else ""
    return f" ({', '.join(runs[:RUNS])}{more})" if runs else ""
