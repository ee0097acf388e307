"""What a shell offers after <TAB>: every command and option, and the names of the pipeline file."""

from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from gapheal.cli.commands import command

SHIPPED = Path(__file__).parents[2] / "pipeline.yaml"
TREE = typer.main.get_command(command)


@pytest.fixture
def offered(monkeypatch):
    """What bash is offered for the last word of a line."""
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(SHIPPED))

    def offered(line: str) -> list[str]:
        words = line.split(" ")
        environment = {
            "_GAPHEAL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        done = CliRunner().invoke(command, [], env=environment, prog_name="gapheal")
        return done.output.split()

    return offered


def tree(found, name="gapheal"):
    """Every command and group, by all the words that one types."""
    yield name, found
    for word, child in getattr(found, "commands", {}).items():
        yield from tree(child, f"{name} {word}")


COMMANDS = dict(tree(TREE))
GROUPS = [name for name, found in COMMANDS.items() if hasattr(found, "commands")]


@pytest.mark.parametrize("name", GROUPS)
def test_every_command_is_offered(offered, name):
    assert set(COMMANDS[name].commands) <= set(offered(f"{name} "))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_offered(offered, name):
    parameters = COMMANDS[name].params
    options = {option for each in parameters for option in each.opts if option.startswith("--") and not each.hidden}

    assert options <= set(offered(f"{name} --"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gapheal plan --transition phase2", ["phase2_to_phase3"]),
        ("gapheal status -t phase5_to_g", ["phase5_to_grading"]),
        ("gapheal explain phase3", ["phase3_to_phase4"]),
        ("gapheal accept phase1", ["phase1_to_phase2", "phase1"]),
        ("gapheal retry phase4_", ["phase4_to_phase5"]),
        ("gapheal check --phase g", ["grading"]),
        ("gapheal complete --phase phase6", ["phase6"]),
        ("gapheal backfill --phases phase3,phase", [f"phase3,phase{number}" for number in (2, 4, 5, 6)]),
        ("gapheal backfill --phases phase1", []),
        ("gapheal schedule pause phase2", ["phase2_to_phase3"]),
        ("gapheal backfill --only m", ["missing"]),
    ],
)
def test_the_names_of_the_file_are_offered(offered, line, expected):
    assert offered(line) == expected


@pytest.mark.parametrize("text", ["", "phases: 3", None], ids=["empty", "wrong", "absent"])
def test_a_file_that_cannot_be_read_offers_nothing_and_says_nothing(offered, tmp_path, monkeypatch, text):
    path = tmp_path / "pipeline.yaml"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("GAPHEAL_PIPELINE", str(path))

    assert offered("gapheal plan --transition phase") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell(shell):
    """What `--show-completion` prints and `--install-completion` writes for the shell that it runs in."""
    done = CliRunner().invoke(command, [], env={"_GAPHEAL_COMPLETE": f"source_{shell}"}, prog_name="gapheal")

    assert (done.exit_code, f"complete_{shell}" in done.output) == (0, True), done.output
    assert "--install-completion" in CliRunner().invoke(command, ["--help"], prog_name="gapheal").output
