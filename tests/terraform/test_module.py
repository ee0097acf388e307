"""The module as a whole: valid, formatted, tested by terraform itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gapheal import package
from gapheal.ledger import definition

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform"
EXAMPLES = sorted(path.parent for path in MODULE.glob("examples/*/main.tf"))
FIXTURE = MODULE / "tests" / "packages"

folders = pytest.mark.parametrize("folder", [MODULE, *EXAMPLES], ids=lambda path: path.name)


@folders
def test_it_is_valid(terraform, folder):
    done = terraform("validate", folder)

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_formatted(terraform):
    terraform("run", MODULE, "--", "version")  # skips where there is no terraform
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive"], cwd=MODULE, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_its_own_tests_pass(terraform):
    done = terraform("test", MODULE)

    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"Success! (\d+) passed, 0 failed", done.stdout)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_can_be_planned_for_the_pipeline_that_ships(packed, planned, shipped, folder):
    plan = planned(packed(ROOT / "pipeline.yaml"), folder=folder)

    functions = "google_cloudfunctions2_function"
    assert {each.key for each in plan.of(functions)} == {each.key for each in shipped.of(functions)}


def test_every_variable_and_output_is_described_and_every_variable_typed():
    blocks = re.findall(
        r'^(variable|output) "(\w+)" \{\n(.*?)^\}',
        (MODULE / "variables.tf").read_text() + (MODULE / "outputs.tf").read_text(),
        re.DOTALL | re.MULTILINE,
    )

    assert [name for _, name, body in blocks if "\n  description" not in f"\n{body}"] == []
    assert [name for kind, name, body in blocks if kind == "variable" and "\n  type " not in f"\n{body}"] == []


def test_the_page_names_every_variable():
    page = (MODULE / "README.md").read_text()
    names = re.findall(r'^variable "(\w+)"', (MODULE / "variables.tf").read_text(), re.MULTILINE)

    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_ledger_is_the_one_that_python_writes_to():
    assert (MODULE / "ledger.json").read_text() == definition.text(), "run `make ledger`"


def test_the_pipeline_of_its_tests_is_packed_as_it_is_written(tmp_path):
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "requirements.txt").write_text("")

    zips = package.build(functions, MODULE / "tests" / "chain.yaml", tmp_path / "dist")

    fresh = (tmp_path / "dist" / "pipeline.json").read_text()
    assert (FIXTURE / "pipeline.json").read_text() == fresh, "run `make ledger`"
    assert (FIXTURE / "detector" / "pipeline.json").read_text() == fresh, "run `make ledger`"
    assert {path.name for path in zips} == {path.name for path in FIXTURE.glob("*.zip")}


def test_exceptions_from_the_security_scan_are_few_and_each_has_its_reason():
    told = [
        line.strip() for path in MODULE.glob("*.tf") for line in path.read_text().splitlines() if "checkov:" in line
    ]

    assert 0 < len(told) <= 10
    assert [line for line in told if not re.fullmatch(r"#checkov:skip=CKV\w+:.{30,}", line)] == []
