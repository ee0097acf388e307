"""A resolved file under seal is read without being validated again; any other is validated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gapheal.errors import ConfigError
from gapheal.spec import load, parse, resolved
from gapheal.spec.seal import believed, opened, sealed

STEP = "phase2_to_phase3"


@pytest.fixture
def write(tmp_path, everything) -> Callable[..., Path]:
    """Writes the resolved form after `change`, under seal."""

    def write(change: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
        form = resolved(parse(everything))
        change(form)
        path = tmp_path / "pipeline.json"
        path.write_text(json.dumps(form, indent=2))
        name, content = sealed(path.name, path.read_bytes())
        (tmp_path / name).write_bytes(content)
        return path

    return write


def is_opened(path: Path) -> bool:
    return opened(path, path.read_bytes()) is not None


@pytest.mark.parametrize("file", ["ten", "everything"])
def test_what_is_believed_is_what_validation_makes_of_it(file, request):
    pipeline = parse(request.getfixturevalue(file))
    text = json.dumps(resolved(pipeline))

    assert believed(text.encode()) == parse(text, "pipeline.json") == pipeline


def test_under_seal_it_reads_back_to_the_same_pipeline(write, everything):
    path = write()

    assert is_opened(path)
    assert load(path) == parse(everything)


def test_without_its_seal_it_reads_the_same(write, everything):
    path = write()
    path.with_name("pipeline.json.sha256").unlink()

    assert not is_opened(path)
    assert load(path) == parse(everything)


def test_an_edited_file_is_validated_as_any_other(write):
    path = write()
    path.write_text(path.read_text().replace('"us-west2"', '"us west"'))

    with pytest.raises(ConfigError, match="location: expected a BigQuery location such as us-west2, found"):
        load(path)


def _unknown_key(form):
    form["transitions"][STEP]["policy"]["lag"] = 1


def _lacking_key(form):
    del form["transitions"][STEP]["policy"]["lag_days"]


def _text_for_a_number(form):
    form["transitions"][STEP]["policy"]["lag_days"] = "1"


def _truth_for_a_number(form):
    form["transitions"][STEP]["policy"]["lag_days"] = True


def _fraction_for_a_number(form):
    form["version"] = 1.0


def _other_word(form):
    form["transitions"][STEP]["policy"]["mode"] = "hael"


def _text_for_a_list(form):
    form["transitions"][STEP]["upstream"] = "phase2"


def _list_for_a_mapping(form):
    form["phases"]["phase2"] = ["raw.games"]


def _no_day(form):
    form["transitions"][STEP]["policy"]["start_date"] = "2024-02-30"


def _nothing_for_a_name(form):
    form["pipeline"] = None


@pytest.mark.parametrize(
    "change",
    [
        _unknown_key,
        _lacking_key,
        _text_for_a_number,
        _truth_for_a_number,
        _fraction_for_a_number,
        _other_word,
        _text_for_a_list,
        _list_for_a_mapping,
        _no_day,
        _nothing_for_a_name,
    ],
)
def test_a_seal_helps_nothing_that_this_version_does_not_write(change, write):
    path = write(change)

    assert not is_opened(path)


def test_a_form_of_another_version_is_validated_in_spite_of_its_seal(write):
    with pytest.raises(ConfigError, match=r"pipeline\.json: .*policy\.lag: unknown key"):
        load(write(_unknown_key))


def test_the_seal_is_one_that_sha256sum_checks():
    name, content = sealed("pipeline.json", b"{}")

    assert name == "pipeline.json.sha256"
    assert content == b"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a  pipeline.json\n"
