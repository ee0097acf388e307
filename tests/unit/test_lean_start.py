"""What a function imports before its first answer: nothing that only some passes need."""

import subprocess
import sys

import pytest

START = "gapheal.app, gapheal.bigquery, gapheal.claims, gapheal.ledger, gapheal.publisher, gapheal.warehouse"


@pytest.fixture(scope="module")
def imported() -> set[str]:
    asked = f"import sys, {START}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    return set(told.split())


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("google.pubsub_v1", id="until something is published"),
        pytest.param("apprise", id="until something is told"),
        pytest.param("yaml", id="a function reads JSON"),
        *("gapheal.cli", "gapheal.local", "gapheal.testing", "rich", "typer"),
    ],
)
def test_a_function_starts_without(module, imported):
    assert module not in imported


def test_no_validator_is_built_before_a_file_is_read():
    asked = "from gapheal.model.pipeline import Pipeline; print(Pipeline.__pydantic_complete__)"

    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

    assert told.strip() == "False"
