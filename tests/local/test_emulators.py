"""The emulators are found, started out of the user's way, or missed with a word about what to do."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from gapheal.errors import ConfigError
from gapheal.local import bqemulator, pubsub
from gapheal.local.calls import call
from gapheal.local.ports import Ports
from gapheal.local.processes import Supervisor


@pytest.fixture
def own_supervisor(tmp_path):
    with Supervisor(tmp_path / "run") as supervisor:
        yield supervisor


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Makes these shell scripts the only programs in the PATH; returns the folder above theirs."""
    folder = tmp_path / "sdk" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folder))

    def programs(**texts: str) -> Path:
        for name, text in texts.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return folder.parent

    return programs


def with_emulator(sdk: Path) -> Path:
    program = sdk / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
    program.parent.mkdir(parents=True)
    program.touch()
    return program


@pytest.mark.emulator
def test_bqemulator_leaves_the_users_home_alone(own_supervisor, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))

    child = bqemulator.start(own_supervisor, Ports())
    own_supervisor.wait_until_ready()

    assert call("GET", f"{child.address}/readyz").status == 200
    assert list(home.iterdir()) == []


def test_bqemulator_that_is_not_installed_is_missed_with_the_command_that_installs_it(own_supervisor, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(bqemulator, "find_spec", lambda name: None if name == "duckdb" else found(name))

    with pytest.raises(ConfigError) as missed:
        bqemulator.start(own_supervisor, Ports())

    assert str(missed.value) == (
        "BigQuery on this machine needs the packages of the extra `local`; not found: duckdb. "
        "Install gapheal with it (in a clone, `make setup` does)"
    )


def test_the_official_emulator_is_found_beside_gcloud(programs):
    sdk = programs(gcloud="exit 1", java="")

    assert pubsub.official_emulator() is None
    assert with_emulator(sdk) == pubsub.official_emulator()


def test_the_official_emulator_is_found_where_gcloud_says_its_files_are(programs, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    programs(gcloud=f"echo {elsewhere}", java="")

    assert with_emulator(elsewhere) == pubsub.official_emulator()


def test_without_java_the_official_emulator_counts_as_missing(programs):
    with_emulator(programs(gcloud=""))

    assert pubsub.official_emulator() is None


def test_the_official_emulator_that_was_asked_for_is_missed_with_the_mend(programs, own_supervisor):
    programs()

    with pytest.raises(ConfigError, match="or use the embedded broker"):
        pubsub.start(own_supervisor, Ports(), "official")


def test_where_no_official_emulator_is_the_embedded_broker_starts(programs, own_supervisor):
    programs()

    child = pubsub.start(own_supervisor, Ports(), "auto")
    own_supervisor.wait_until_ready()

    assert "gapheal.local.broker" in " ".join(map(str, child.process.args))


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_emulator_skips_on_a_laptop_and_fails_in_ci(running, monkeypatch, ci, outcome):
    def start(_: Supervisor):
        raise ConfigError("no emulator: install it")

    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="no emulator: install it"):
        running(start)
