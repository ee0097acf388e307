"""The page of wishes: every row names a test that exists and is not skipped."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "seed-coverage.md"
LINK = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")
SKIPS = {"skip", "skipif", "xfail"}
PROMISED = {
    "recent gaps heal": "recent gaps heal by themselves",
    "old ones are alerted": "older gaps are alerted",
    "from arrival, or from the date": "`age_from: date` from the date itself",
    "page above 100": "`page_above: 100`",
    "alerts": "alerts that somebody reads",
    "trends": "trends over time",
    "a dashboard": "a gap dashboard",
    "no silent gaps": "zero silent gaps",
    "human steps": "## Human steps, before and after",
    "mistakes": "## Mistakes that cannot be made any more",
}
"""What the page has to speak of."""


def rows() -> list[str]:
    """The rows of all tables, without their heads."""
    lines = PAGE.read_text().splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if re.fullmatch(r"[| -]+", line)}
    return [
        line for number, line in enumerate(lines) if line.startswith("| ") and number not in heads and "---" not in line
    ]


def links() -> list[tuple[str, str]]:
    """Test and file, each once."""
    return sorted(set(LINK.findall(PAGE.read_text())))


@cache
def found_in(path: str) -> dict[str, bool]:
    """The tests of a file, and whether each of them is skipped."""
    tree = ast.parse((ROOT / path).read_text())
    whole = any(isinstance(node, ast.Assign) and _marks(node.value) and _is_pytestmark(node) for node in tree.body)
    found: dict[str, bool] = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        skipped = whole or (isinstance(node, ast.ClassDef) and any(map(_marks, node.decorator_list)))
        for each in inner:
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                found[each.name] = skipped or any(map(_marks, each.decorator_list)) or _gives_up(each)
    return found


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _marks(node: ast.expr) -> bool:
    """Whether a mark in it skips, or expects to fail."""
    return any(isinstance(each, ast.Attribute) and each.attr in SKIPS for each in ast.walk(node))


def _gives_up(test: ast.FunctionDef) -> bool:
    """Whether it calls `pytest.skip` or `pytest.xfail` itself."""
    calls = (node.func for node in ast.walk(test) if isinstance(node, ast.Call))
    return any(ast.unparse(call) in {"pytest.skip", "pytest.xfail", "pytest.importorskip"} for call in calls)


def test_every_row_names_a_test():
    assert len(rows()) > 50
    assert [row for row in rows() if not LINK.search(row)] == []


def test_every_test_that_is_named_exists():
    assert [(path, name) for name, path in links() if name not in found_in(path)] == []


def test_no_test_that_is_named_is_skipped():
    assert [(path, name) for name, path in links() if found_in(path).get(name)] == []


def test_nothing_on_the_page_looks_like_a_test_and_is_no_link():
    text = PAGE.read_text()

    assert sorted(re.findall(r"\btest_\w+(?!\w*\.py)\b", LINK.sub("", text))) == []


@pytest.mark.parametrize("words", PROMISED.values(), ids=PROMISED)
def test_the_page_speaks_of_all_that_was_promised(words):
    assert words in PAGE.read_text()


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skip\ndef test_a(): ...",
        "@pytest.mark.skipif(True, reason='')\ndef test_a(): ...",
        "@pytest.mark.xfail(strict=True)\ndef test_a(): ...",
        "pytestmark = [pytest.mark.skip]\ndef test_a(): ...",
        "@pytest.mark.skip\nclass TestIt:\n    def test_a(self): ...",
        "def test_a():\n    pytest.skip('')",
    ],
)
def test_a_skipped_test_is_known_as_such(tmp_path, monkeypatch, source):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "test_it.py").write_text(source)
    found_in.cache_clear()

    assert found_in("test_it.py") == {"test_a": True}
    found_in.cache_clear()
