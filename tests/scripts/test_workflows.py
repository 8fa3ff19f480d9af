"""What .github/ says of the rest of the repository is true; actionlint and zizmor check all else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(path.read_text())["jobs"]


def matrix(job: str) -> dict[str, list[str]]:
    (path,) = [path for path in WORKFLOWS if path.name == "tests.yml"]
    return jobs(path)[job]["strategy"]["matrix"]


def test_every_supported_line_is_tested():
    listed = subprocess.run(
        ["bash", "-c", "source scripts/lib.sh && all_lines"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert matrix("lines")["line"] == listed.stdout.split()


def test_every_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = {
        target for path in WORKFLOWS for target in re.findall(r"run: make ([a-z0-9-]+)", path.read_text())
    }
    named |= set(matrix("checks")["target"])
    assert len(named) > 8
    assert named <= set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit_and_one_action_has_one_pin(path):
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r"  # v\d+\.\d+\.\d+", comment), action
    everywhere = {pin for each in WORKFLOWS for pin in re.findall(r"uses: (\S+@\S+)", each.read_text())}
    assert len({pin.partition("@")[0] for pin in everywhere}) == len(everywhere)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nobody_gets_more_than_the_job_needs(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        written = {scope for scope, access in job["permissions"].items() if access == "write"}
        allowed = {
            "publish": {"id-token", "attestations"}, "announce": {"contents"}, "deploy": {"pages", "id-token"}
        }  # fmt: skip
        assert written == allowed.get(name, set()), name
        assert "secrets" not in str(job)


def test_a_release_is_checked_then_tested_then_built_then_published():
    release = jobs(ROOT / ".github" / "workflows" / "release.yml")
    order, job = [], "announce"
    while job:
        order.append(job)
        job = release[job].get("needs")
    assert order == ["announce", "publish", "build", "tests", "check"]
