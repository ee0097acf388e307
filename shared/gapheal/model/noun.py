"""What the nouns of `pipeline.yaml` have in common: frozen values whose fields are declared as a dataclass's are.

A dataclass is compiled when its module is imported, a pydantic model even more so; together they were a third of what
gapheal added to a function's start. A noun costs nothing until there is one. It believes what it is given: files are
validated in `gapheal.spec`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, NoReturn, Self, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Noun:
    """A frozen value. `model_copy` and its kin are called as on a pydantic model."""

    KINDS: ClassVar[Mapping[str, Any]] = {}
    """Each field's annotation, by name; its default is the class's attribute of that name."""

    def __init_subclass__(cls) -> None:
        cls.KINDS = {**cls.KINDS, **cls.__annotations__}

    def __init__(self, **values: Any) -> None:
        if unknown := values.keys() - self.KINDS.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        if missing := [name for name in self.KINDS if name not in values and not hasattr(type(self), name)]:
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")
        kept = self.__dict__
        for name in self.KINDS:
            kept[name] = values[name] if name in values else getattr(type(self), name)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: make another one with model_copy")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with other values, by the fields' names."""
        return type(self)(**{**self.__dict__, **update})

    def model_dump(self, *, by_alias: bool = False, exclude: Collection[str] = ()) -> dict[str, Any]:
        """As JSON values, by the fields' names; `by_alias`: by the keys that a file writes."""
        return {
            key(name) if by_alias else name: _plain(value, by_alias=by_alias)
            for name, value in self.__dict__.items()
            if name not in exclude
        }

    def model_dump_json(
        self, *, by_alias: bool = False, exclude: Collection[str] = (), include: Collection[str] | None = None
    ) -> str:
        """The same as text, without a blank: the ledger keeps hashes of it. `include`: only these fields."""
        others = self.KINDS.keys() - (self.KINDS if include is None else include)
        data = self.model_dump(by_alias=by_alias, exclude={*exclude, *others})
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def key(name: str) -> str:
    """How a file writes a field: `from_` is `from`, a word that Python keeps for itself."""
    return name.removesuffix("_")


def _plain(value: Any, *, by_alias: bool) -> Any:
    match value:
        case Noun():
            return value.model_dump(by_alias=by_alias)
        case dict():
            return {name: _plain(each, by_alias=by_alias) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each, by_alias=by_alias) for each in value]
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value
