"""The pages: what they name is there, and what is there they name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gapheal import spec
from gapheal.cli.commands import command as gapheal

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in ROOT.rglob("*.md") if not str(path.relative_to(ROOT)).startswith("."))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_page_can_be_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        found = LINK.findall(FENCED.sub("", page.read_text()))
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in found if not re.match(r"\w+:|#", link)]
        pages = [target / "README.md" if target.is_dir() else target for target in targets]
        todo += [page for page in pages if page.suffix == ".md"]

    unreached = {page.relative_to(ROOT).as_posix() for page in PAGES} - {
        page.relative_to(ROOT).as_posix() for page in seen
    }
    assert unreached == set()


def tree(command: Any, name: str = "gapheal") -> dict[str, Any]:
    """Every command and group, by all the words that one types."""
    found = {name: command}
    for word, child in getattr(command, "commands", {}).items():
        found |= tree(child, f"{name} {word}")
    return found


COMMANDS = tree(typer.main.get_command(gapheal))
LEAVES = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]


def snippets(page: Path) -> list[str]:
    """What stands as code in a page: inline spans (they may be broken over lines), and the lines of its blocks."""
    text = page.read_text()
    lines = [line.partition("  #")[0].strip() for block in FENCED.findall(text) for line in block.splitlines()[1:-1]]
    spans = re.findall(r"`([^`]+)`", FENCED.sub("", text))
    return [" ".join(each.split()) for each in [*lines, *spans]]


def known_command(words: list[str]) -> str | None:
    """What is wrong with a mention of the command, if anything."""
    name = words.pop(0)
    while words and f"{name} {words[0]}" in COMMANDS:
        name = f"{name} {words.pop(0)}"
    command = COMMANDS[name]
    if name not in LEAVES and words and not words[0].startswith("-"):
        return f"{name} has no {words[0]}"
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("-") and word.partition("=")[0] not in {*options, "--help"}]
    return f"{name} has no {', '.join(unknown)}" if unknown else None


@each_page
def test_every_command_that_is_named_exists_with_its_options(page):
    named = [snippet.split() for snippet in snippets(page) if re.match(r"gapheal( |$)", snippet)]

    assert [fault for words in named if (fault := known_command(words))] == []


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_stands_in_the_readme(name):
    assert name in snippets(ROOT / "README.md")


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_help_with_an_example(name):
    text = COMMANDS[name].help or ""

    assert "." in text
    assert name == "gapheal demo" or "Example: gapheal" in text


def targets() -> set[str]:
    """What `make` can make."""
    return set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@each_page
def test_every_make_target_that_is_named_exists(page):
    named = {word for snippet in snippets(page) for word in re.findall(r"(?:^|&& )make ([a-z]+)", snippet)}

    assert named <= targets()


def test_every_make_target_has_help():
    command = ["make", "--no-print-directory", "help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {line.split()[0] for line in told.splitlines()} == targets()


@each_page
def test_every_python_module_that_is_named_exists(page):
    named = {word for snippet in snippets(page) for word in re.findall(r"\bgapheal(?:\.[a-z_]+)+\b", snippet)}
    modules = [word for word in named if not re.search(r"\.(json|yaml|py)$", word)]

    assert [word for word in modules if not importable(word)] == []


def importable(name: str) -> bool:
    """Whether it is a module, or something in one."""
    code = f"import importlib, pkgutil; pkgutil.resolve_name({name!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_page_of_keys_is_current():
    script = ROOT / "docs" / "configuration.py"
    code = f"import runpy; print(runpy.run_path({str(script)!r})['page'](), end='')"

    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert made == script.with_suffix(".md").read_text(), "run python docs/configuration.py"


def keys(schema: object) -> set[str]:
    """Every key that a JSON Schema knows."""
    if isinstance(schema, list):
        return {key for each in schema for key in keys(each)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own | {key for each in schema.values() for key in keys(each)}


def test_the_page_of_keys_tells_every_key_of_the_schema():
    told = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))

    assert told == keys(spec.json_schema())
