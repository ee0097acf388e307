"""The JSON Schema of the file as people write it, for editors."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any

from gapheal.model.noun import Noun, key
from gapheal.spec.written import File

_REF = "#/$defs/"


def json_schema() -> dict[str, Any]:
    """The model's own schema, widened by the shorthands and by what has a default only the normaliser knows."""
    from gapheal.spec.models import model_of  # noqa: PLC0415 - imports pydantic

    schema = model_of(File).model_json_schema(by_alias=True)
    nouns = schema["$defs"]
    for kind in _nouns(Noun):
        properties = (schema if kind is File else nouns.get(kind.__name__, {})).get("properties", {})
        for name, meaning in _meanings(kind).items():
            if name in properties:
                properties[name]["description"] = meaning
    _optional(schema, "ledger_dataset")
    _optional(nouns["Table"], "date_column")
    _optional(nouns["Expected"], "date_column")
    _optional(nouns["Transition"], "upstream", "downstream", "trigger")
    for noun in ("phases", "transitions"):
        schema["properties"][noun]["additionalProperties"] = False

    table = {"anyOf": [nouns["Table"]["properties"]["table"], {"$ref": f"{_REF}Table"}]}
    tables = nouns["Phase"]["properties"]["tables"] | {"items": table}
    nouns["Phase"]["properties"]["tables"] = tables
    _widen(schema["properties"]["phases"]["patternProperties"], tables)
    upstream = nouns["Transition"]["properties"]["upstream"]
    nouns["Transition"]["properties"]["upstream"] = upstream | {"type": ["array", "string"], "minLength": 1}
    # Editors that speak YAML 1.1 read an unquoted `off` as false, as PyYAML does.
    schema["properties"]["metadata"] |= {"type": ["string", "boolean"], "enum": ["auto", "off", "on", True, False]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "gapheal pipeline"}


def _nouns(noun: type[Noun]) -> Iterator[type[Noun]]:
    for kind in noun.__subclasses__():
        yield kind
        yield from _nouns(kind)


def _meanings(noun: type[Noun]) -> dict[str, str]:
    """What the docstring below each attribute says of it, by the key that a file writes; its bases' too."""
    found = {}
    for kind in reversed(noun.__mro__[: noun.__mro__.index(Noun)]):
        written = ast.parse(dedent(inspect.getsource(kind))).body[0]
        lines = written.body if isinstance(written, ast.ClassDef) else []
        for line, below in pairwise(lines):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                match below:
                    case ast.Expr(ast.Constant(str(text))):
                        found[key(line.target.id)] = inspect.cleandoc(text)
    return found


def _optional(noun: dict[str, Any], *keys: str) -> None:
    noun["required"] = [key for key in noun["required"] if key not in keys]


def _widen(values: dict[str, Any], shorthand: dict[str, Any]) -> None:
    for pattern, value in values.items():
        values[pattern] = {"anyOf": [shorthand, value]}
