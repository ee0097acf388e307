"""`gapheal init`: a first pipeline file from the datasets themselves. Reads everything, writes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gapheal import spec
from gapheal.app.draft import choosing, looking, writing
from gapheal.app.draft.found import Found
from gapheal.app.draft.writing import Wanted
from gapheal.bigquery import connect
from gapheal.errors import ConfigError
from gapheal.model.pipeline import Pipeline

_PHASE = re.compile(r"[a-z][a-z0-9_]{0,28}")
"""Short enough for two of them to name a transition."""
_ANYWHERE = "US"
"""Until the datasets have said where they are; metadata is read from everywhere."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A first pipeline file, and what it was made from."""

    text: str
    pipeline: Pipeline
    tables: tuple[Found, ...]

    @property
    def left_out(self) -> dict[str, str]:
        """Tables that are not in the file, and why."""
        return {found.table: found.left_out for found in self.tables if found.left_out}

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        taken = [
            {
                "phase": found.phase,
                "table": found.table,
                "date_column": found.date_column,
                "dates": len(found.dates),
                "first_date": str(found.dates[0]),
                "last_date": str(found.dates[-1]),
                "partitions": f"{found.unit} of {found.cut_by}" if found.unit else None,
                "kept_days": found.kept_days,
                "entities_a_day": dict(found.entities),
            }
            for found in self.tables
            if not found.left_out
        ]
        return {"pipeline": self.text, "transitions": [*self.pipeline.transitions], "tables": taken} | {
            "left_out": self.left_out
        }


def draft(
    datasets: Sequence[tuple[str, str]], *, project: str, name: str, timezone: str | None, named: bool = True
) -> Draft:
    """Look at the datasets, and write down what a pipeline over them could be.

    Args:
        datasets: phase and dataset, in the order of the pipeline; a phase may have several.
        project: where they are, and where the queries run.
        name: of the pipeline.
        timezone: what "today" means; None: UTC, with a note.
        named: whether the project belongs into the file.

    Raises:
        ConfigError: fewer than two phases, no such dataset, or no table of a phase has dates.
        Unavailable: BigQuery did not answer.
    """
    phases = _phases(datasets)
    connection = connect(name, project, _ANYWHERE)
    location = looking.location_of(connection, [dataset for _, dataset in datasets])
    connection = replace(connection, location=location)
    tables = [found for phase, dataset in datasets for found in looking.tables_in(connection, phase, dataset)]
    tables = choosing.with_date_columns(tables)
    usable = [found for found in tables if not found.left_out]
    tables = looking.with_dates(connection, tables, timezone or "UTC", choosing.candidates(usable))
    tables = [choosing.judged(found) for found in tables]
    _check(phases, tables)
    wanted = Wanted(name, project if named else None, location, timezone, phases)
    written = writing.text(wanted, tables)
    return Draft(written, spec.parse(written, "the draft"), tuple(tables))


def _phases(datasets: Sequence[tuple[str, str]]) -> list[str]:
    phases = list(dict.fromkeys(phase for phase, _ in datasets))
    for phase in phases:
        if not _PHASE.fullmatch(phase):
            raise ConfigError(
                f"--dataset: expected a phase of small letters, digits and _, at most 29, found {phase!a}"
            )
    if len(phases) < 2:  # noqa: PLR2004 - a step has two ends
        raise ConfigError(
            f"expected at least two phases, in order, found {', '.join(phases) or 'none'}: "
            "--dataset raw=nba_raw --dataset analytics=nba_analytics"
        )
    return phases


def _check(phases: Sequence[str], tables: Sequence[Found]) -> None:
    """A phase without a table is none."""
    found: Mapping[str, list[Found]] = {phase: [one for one in tables if one.phase == phase] for phase in phases}
    for phase, some in found.items():
        if all(one.left_out for one in some):
            told = "".join(f"\n  {one.table}: {one.left_out}" for one in some) or " the dataset is empty"
            raise ConfigError(f"phase {phase}: expected a table with dates, found none:{told}")
