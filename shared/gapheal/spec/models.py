"""A pydantic model for each noun: what validates a file, and what its JSON Schema is generated from.

Whoever reads a file that is validated already does not import this module, nor pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, create_model, field_validator, model_validator

from gapheal.model.excuses import Excuse, Season
from gapheal.model.noun import Noun, key
from gapheal.model.pipeline import Pipeline, Trigger
from gapheal.spec.kinds import MEANINGS, unfit
from gapheal.spec.written import File


class Model(BaseModel):
    """Closed: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)
    noun: ClassVar[type[Noun]]


def file_of(data: Any) -> File:
    """The file that `data` says, if it is in the normal form.

    Raises:
        ValidationError: all that is wrong with it.
    """
    made: File = _noun_of(model_of(File).model_validate(data, by_alias=True, by_name=False))
    return made


def pipeline_of(data: Any) -> Pipeline:
    """The same without `defaults`.

    Raises:
        ValidationError: all that is wrong with it.
    """
    return file_of(data).pipeline_alone()


def model_of(noun: type[Noun]) -> type[Model]:
    """The model that has the noun's name, docstring, fields and defaults, and what its fields demand of each other."""
    if noun not in _MODELS:
        _MODELS[noun] = _made(noun)
    return _MODELS[noun]


def _made(noun: type[Noun]) -> type[Model]:
    fields: dict[str, Any] = {}
    for name, kind in noun.KINDS.items():
        more: dict[str, Any] = {} if key(name) == name else {"alias": key(name)}
        if hasattr(noun, name):
            more["default"] = _default(getattr(noun, name))
        fields[name] = (_translated(kind), Field(**more))
    rules: dict[str, Callable[..., Any]] = dict(_RULES.get(noun, {}))
    made = create_model(noun.__name__, __base__=Model, __doc__=noun.__doc__, __validators__=rules, **fields)
    made.noun = noun
    return made


def _translated(kind: Any) -> Any:
    """An annotation of a noun as pydantic has to see it."""
    if isinstance(kind, type) and issubclass(kind, Noun):
        return model_of(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        meanings = [meaning for name in parts[1:] for meaning in MEANINGS[name]]
        return reduce(lambda made, meaning: Annotated[made, meaning], meanings, _translated(parts[0]))
    if origin in (Union, UnionType):
        return reduce(or_, map(_translated, parts))
    if origin in (tuple, dict):
        return origin[tuple(part if part is ... else _translated(part) for part in parts)]
    return kind


def _default(value: Any) -> Any:
    return model_of(type(value)).model_construct() if isinstance(value, Noun) else value


def _noun_of(value: Any) -> Any:
    match value:
        case Model():
            return value.noun(**{name: _noun_of(getattr(value, name)) for name in value.noun.KINDS})
        case dict():
            return {name: _noun_of(each) for name, each in value.items()}
        case tuple():
            return tuple(map(_noun_of, value))
        case _:
            return value


def _window_in_order(end: date, info: ValidationInfo) -> date:
    start = info.data.get("start", end)
    if end < start:
        raise unfit(f"the window ends on {end}, before it starts on {start}; swap them")
    return end


def _excuse_in_order(to: date | None, info: ValidationInfo) -> date | None:
    start = info.data.get("from_")
    if to and start and to < start:
        raise unfit(f"the excuse ends on {to}, before it starts on {start}; swap `from` and `to`")
    return to


def _excuses_something(excuse: Any) -> Any:
    if excuse.first_days and not excuse.season:
        raise unfit("`first_days` counts from a season's start; write `season` beside it")
    if excuse.season and not excuse.first_days:
        raise unfit("`season` alone excuses nothing; write `first_days` beside it, or `outside` in its place")
    conditions = (excuse.first_days, excuse.outside, excuse.upstream_entities_below, excuse.from_, excuse.to)
    if not excuse.dates and not any(conditions):
        raise unfit(
            "an excuse needs a condition: dates, first_days with season, outside, from, to or upstream_entities_below",
        )
    return excuse


def _one_target(trigger: Any) -> Any:
    if (trigger.pubsub is None) == (trigger.http is None):
        raise unfit("a trigger has exactly one target; write either `pubsub` or `http`")
    return trigger


def _one_content(trigger: Any) -> Any:
    if trigger.payload is not None and trigger.fan_out:
        raise unfit("`fan_out` replaces `payload`; write one of them")
    return trigger


_MODELS: dict[type[Noun], type[Model]] = {}
_AFTER = model_validator(mode="after")
_RULES: Mapping[type[Noun], Mapping[str, Any]] = {
    Season: {"in_order": field_validator("end")(_window_in_order)},
    Excuse: {"in_order": field_validator("to")(_excuse_in_order), "excuses_something": _AFTER(_excuses_something)},
    Trigger: {"one_target": _AFTER(_one_target), "one_content": _AFTER(_one_content)},
}
