"""The functions' own files."""

from __future__ import annotations

import types
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from gapheal.scaffold import function_main, write_function
from gapheal.spec import load

FUNCTIONS = Path(__file__).parents[2] / "functions"
MAINS = sorted(FUNCTIONS.glob("*/main.py"))


def test_every_step_of_the_pipeline_has_its_function():
    transitions = load(FUNCTIONS.parent / "pipeline.yaml").transitions

    assert [path.parent.name for path in MAINS] == sorted([*transitions, "gap_detector"])


@pytest.mark.parametrize("path", MAINS, ids=lambda path: path.parent.name)
def test_a_function_is_its_template_with_its_name(path):
    assert path.read_text() == function_main(path.parent.name)


@pytest.mark.parametrize("path", MAINS, ids=lambda path: path.parent.name)
def test_a_function_loads_without_a_pipeline_file(path, monkeypatch):
    monkeypatch.delenv("GAPHEAL_PIPELINE", raising=False)
    spec = spec_from_file_location("main", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    assert isinstance(module.handle, types.FunctionType)


def test_writing_a_function_leaves_an_existing_one_alone(tmp_path):
    path = write_function(tmp_path, "raw_to_clean")
    assert path == tmp_path / "raw_to_clean" / "main.py"
    assert 'app.function("raw_to_clean", __file__)' in path.read_text()

    path.write_text("mine")
    write_function(tmp_path, "raw_to_clean")

    assert path.read_text() == "mine"
