"""`make audit` says clean only of what was audited; with tools that answer as told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit.py"
CLEAN = {"name": "flask", "version": "3.1.2", "vulns": []}
WEAK = {"name": "urllib3", "version": "1.0", "vulns": [{"id": "CVE-2099-1", "fix_versions": ["1.1"], "aliases": []}]}
SKIPPED = {"name": "anyio", "skip_reason": "Dependency not found"}
POLICIES = "Check: CKV_GCP_114 FAILED"


@pytest.fixture
def audit(tmp_path):
    """Run it with what pip-audit and checkov answer: the exit code, and what is printed."""

    def run(dependencies, policies=0, complaint=""):
        report = json.dumps({"dependencies": dependencies, "fixes": []}) if dependencies is not None else ""
        answers = {"pip-audit": (report, complaint, 1), "checkov": (POLICIES if policies else "", "", policies)}
        for name, (out, err, code) in answers.items():
            script = (
                f"#!{sys.executable}\nimport sys\nprint({out!r})\nprint({err!r}, file=sys.stderr)\nsys.exit({code})\n"
            )
            (tmp_path / name).write_text(script)
            (tmp_path / name).chmod(0o755)
        command = [sys.executable, SCRIPT, "--tools", tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_what_was_audited_and_has_nothing_is_clean(audit):
    code, told = audit([CLEAN])

    assert code == 0
    assert "functions/requirements.txt: 1 of 1 packages audited, 0 weaknesses" in told
    assert "constraints.txt: 1 of 1 packages audited" in told


def test_a_weakness_is_named_with_its_mend(audit):
    code, told = audit([CLEAN, WEAK, SKIPPED])

    assert code == 1
    assert "urllib3 1.0: CVE-2099-1, mended in 1.1" in told


def test_a_package_that_nobody_told_of_is_not_called_clean(audit):
    code, told = audit([CLEAN, SKIPPED])

    assert code == 3
    assert "1 of 2 packages audited" in told
    assert "nothing is known of those" in told


def test_without_a_network_nothing_is_known(audit):
    code, told = audit(None, complaint="ConnectionError: api.example.com")

    assert code == 3
    assert "0 of all packages audited, 0 weaknesses: ConnectionError" in told


def test_a_policy_that_terraform_breaks_is_a_finding(audit):
    code, told = audit([CLEAN], policies=1)

    assert code == 1
    assert POLICIES in told


def test_the_page_names_every_exception_that_checkov_is_told_and_no_other():
    root = SCRIPT.parents[1]
    told = {
        policy
        for path in (root / "terraform").rglob("*.tf")
        for policy in re.findall(r"#checkov:skip=(\w+):", path.read_text())
    }
    page = (root / "docs" / "security.md").read_text()

    assert set(re.findall(r"`(CKV\w+)`", page)) == told
