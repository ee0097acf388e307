"""The file's form: the pipeline, and the `defaults` that people may write beside it."""

# No `from __future__ import annotations`, as in gapheal.model.pipeline.

from typing import Any, get_args, get_origin

from gapheal.model.fields import ColumnName
from gapheal.model.noun import Noun, key
from gapheal.model.pipeline import Pipeline, Policy
from gapheal.spec.faults import Path


class Defaults(Noun):
    """What tables and transitions take where they do not say otherwise."""

    date_column: ColumnName | None = None
    """Of every table."""
    entity_column: ColumnName | None = None
    """Of every table."""
    policy: Policy = Policy()
    """Of every transition, key by key."""


class File(Pipeline):
    """A pipeline whose phases gapheal keeps caught up, each with the one before it."""

    defaults: Defaults = Defaults()
    """Said once, for every table and transition."""

    def pipeline_alone(self) -> Pipeline:
        """The pipeline, after `defaults` have done their work."""
        return Pipeline(**{name: getattr(self, name) for name in Pipeline.KINDS})


def keys(noun: type[Noun]) -> dict[str, Any]:
    """The keys of a noun as a file writes them, with the kind of each value."""
    return {key(name): _bare(kind) for name, kind in noun.KINDS.items()}


def noun_at(path: Path) -> type[Noun] | None:
    """Which noun stands at a path of the normal form."""
    kind: Any = File
    for step in path:
        if is_noun(kind):
            kind = keys(kind).get(str(step))
        elif get_origin(kind) is dict:
            kind = _bare(get_args(kind)[1])
        elif get_origin(kind) is tuple:
            kind = _bare(get_args(kind)[0])
        else:
            return None
    return kind if is_noun(kind) else None


def is_noun(kind: Any) -> bool:
    """Whether a kind of value is a noun."""
    return isinstance(kind, type) and issubclass(kind, Noun)


def _bare(kind: Any) -> Any:
    """The kind without `| None` and without its constraints."""
    while get_args(kind) and get_origin(kind) not in (dict, tuple):
        kind = get_args(kind)[0]
    return kind
