"""The seal of a resolved file: a checksum beside it, which says that these very bytes were validated.

A packaged function is started cold many times and its file never changes, so it is validated once, when it is packed.
Whoever edits the file breaks the seal, and it is validated as any other. The seal keeps mistakes out, nobody else: who
can write the file can write a seal, as they could write the code beside it.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

from gapheal.model.noun import Noun, key
from gapheal.model.pipeline import Pipeline

SUFFIX = ".sha256"


def sealed(name: str, written: bytes) -> tuple[str, bytes]:
    """The name and the content of the seal for a file that was validated; as `sha256sum` writes and checks it."""
    return f"{name}{SUFFIX}", f"{sha256(written).hexdigest()}  {name}\n".encode()


def opened(path: Path, written: bytes) -> Pipeline | None:
    """The pipeline in `written`, the content of `path`; None: it has to be validated.

    Raises:
        OSError: there is a seal that cannot be read.
    """
    name, content = sealed(path.name, written)
    try:
        if path.with_name(name).read_bytes() != content:
            return None
    except FileNotFoundError:
        return None
    return believed(written)


def believed(written: bytes) -> Pipeline | None:
    """The pipeline of a resolved file, whose values are what they should be; None: not what this version writes."""
    try:
        made: Pipeline = _value(Pipeline, json.loads(written))
    except ValueError:
        return None
    return made


def _value(kind: Any, data: Any) -> Any:
    """What `data` stands for as a value of this kind, an annotation; exactly that, nothing is coerced or filled in."""
    origin, parts = get_origin(kind), get_args(kind)
    optional = origin in (Union, UnionType)
    if kind is Any or (optional and data is None):
        return data
    if optional or origin is Annotated:
        return _value(parts[0], data)
    if origin is tuple and type(data) is list:
        return tuple(_value(parts[0], each) for each in data)
    if origin is dict and type(data) is dict:
        return {name: _value(parts[1], each) for name, each in data.items()}
    if origin is Literal and any(type(data) is type(each) and data == each for each in parts):
        return data
    return _single(kind, data) if origin is None else _misfit(data)


def _single(kind: type, data: Any) -> Any:
    if issubclass(kind, Noun) and type(data) is dict and data.keys() == {key(name) for name in kind.KINDS}:
        return kind(**{name: _value(each, data[key(name)]) for name, each in kind.KINDS.items()})
    if kind is date and type(data) is str:
        return date.fromisoformat(data)
    if kind is Decimal and type(data) is float:
        return Decimal(str(data))
    return data if type(data) is kind else _misfit(data)


def _misfit(data: Any) -> NoReturn:
    raise ValueError(data)
