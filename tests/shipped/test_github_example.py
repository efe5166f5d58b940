"""examples/github-actions: the workflow's steps, run as GitHub's runner runs them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def example(job: Any, root: Path) -> tuple[Any, list[dict[str, Any]]]:
    """A job with the sample project checked out, and the workflow's steps from the tests on."""
    shutil.copytree(root / "examples/gitlab-ci", job.workspace, dirs_exist_ok=True)
    workflow = yaml.safe_load((root / "examples/github-actions/ci.yml").read_text())
    steps = workflow["jobs"]["unit"]["steps"]
    # The interpreter of these tests has what the Install step would bring.
    job.paths.insert(0, os.fspath(Path(sys.executable).parent))
    job.contexts |= {"matrix": {"python": "3.13"}}
    return job, [step for step in steps if step.get("name") != "Install"]


def test_workflow_records_the_tests(example: tuple[Any, list[dict[str, Any]]]) -> None:
    job, steps = example
    assert job.steps(steps, job.contexts, {}).exit_code == 0
    assert [(each["step"], each["result"], each["job_name"]) for each in job.records()] == [
        ("pytest", "success", "unit (3.13)")
    ]


def test_workflow_shows_the_summary_of_failed_tests_too(example: tuple[Any, list[dict[str, Any]]]) -> None:
    job, steps = example
    (job.workspace / "tests/test_broken.py").write_text("def test_broken():\n    assert False\n")
    assert job.steps(steps, job.contexts, {}).exit_code == 1
    assert "failure (exit 1)" in job.command_file("STEP_SUMMARY").read_text()
