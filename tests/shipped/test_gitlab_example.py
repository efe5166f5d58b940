"""examples/gitlab-ci, run by gitlab-ci-local with the shell executor."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.node, pytest.mark.slow]


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The example's project in a git repository of its own, and how to run its pipeline."""

    folder: Path
    command: tuple[str, ...]
    env: dict[str, str]

    def run(self) -> subprocess.CompletedProcess[str]:
        """Commit what there is and run every job."""
        for command in (
            "init -q -b main",
            "add -A",
            "commit -q -m cart",
            "remote add origin https://gitlab.test/acme/shop.git",
        ):
            subprocess.run(["git", *command.split()], cwd=self.folder, env=self.env, check=True)
        return subprocess.run(self.command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=280)

    def record(self) -> dict[str, object]:
        """The one record."""
        (line,) = (self.folder / ".ci-reporter/steps.ndjson").read_text().splitlines()
        return json.loads(line)


@pytest.fixture
def pipeline(
    tmp_path: Path,
    root: Path,
    wheel: Path,
    from_npm: Callable[[str], str],
    needs: Callable[..., str],
    base_env: Callable[..., dict[str, str]],
) -> Pipeline:
    """The example as someone has copied it; pip installs the wheel of this tree."""
    needs("rsync", "apt-get install rsync")
    folder, home = tmp_path / "shop", tmp_path / "home"
    shutil.copytree(root / "examples/gitlab-ci", folder)
    variables = {"GITLAB_CI": "true", "CI_REPORTER_PACKAGE": str(wheel)}
    told = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    flags = ("--force-shell-executor", "--home", str(home), "--ignore-predefined-vars", "GITLAB_CI")
    who = {f"GIT_{role}_{what}": "a@b.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return Pipeline(
        folder=folder,
        command=(from_npm("gitlab-ci-local"), *flags, *told),
        env=base_env(home) | who,
    )


def test_pipeline_records_the_step_and_passes_the_run_id_on(pipeline: Pipeline) -> None:
    done = pipeline.run()
    assert done.returncode == 0, done.stdout + done.stderr
    record = pipeline.record()
    assert (record["step"], record["result"], record["job_name"]) == ("pytest", "success", "unit")
    assert f"deploying what {record['ci_run_id']} has tested" in done.stdout
    assert 'ci_step_success{ci_job="unit",step="pytest"} 1.0' in (pipeline.folder / "metrics.txt").read_text()
    assert "89% coverage" in done.stdout


def test_job_fails_with_the_commands_code_and_keeps_its_record(pipeline: Pipeline) -> None:
    stop = "import pytest\n\n\ndef pytest_sessionstart():\n    pytest.exit('no', returncode=7)\n"
    (pipeline.folder / "tests/conftest.py").write_text(stop)
    done = pipeline.run()
    assert (done.returncode, "FAIL 7" in done.stderr) == (1, True), done.stdout + done.stderr
    assert (pipeline.record()["result"], pipeline.record()["exit_code"]) == ("failure", 7)
    assert "failure (exit 7)" in done.stdout  # the summary of after_script
