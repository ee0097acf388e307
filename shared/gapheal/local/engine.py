"""Runs bqemulator without two costs that come with its every statement: `python -m gapheal.local.engine start …`.

It parses the same text a dozen times, once for each of its checks, and so do the generators of its SQL with their
own templates; here a text is parsed once, and copied. And DuckDB looks for pandas through the whole path at every
value that it takes or gives; here it is told at once that there is none.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from runpy import run_module
from typing import Any

from sqlglot.dialects.dialect import Dialect

KEPT = 256
"""Texts whose parsed form is kept: those of a statement, and the templates."""

Parse = Callable[..., list[Any]]
"""Of a text, its statements as trees."""


def parsing_once(parse: Parse) -> Parse:
    """`parse`, remembering the trees of what it was last asked for; everybody gets trees of their own."""
    parsed: OrderedDict[object, list[Any]] = OrderedDict()

    def remembered(self: Any, sql: str, **options: Any) -> list[Any]:
        key = (type(self), self.normalization_strategy, repr(self.settings), sql, repr(sorted(options.items())))
        trees = parsed.get(key)
        if trees is None:
            trees = parsed[key] = parse(self, sql, **options)
            if len(parsed) > KEPT:
                parsed.popitem(last=False)
        parsed.move_to_end(key)
        return [tree and tree.copy() for tree in trees]

    return remembered


def main() -> None:
    """Be bqemulator."""
    sys.modules["pandas"] = None  # type: ignore[assignment]  # Python's own way to say that there is no such module
    Dialect.parse = parsing_once(Dialect.parse)  # type: ignore[method-assign]
    run_module("bqemulator", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
