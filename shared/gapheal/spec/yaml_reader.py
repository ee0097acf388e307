"""YAML as plain data, from PyYAML's node graph: so that every value keeps its line and no trap passes silently.

PyYAML's own constructors would let the last of two equal keys win, read `010` as 8 and `{date}` as a mapping.
Dates stay the text that they were written as; the model knows which fields are dates.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from gapheal.spec.document import Document
from gapheal.spec.faults import Fault, Path, SpecError, show

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_TEXTS = frozenset(f"{_TAG}{kind}" for kind in ("str", "timestamp", "value"))
_TRUE = frozenset({"yes", "true", "on"})
_FALSE = frozenset({"no", "false", "off"})
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_MOST_VALUES = 50_000
_HOLDER = re.compile(r"\{\s*\w+\s*\}")


class _TooMuch(Exception):
    """Aliases of aliases can make a small file as large as they like."""


def read_yaml(text: str, name: str) -> Document:
    """The one document in `text`.

    Raises:
        SpecError: it is not YAML.
    """
    try:
        node = yaml.SafeLoader(text).get_single_node()
        reader = _Reader(text)
        data = reader.value(node, ()) if node else None
    except yaml.MarkedYAMLError as error:
        raise SpecError(name, [_syntax_fault(error, text)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"expected printable text, found U+{error.character:04X}; leave it out"
        raise SpecError(name, [Fault("", line, message)]) from None
    except _TooMuch:
        message = f"expected at most {_MOST_VALUES} values, found more; use fewer aliases"
        raise SpecError(name, [Fault("", None, message)]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise SpecError(name, [Fault("", None, f"expected YAML, found a mistake: {error}")]) from None
    return Document(data, reader.lines, reader.raw, tuple(reader.faults))


def _syntax_fault(error: yaml.MarkedYAMLError, text: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or "unreadable text"
    around = text.splitlines()[max(0, line - 2) : line]
    if "\\t" in problem:
        return Fault("", line, "expected spaces, found a tab; YAML indents with spaces alone")
    if "single document" in (error.context or ""):
        return Fault("", line, "expected one document, found a second behind ---; keep one file per pipeline")
    if any(_HOLDER.search(row) for row in around):
        return Fault("", line, f'expected YAML, found a mistake: {problem}; put templates in quotes: "{{date}}"')
    return Fault("", line, f"expected YAML, found a mistake: {problem}; look at this line and the one before")


class _Reader:
    """Walks the graph once."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.raw: dict[Path, str] = {}
        self.faults: list[tuple[Path, int | None, str]] = []
        self._text = text
        self._open: set[int] = set()
        self._values = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The data of `node`, which stands at `path`."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _TooMuch
        self.lines.setdefault(path, _line(node))
        if id(node) in self._open:
            return self._fault(path, node, "expected a value, found an alias to what it stands in; write it out")
        self._open.add(id(node))
        try:
            return self._of_kind(node, path)
        finally:
            self._open.remove(id(node))

    def _fault(self, path: Path, node: yaml.Node, message: str) -> None:
        self.faults.append((path, _line(node), message))

    def _of_kind(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag == f"{_TAG}seq" and isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]
        if node.tag == f"{_TAG}map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return self._tagged(node, path)

    def _tagged(self, node: yaml.Node, path: Path) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self._fault(path, node, f"expected plain YAML, found the tag {show(tag)}; leave it out")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Any:
        written = self._text[node.start_mark.index : node.end_mark.index]
        if {"payload", "fan_out"} & set(path) and _is_bare_template(written):
            found = " ".join(written.split())
            mend = found.replace("{{", "{").replace("}}", "}")
            told = f'found {found} without quotes, which YAML reads as a mapping; write "{mend}"'
            self._fault(path, node, f"expected text, {told}")
            return written
        made = self._merged(node, path)
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self._key(key_node, path)
            if key in seen:
                first = f"the first is on line {seen[key]}"
                self._fault((*path, key), key_node, f"expected one {key}, found a second ({first}); keep one")
            seen.setdefault(key, _line(key_node))
            self.lines[(*path, key)] = _line(key_node)
            made[key] = self.value(value_node, (*path, key))
        return made

    def _merged(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        """What `<<` brings along; the first of several mappings wins, as YAML says."""
        made: dict[str, Any] = {}
        for source in (value for key, value in node.value if key.tag == _MERGE):
            for part in source.value if isinstance(source, yaml.SequenceNode) else [source]:
                value = self.value(part, path)
                if isinstance(value, dict):
                    made = value | made
                else:
                    found = show(value)
                    self._fault(path, part, f"expected a mapping to merge, found {found}; write <<: *name")
        return made

    def _key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode):
            kind = show(["…"] if isinstance(node, yaml.SequenceNode) else {"…": "…"})
            self._fault(path, node, f"expected a name before the colon, found {kind}; write a name")
            return self._text[node.start_mark.index : node.end_mark.index]
        if node.tag not in _TEXTS:
            value = show(self._scalar(node, (*path, node.value)))
            found = node.value if node.value == value else f"{node.value}, which YAML reads as {value}"
            self._fault(
                (*path, node.value),
                node,
                f'expected a name before the colon, found {found}; put it in quotes: "{node.value}"',
            )
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if node.tag in _TEXTS:
            return text
        self.raw[path] = text
        match kind:
            case "null":
                return None
            case "bool" if text.lower() in _TRUE | _FALSE:
                return text.lower() in _TRUE
            case "int" | "float":
                return self._number(node, path)
        return self._tagged(node, path)

    def _number(self, node: yaml.ScalarNode, path: Path) -> float | None:
        constructor = yaml.SafeLoader("")
        text: str = node.value
        whole = node.tag == f"{_TAG}int"
        try:
            value = constructor.construct_yaml_int(node) if whole else constructor.construct_yaml_float(node)
            read = show(value)
        except (ValueError, IndexError, OverflowError):
            self._fault(path, node, f"expected a number, found {show(text)}; write digits")
            return None
        if not whole and not math.isfinite(value):
            self._fault(path, node, f"expected a finite number, found {text}; write one, or quote it")
        elif ":" in text or (whole and not _WHOLE.fullmatch(text)):
            found = f"{text}, which YAML reads as {read}"
            mend = f'write {read}, or put it in quotes: "{text}"'
            self._fault(path, node, f"expected a plain number, found {found}; {mend}")
        return value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_bare_template(written: str) -> bool:
    """`{date}` is a mapping without a single colon, which nobody writes on purpose."""
    return written.startswith("{") and ":" not in written and bool(written.strip("{} \n"))
