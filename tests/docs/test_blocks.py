"""Every command block of every page is run by a test, or says that it needs a cloud; those are counted."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest
from tests.docs.blocks import CLOUD, PAGES, ROOT, Block, blocks
from tests.docs.test_walks import WALKED

BLOCKS = [block for page in PAGES for block in blocks(page)]
KINDS = {"sh", "text", "python", "yaml", "json", "sql", "hcl", "mermaid"}
NEEDS_CLOUD = re.compile(r"\b(gcloud|terraform|bq)\b|\bmake (plan|deploy|destroy)\b")

OTHERS = {
    "README.md": ("tests/docs/test_readme.py", "def test_the_tour_shows_what_happens"),
    "docs/operations/completion-events.md": ("tests/docs/test_operations.py", "def test_the_commands_of_the_page"),
    "docs/operations/detector.md": ("tests/cli/test_commands.py", '"sweep", "--dry-run"'),
    "docs/operations/dashboard.md": ("tests/cli/test_dashboard.py", '"dashboard"'),
    "docs/operations/doctor.md": ("tests/doctor/test_command.py", '"doctor"'),
    "docs/operations/trends.md": ("tests/docs/test_trends.py", "trends.md"),
}
"""Pages with a test of their own that types their commands."""
WHEREVER = {
    r"\. \.venv/bin/activate": ("Makefile", "BIN := .venv/bin"),
    r"gapheal local up.*": ("tests/local/test_stack.py", "from gapheal.local.up import up"),
    r"gapheal backfill --resume .*": ("tests/e2e/test_backfill.py", '"--resume"'),  # wants one that was interrupted
    r"gapheal rollback .*": ("tests/cli/test_rollback.py", "rollback"),  # wants one that failed its post-check
    r"gapheal demo.*": ("tests/demo/test_demo.py", "demo"),
    r"make (setup|check|test|demo).*": (".ci/run", "make {}"),
    r"make package.*": ("tests/package/test_zip.py", "package.main("),
    r"make bench.*": ("tests/benchmarks/test_tiny.py", "tests.benchmarks"),
    r"make audit.*": ("tests/security/test_audit.py", "audit.py"),
    r"make release.*": ("tests/package/test_release.py", "release"),
    r"make (simulate|precision|soak|format|ledger).*": ("tests/docs/test_blocks.py", '"{}"'),
}
"""Commands that are typed on any page, and where a test types them."""


def typed_by(block: Block, command: str) -> tuple[str, str] | None:
    """The file that runs a command of a block, and what it must have in it."""
    for form, (path, evidence) in WHEREVER.items():
        if found := re.fullmatch(form, command):
            return path, evidence.format(*found.groups())
    return ("tests/docs/test_walks.py", block.page) if block.page in WALKED else OTHERS.get(block.page)


def test_every_block_says_what_it_is():
    assert {str(block): block.kind for block in BLOCKS if block.kind not in KINDS} == {}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.commands and not block.cloud], ids=str)
def test_a_block_of_commands_is_run_by_a_test(block):
    for part in [part for command in block.commands for part in command.split(" && ")]:
        assert not NEEDS_CLOUD.search(part), f"{block}: {part}: mark it, {CLOUD!r}, or let it be run"
        runner = typed_by(block, part)
        assert runner, f"{block}: no test types {part}"
        assert runner[1] in (ROOT / runner[0]).read_text(), runner


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.cloud], ids=str)
def test_only_what_needs_a_cloud_is_marked_as_not_run(block):
    assert NEEDS_CLOUD.search(block.text)
    assert not block.text.count("\ngapheal ")


def test_how_many_blocks_are_not_run(measured):
    marked, all_of_them = [block for block in BLOCKS if block.cloud], [block for block in BLOCKS if block.kind == "sh"]

    where = ", ".join(sorted({block.page for block in marked}))
    measured(f"docs: {len(all_of_them)} blocks of commands, {len(marked)} need Google Cloud and are not run ({where})")
    assert 0 < len(marked) < len(all_of_them) / 4


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "text"], ids=str)
def test_no_command_hides_in_a_block_of_text(block):
    assert [line for line in block.text.splitlines() if re.match(r"(\$ )?(gapheal|make|python|gcloud) \S", line)] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "python"], ids=str)
def test_python_on_a_page_is_python(block):
    assert ast.parse(block.text).body


@pytest.mark.slow
@pytest.mark.parametrize("words", [["simulate", "SEED=123"], ["precision", "SEEDS=2"], ["soak", "PASSES=3"]])
def test_make_can_simulate_and_measure_in_small(words):
    command = ["make", "--old-file=.venv/ready", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_make_can_format_and_renew_the_ledger():
    """What would be done, without doing it."""
    command = ["make", "--dry-run", "--old-file=.venv/ready", "format", "ledger"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)

    assert "ruff format" in done.stdout
    assert "gapheal.ledger.definition terraform/ledger.json" in done.stdout
