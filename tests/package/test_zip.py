"""The zip of a function: always the same bytes, all that the platform needs, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gapheal import package
from gapheal.errors import ConfigError
from gapheal.judge.needs import spec_hash, tables_of
from gapheal.spec import load, seal

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
PIPELINE = ROOT / "pipeline.yaml"
LOCK = (FUNCTIONS / "requirements.txt").read_text()


def pinned(text: str) -> dict[str, str]:
    """Name to version of each line that pins one for this machine."""
    lines = [Requirement(line.rstrip("\\ ")) for line in text.splitlines() if "==" in line and line[0] != "#"]
    return {
        canonicalize_name(line.name): str(line.specifier).removeprefix("==")
        for line in lines
        if line.marker is None or line.marker.evaluate()
    }


@pytest.fixture(scope="module")
def zips(tmp_path_factory) -> dict[str, Path]:
    return {path.stem: path for path in package.build(FUNCTIONS, PIPELINE, tmp_path_factory.mktemp("dist"))}


@pytest.fixture
def unpacked(zips, tmp_path) -> Path:
    with zipfile.ZipFile(zips["phase2_to_phase3"]) as packed:
        packed.extractall(tmp_path)
    return tmp_path


def test_every_transition_has_its_zip(zips):
    assert list(zips) == sorted(["gap_detector", *load(PIPELINE).transitions])


def test_the_same_sources_give_the_same_bytes_whatever_their_times_and_permissions(zips, tmp_path):
    copied = tmp_path / "functions"
    shutil.copytree(FUNCTIONS, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copied.rglob("*.*"):
        path.chmod(0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    again = package.build(copied, PIPELINE, tmp_path / "dist")

    assert {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in again} == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in zips.items()
    }


def test_another_source_gives_other_bytes(zips):
    texts = {path.read_bytes() for path in zips.values()}

    assert len(texts) == len(zips)


def test_the_order_of_the_files_on_disk_does_not_matter():
    files = {"b.py": b"2", "a.py": b"1", "a/c.py": b"3"}

    assert package.archive(files) == package.archive(dict(reversed(files.items())))


def test_files_are_readable_by_all_and_in_order(zips):
    with zipfile.ZipFile(zips["phase2_to_phase3"]) as packed:
        entries = packed.infolist()

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {stat.filemode(entry.external_attr >> 16) for entry in entries} == {"-rw-r--r--"}


def test_a_zip_holds_no_face_no_local_stack_and_no_double(zips):
    with zipfile.ZipFile(zips["phase2_to_phase3"]) as packed:
        names = packed.namelist()
    tops = {name.split("/")[1] for name in names if name.startswith("gapheal/")}

    assert {"app", "judge", "ledger", "reconcile", "warehouse"} <= tops
    assert not tops & package.STAYS_HOME
    besides = {name for name in names if "/" not in name}
    assert besides == {"main.py", "pipeline.json", "pipeline.json.sha256", "requirements.txt"}


def test_only_the_detector_holds_what_only_it_imports(zips):
    held = {}
    for name in ("phase2_to_phase3", "gap_detector"):
        with zipfile.ZipFile(zips[name]) as packed:
            held[name] = {path.split("/")[1] for path in packed.namelist() if path.startswith("gapheal/")}

    assert held["gap_detector"] - held["phase2_to_phase3"] == package.WITH_THE_WHOLE & held["gap_detector"]
    assert "scheduler.py" in held["gap_detector"]


def packed_pipeline(path: Path) -> bytes:
    with zipfile.ZipFile(path) as packed:
        return packed.read("pipeline.json")


def test_the_packed_pipeline_has_every_default_filled_in(unpacked):
    packed = json.loads((unpacked / "pipeline.json").read_text())

    assert packed["transitions"]["phase2_to_phase3"]["policy"]["lease_minutes"] == 120
    assert load(unpacked / "pipeline.json") == package.share(load(PIPELINE), "phase2_to_phase3")


def test_the_packed_pipeline_is_under_seal(unpacked):
    path = unpacked / "pipeline.json"

    assert seal.opened(path, path.read_bytes()) == load(path)


def test_beside_the_zips_lies_the_whole_pipeline_for_terraform(zips):
    assert load(next(iter(zips.values())).parent / "pipeline.json") == load(PIPELINE)


@pytest.mark.parametrize("name", load(PIPELINE).transitions)
def test_a_function_reads_and_remembers_by_its_share_what_the_command_does_by_the_whole_file(name):
    whole, share = load(PIPELINE), package.share(load(PIPELINE), name)

    assert list(tables_of(share, name)) == list(tables_of(whole, name))
    assert spec_hash(share, name) == spec_hash(whole, name)
    phases = {phase for key, _ in tables_of(whole, name) if (phase := key.phase.removesuffix(".expected"))}
    assert {share.feeder(phase) for phase in phases} == {whole.feeder(phase) for phase in phases}


def test_a_phase_that_is_added_behind_changes_no_other_zip(tmp_path):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    longer = PIPELINE.read_text().replace("\ntransitions:", "\n  archive: {tables: [nba_archive.days]}\n\ntransitions:")
    (tmp_path / "longer.yaml").write_text(f"{longer}\n  phase6_to_archive: {{}}\n")

    before = package.build(tmp_path / "functions", PIPELINE, tmp_path / "before")
    after = package.build(tmp_path / "functions", tmp_path / "longer.yaml", tmp_path / "after")

    assert [path.name for path in after if path.name not in {each.name for each in before}] == ["phase6_to_archive.zip"]
    changed = [path.stem for path in before if path.read_bytes() != (tmp_path / "after" / path.name).read_bytes()]
    assert changed == ["gap_detector"], "it knows every phase"


def test_a_function_of_the_whole_pipeline_gets_all_of_it(zips):
    detector = zips["gap_detector"]

    assert packed_pipeline(detector) == (detector.parent / "pipeline.json").read_bytes()


def test_who_removes_the_detectors_folder_packs_none(tmp_path):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__", "gap_detector"))

    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "gap_detector.zip").write_bytes(b"of an earlier day")
    made = package.build(tmp_path / "functions", PIPELINE, tmp_path / "dist")

    assert [path.stem for path in made] == sorted(load(PIPELINE).transitions)
    assert sorted((tmp_path / "dist").glob("*.zip")) == made


def test_an_unpacked_function_answers_with_the_pinned_packages_alone(unpacked):
    """What the platform does: install requirements.txt, load main.py, hand it a request."""
    script = """
import json, sys
import functions_framework

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"typer", "rich", "duckdb", "bqemulator", "numpy", "pandas", "pyarrow"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
client = functions_framework.create_app("handle", sys.argv[1]).test_client()
answer = client.post("/", data=b"{")
import gapheal
sys.stderr.write(json.dumps([gapheal.__file__, answer.status_code, answer.json]))
"""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked), "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1"}
    env |= {"GOOGLE_CLOUD_PROJECT": "gapheal-test", "PUBSUB_EMULATOR_HOST": "127.0.0.1:1"}

    done = subprocess.run(
        [sys.executable, "-c", script, unpacked / "main.py"],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
        check=True,
        cwd=unpacked,
    )

    loaded_from, status, body = json.loads(done.stderr.splitlines()[-1])
    assert Path(loaded_from).is_relative_to(unpacked)
    assert status == 400
    assert "expected" in body["error"]


def test_a_function_that_is_no_transition_is_refused(tmp_path):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(FUNCTIONS / "phase2_to_phase3", tmp_path / "functions" / "phase2_to_phase7")

    with pytest.raises(ConfigError, match="found phase2_to_phase7 as well"):
        package.build(tmp_path / "functions", PIPELINE, tmp_path / "dist")


def test_a_transition_without_a_folder_gets_one_from_the_template(tmp_path, zips):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(tmp_path / "functions" / "phase4_to_phase5")

    package.build(tmp_path / "functions", PIPELINE, tmp_path / "dist")

    written = tmp_path / "functions" / "phase4_to_phase5" / "main.py"
    assert written.read_text() == (FUNCTIONS / "phase4_to_phase5" / "main.py").read_text()
    assert (tmp_path / "dist" / "phase4_to_phase5.zip").read_bytes() == zips["phase4_to_phase5"].read_bytes()


def test_a_function_that_somebody_wrote_stays_as_it_is(tmp_path):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    main = tmp_path / "functions" / "phase4_to_phase5" / "main.py"
    main.write_text("handle = None\n")

    package.build(tmp_path / "functions", PIPELINE, tmp_path / "dist")

    assert main.read_text() == "handle = None\n"


def test_the_command_names_what_it_wrote(tmp_path, capsys):
    code = package.main([f"--functions={FUNCTIONS}", f"--pipeline={PIPELINE}", f"--out={tmp_path}"])

    assert code == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == sorted(
        str(path) for path in tmp_path.glob("*.zip")
    )


def test_the_command_tells_what_is_wrong(tmp_path, capsys):
    shutil.copytree(FUNCTIONS, tmp_path / "functions", ignore=shutil.ignore_patterns("requirements.txt", "__pycache__"))

    code = package.main([f"--functions={tmp_path / 'functions'}", f"--pipeline={PIPELINE}", f"--out={tmp_path}"])

    assert code == 2
    assert "pip-compile --generate-hashes" in capsys.readouterr().err


def core() -> list[Requirement]:
    """What the package itself asks for, as pyproject.toml says it now."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"]]


def test_the_lock_pins_every_core_dependency_in_a_version_that_fits():
    versions = pinned(LOCK)
    unfit = [str(each) for each in core() if not each.specifier.contains(versions[canonicalize_name(each.name)])]

    assert unfit == []


def needed(name: str, extras: set[str]) -> set[str]:
    """What an installed package asks for on this machine."""
    asked = [Requirement(line) for line in requires(name) or ()]
    here = [each for each in asked if not each.marker or any(each.marker.evaluate({"extra": x}) for x in extras)]
    return {f"{canonicalize_name(each.name)}[{','.join(each.extras)}]" for each in here}


def test_the_lock_pins_what_the_core_dependencies_need_and_nothing_else():
    todo = {f"{canonicalize_name(each.name)}[{','.join(each.extras)}]" for each in core()}
    seen = set[str]()
    while todo - seen:
        each = (todo - seen).pop()
        seen.add(each)
        name, _, extras = each.rstrip("]").partition("[")
        todo |= needed(name, {"", *extras.split(",")})

    assert sorted(pinned(LOCK)) == sorted({each.partition("[")[0] for each in seen})


def test_the_lock_pins_a_package_with_its_extra_too_where_one_is_asked_for():
    """pip 23.2.1 refuses a lock with hashes that only has the bare name."""
    asked = {name for each in pinned(LOCK) for name in needed(each, {""}) if not name.endswith("[]")}

    assert asked
    assert [name for name in sorted(asked) if f"\n{name}==" not in LOCK] == []


def test_the_lock_brings_nothing_heavy():
    assert not {"pandas", "pyarrow", "numpy", "duckdb", "typer", "rich"} & set(pinned(LOCK))


def test_every_pin_of_the_lock_has_hashes():
    bare = [line for line in LOCK.split("\n") if "==" in line and line[0] != "#" and not line.endswith("\\")]

    assert bare == []
    assert LOCK.count("--hash=sha256:") > len(pinned(LOCK))


def test_functions_run_with_the_versions_that_are_tested():
    tested = pinned((ROOT / "constraints.txt").read_text())

    assert {name: tested[name] for name in pinned(LOCK)} == pinned(LOCK)


def test_make_setup_pins_every_dependency_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for some in project["optional-dependencies"].values() for line in some)]
    named = [Requirement(line) for line in lines if not line.startswith("gapheal[")]
    tested = pinned((ROOT / "constraints.txt").read_text())

    assert [str(each) for each in named if not each.specifier.contains(tested[canonicalize_name(each.name)])] == []
