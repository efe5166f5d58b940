"""examples/gitlab-ci/.gitlab-ci.yml, run by gitlab-ci-local with the shell executor: once well, once with a failure."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import needs

pytestmark = [pytest.mark.node, pytest.mark.slow]

INSTALL = """
    - python3 -m venv .venv
    - .venv/bin/pip install --quiet -r requirements.txt "$CI_REPORTER_PACKAGE\""""
STOP = "import pytest\n\n\ndef pytest_sessionstart():\n    pytest.exit('no', returncode=7)\n"


@pytest.fixture(scope="session")
def ran(
    make_once: Callable[..., Path],
    root: Path,
    wheel: Path,
    base_env: Callable[..., dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The example's project after two pipelines, the second with what the first one installed; each has a log."""
    runner = needs(root / "node_modules/.bin/gitlab-ci-local", "npm ci")
    needs("rsync", "apt-get install rsync")
    home = tmp_path_factory.mktemp("home")
    who = {f"GIT_{role}_{what}": "a@b.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = base_env(home) | who
    variables = {"GITLAB_CI": "true", "CI_REPORTER_PACKAGE": str(wheel)}
    told = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    flags = ("--force-shell-executor", "--home", str(home), "--ignore-predefined-vars", "GITLAB_CI")

    def run(folder: Path, log: str) -> None:
        done = subprocess.run([runner, *flags, *told], cwd=folder, env=env, capture_output=True, text=True, timeout=280)
        (folder / log).write_text(json.dumps({"code": done.returncode, "out": done.stdout, "err": done.stderr}))
        shutil.copy(folder / "metrics.txt", folder / f"{log}-metrics.txt")

    def make(folder: Path) -> None:
        shutil.copytree(root / "examples/gitlab-ci", folder, dirs_exist_ok=True)
        for command in (
            "init -q -b main",
            "add -A",
            "commit -q -m cart",
            "remote add origin https://gitlab.test/a/b.git",
        ):
            subprocess.run(["git", *command.split()], cwd=folder, env=env, check=True)
        run(folder, "well")
        (folder / "tests/conftest.py").write_text(STOP)
        pipeline = (folder / ".gitlab-ci.yml").read_text()
        assert INSTALL in pipeline
        (folder / ".gitlab-ci.yml").write_text(pipeline.replace(INSTALL, ""))
        run(folder, "failed")

    return make_once("gitlab-example", make)


@pytest.fixture
def log(ran: Path) -> Callable[[str], dict[str, Any]]:
    """The exit code and the output of a pipeline."""
    return lambda name: json.loads((ran / name).read_text())


@pytest.fixture
def records(ran: Path) -> list[dict[str, Any]]:
    """The records of both pipelines."""
    return [json.loads(line) for line in (ran / ".ci-reporter/steps.ndjson").read_text().splitlines()]


def test_pipeline_records_the_step_and_passes_the_run_id_on(ran: Path, log: Any, records: Any) -> None:
    done, record = log("well"), records[0]
    assert done["code"] == 0, done
    assert (record["step"], record["result"], record["job_name"]) == ("pytest", "success", "unit")
    assert f"deploying what {record['ci_run_id']} has tested" in done["out"]
    assert 'ci_step_success{ci_job="unit",step="pytest"} 1.0' in (ran / "well-metrics.txt").read_text()
    assert "89% coverage" in done["out"]


def test_job_fails_with_the_commands_code_and_keeps_its_record(log: Any, records: Any) -> None:
    done = log("failed")
    assert (done["code"], "FAIL 7" in done["err"]) == (1, True), done
    assert (records[1]["result"], records[1]["exit_code"]) == ("failure", 7)
    assert "failure (exit 7)" in done["out"]  # the summary of after_script
