"""templates/: the GitLab CI/CD components, in a pipeline of gitlab-ci-local; their scripts, as a runner calls them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ci_reporter.cli.options import run_settings
from tests.conftest import needs
from tests.shipped.conftest import PYTHON

TEMPLATES = Path(__file__).parents[2] / "templates"
JENKINS = TEMPLATES.parent / "examples/jenkins/resources/ci-reporter/ci-reporter.sh"
NAMES = ("report", "gate", "stamp", "notify")
SCRIPTS = ("before_script", "script", "after_script")
EVIL = "$(touch pwned) `touch pwned` \"; touch pwned; '"

COVERAGE = """<?xml version="1.0"?>
<coverage line-rate="0.5" lines-covered="1" lines-valid="2" version="7" timestamp="0">
<packages><package name="p"><classes><class name="c" filename="c.py"><lines><line number="1" hits="1"/>
<line number="2" hits="0"/></lines></class></classes></package></packages></coverage>"""
JUNIT = '<testsuite name="s" tests="1"><testcase classname="m" name="good" time="0.1"/></testsuite>'

PIPELINE = """
stages: [build, test, deploy]
include:
  - local: templates/report.yml
    inputs: {{pyz: {pyz}, pyz-sha256: {digest}}}
  - local: templates/stamp.yml
    inputs: {{pyz: {pyz}, artifacts: dist/*, reproducible: "true", stage: deploy}}
  - remote: {site}/notify.yml
    inputs: {{pyz: {pyz}, when: always, title: {evil}, text: {evil}, to: log}}
  - local: templates/gate.yml
    inputs: {{pyz: {pyz}, url: "http://127.0.0.1:9/health", rules: gate.yml, as: no answer}}
build:
  stage: build
  script: [mkdir dist, echo "<p>shop</p>" > dist/index.html]
  artifacts: {{paths: [dist/]}}
unit:
  extends: .ci-reporter-tests
  stage: test
  script: [cp made/coverage.xml made/junit.xml .]
broken:
  extends: .ci-reporter
  stage: test
  allow_failure: true
  script: [exit 7]
own before_script:
  extends: .ci-reporter
  stage: test
  before_script: [echo mine]
  script: ["true"]
wrapped:
  extends: .ci-reporter
  stage: test
  script: [ci-reporter run --name inner -- sh -c 'exit 0']
no python:
  extends: .ci-reporter
  stage: build
  allow_failure: true
  variables: {{PATH: {tools}}}
  script:
    - ci-reporter run --name inner -- sh -c 'echo it runs'
    - ci-reporter gate watch http://127.0.0.1:9/
no answer:
  allow_failure: true
"""


RULES = """
gate: {converge: {timeout: 1s, old_share: 40%, rate: 50/s}}
rules: [{name: outage, if: down for 3s}]
"""


def parts(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the jobs of a template."""
    header, jobs = yaml.safe_load_all((TEMPLATES / f"{name}.yml").read_text())
    return header, jobs


def scripts(name: str) -> list[str]:
    """Every command of a template's jobs."""
    return [text for job in parts(name)[1].values() for part in SCRIPTS for text in job.get(part, [])]


def set_up(name: str) -> str:
    """What makes ci-reporter ready."""
    return next(text for text in scripts(name) if text.startswith("# Puts ci-reporter on the PATH"))


@pytest.mark.parametrize("name", NAMES)
def test_every_input_is_described_and_has_a_default(name: str) -> None:
    inputs = parts(name)[0]["spec"]["inputs"]
    without = [each for each, about in inputs.items() if "default" not in about]
    assert without == (["artifacts"] if name == "stamp" else [])
    assert all(about["description"].endswith((".", "dist/*")) for about in inputs.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_input_is_written_into_a_script(name: str) -> None:
    assert scripts(name)
    assert not [text for text in scripts(name) if "$[[" in text]


@pytest.mark.parametrize("name", NAMES)
def test_every_template_makes_ci_reporter_ready_in_the_same_way(name: str) -> None:
    assert set_up(name) == set_up("report")


def test_headers_and_jobs_fit_gitlabs_schema(tool: Callable[..., Any], tmp_path: Path) -> None:
    for name in NAMES:
        header, jobs = parts(name)
        values = {each: about.get("default", "dist/*") for each, about in header["spec"]["inputs"].items()}
        text = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found, values=values: values[found[1]], json.dumps(jobs))
        (tmp_path / f"{name}-header.yml").write_text(json.dumps(header))
        (tmp_path / f"{name}-jobs.yml").write_text(text)
    done = tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", *tmp_path.iterdir())
    assert done.returncode == 0, done.stdout


def test_shellcheck_has_no_findings(tmp_path: Path) -> None:
    shellcheck = needs("shellcheck", "apt-get install shellcheck")
    for number, text in enumerate(sorted({text for name in NAMES for text in scripts(name)})):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/sh\n{text}\n")
    # SC2086: stamp's artifacts are a pattern.
    done = subprocess.run([shellcheck, "-e", "SC2086", *tmp_path.glob("*.sh")], capture_output=True, text=True)
    assert done.stdout == ""


def hook(shell: tuple[str, ...], text: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Call a script as GitLab's runner does: with that shell, in the project's folder."""
    told = {"CI_PROJECT_DIR": str(folder), "CI_JOB_ID": "42", "CI_JOB_NAME": "unit", "CI_PIPELINE_ID": "7"}
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "GITLAB_CI": "true"}
    return subprocess.run([*shell, text], cwd=folder, env=known | told | env, capture_output=True, text=True)


SHELLS = {"bash": ("bash", "-eo", "pipefail", "-c"), "sh": ("sh", "-ec")}


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_job_that_is_cancelled_is_recorded(shell: tuple[str, ...], tmp_path: Path, pyz: Path) -> None:
    job = parts("report")[1]["$[[ inputs.as ]]"]
    assert hook(shell, "\n".join(job["before_script"]), tmp_path, CI_REPORTER_PYZ=str(pyz)).returncode == 0
    began = (tmp_path / ".ci-reporter/hook-42/started").read_text()
    after = hook(shell, "\n".join(job["after_script"]), tmp_path, CI_JOB_STATUS="canceled")
    (record,) = map(json.loads, (tmp_path / ".ci-reporter/steps.ndjson").read_text().splitlines())
    assert (after.returncode, record["step"], record["result"]) == (0, "unit", "cancellation")
    assert 0 <= record["duration_ms"] <= (time.time() - float(began)) * 1000 + 1
    assert (tmp_path / ".ci-reporter/ci-reporter.env").read_text() == "CI_RUN_ID=gitlab-7\n"
    assert not (tmp_path / ".ci-reporter/hook-42").exists()


def test_jobs_own_shell_keeps_nothing_but_the_path(tmp_path: Path, pyz: Path) -> None:
    before = "\n".join(parts("report")[1]["$[[ inputs.as ]]"]["before_script"])
    text = f"set >one\n{before}\nset >two\ndiff one two | grep '^[<>]' | grep -vE '^. (_|PATH|LINENO|PPID)='; :"
    assert hook(SHELLS["sh"], text, tmp_path, CI_REPORTER_PYZ=str(pyz)).stdout == ""


@pytest.mark.parametrize(
    ("variables", "lacking"),
    [
        ({}, "this image does not have ci-reporter, and CI_REPORTER_PYZ does not say where ci-reporter.pyz is"),
        ({"CI_REPORTER_PYZ": "no/such.pyz"}, "CI_REPORTER_PYZ cannot be used: [Errno 2] No such file"),
        ({"CI_REPORTER_PYZ": "http://127.0.0.1:9/x"}, "CI_REPORTER_PYZ cannot be used: an address needs a"),
        (
            {"CI_REPORTER_PYZ": "made", "CI_REPORTER_PYZ_SHA256": "0" * 64},
            "CI_REPORTER_PYZ cannot be used: its checksum is not CI_REPORTER_PYZ_SHA256",
        ),
    ],
    ids=["nothing is said", "no file", "no checksum", "wrong checksum"],
)
def test_what_is_lacking_is_said_in_one_line(variables: dict[str, str], lacking: str, tmp_path: Path) -> None:
    (tmp_path / "made").write_text("something else")
    bare = tools(tmp_path / "bin", python3=PYTHON)
    done = hook(SHELLS["sh"], f"{set_up('report')}\nci-reporter run -- true", tmp_path, PATH=str(bare), **variables)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert f"ci-reporter: no record of this job: {lacking}" in done.stderr


COMMANDS = {
    "run -- sh -c 'exit 3'": 3,
    "run sh -c 'exit 3' -- x": 3,
    "run --name x -q sh -c 'exit 3'": 3,
    "run --tests a.xml b.xml -- sh -c 'exit 3'": 3,
    "run --shell 'true; exit 3'": 3,
    "run -q --shell -- 'true; exit 3'": 3,
    "shell -- sh -c 'exit 3'": 3,
    "run --name": 2,
    "run --": 2,
    "gate watch 2>&-": 127,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_command_runs_where_ci_reporter_is_lacking(system: str, command: str, tmp_path: Path) -> None:
    bare = tools(tmp_path / "bin", dirname=Path(str(shutil.which("dirname"))))
    text = set_up("report")
    if system == "jenkins":
        (tmp_path / "ci-reporter").write_text(JENKINS.read_text())
        (tmp_path / "ci-reporter").chmod(0o755)
        text = f"PATH={tmp_path.parent}//{tmp_path.name}:$PATH"
    done = hook(SHELLS["sh"], f"{text}\nci-reporter {command}", tmp_path, PATH=str(bare))
    assert done.returncode == COMMANDS[command], done.stderr


@pytest.mark.parametrize("file", [TEMPLATES / "report.yml", JENKINS], ids=["gitlab", "jenkins"])
def test_options_without_a_value_are_known_where_ci_reporter_is_lacking(file: Path) -> None:
    flags = {flag for flag, setting in run_settings().items() if setting.is_flag}
    assert flags <= set(re.findall(r"--?[a-z-]+", file.read_text().split("The command begins behind")[1]))


@pytest.mark.parametrize("found", [True, False], ids=["with ci-reporter", "without"])
def test_full_disk_makes_no_command_green(found: bool, tmp_path: Path) -> None:
    more = {"ci-reporter": Path(str(shutil.which("false")))} if found else {}
    path = {"PATH": str(tools(tmp_path / "bin", **more))}
    text = f"(ulimit -f 0\n{set_up('report')})\nPATH=$PWD/.ci-reporter/hook-42/bin:$PATH\nci-reporter run -- false"
    assert hook(SHELLS["sh"], text, tmp_path, **path).returncode == (1 if found else 127)


def test_garbage_in_place_of_the_one_file_is_said_in_one_line(tmp_path: Path, vendor: Any) -> None:
    path = {"PATH": str(tools(tmp_path / "bin", python3=PYTHON))}
    source = {"CI_REPORTER_PYZ": vendor(b"SSH-2.0-x\r\n").url + "/x", "CI_REPORTER_PYZ_SHA256": "0" * 64}
    done = hook(SHELLS["sh"], f"{set_up('report')}\nci-reporter run -- true", tmp_path, **path, **source)
    assert done.stderr == "ci-reporter: no record of this job: CI_REPORTER_PYZ cannot be used: SSH-2.0-x\n"


def test_python_that_lies_beside_the_image_is_used(tmp_path: Path, pyz: Path) -> None:
    variables = {"CI_REPORTER_PYZ": str(pyz), "CI_REPORTER_PYTHON": str(PYTHON), "PATH": str(tools(tmp_path / "bin"))}
    done = hook(SHELLS["sh"], f"{set_up('report')}\nci-reporter --version", tmp_path, **variables)
    assert (done.stdout[:12], done.stderr) == ("ci-reporter ", "")


@pytest.mark.parametrize(("resolved", "what"), [("false", "failed"), ("true", "is green again")])
def test_people_are_told_which_branch_whatever_its_name(resolved: str, what: str, tmp_path: Path) -> None:
    programs = tools(tmp_path / "bin", **{"ci-reporter": Path(sys.executable).with_name("ci-reporter")})
    branch = "a$HOME$(touch pwned)"
    variables = {"CI_PROJECT_PATH": "a/b", "CI_COMMIT_REF_NAME": branch, "CI_REPORTER_NOTIFY_TO": "log"}
    told = {
        "INPUT_LEVEL": "error",
        "INPUT_RESOLVED": resolved,
        "CI_PIPELINE_URL": "https://gitlab.test/a/b/-/pipelines/7",
    }
    done = hook(SHELLS["sh"], scripts("notify")[-1], tmp_path, PATH=str(programs), **variables, **told)
    alert = json.loads((done.stdout + done.stderr).splitlines()[0])
    assert (alert["message"], alert["dedup_key"]) == (f"a/b: the pipeline of {branch} {what}", f"a/b/{branch}")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("own", [True, False], ids=["from this GitLab", "from elsewhere"])
def test_jobs_token_goes_to_its_own_gitlab_alone(
    own: bool, tmp_path: Path, pyz: Path, vendor: Any, answer: Any
) -> None:
    server = vendor(answer(200, pyz.read_bytes()))
    variables = {
        "CI_API_V4_URL": f"{server.url}/api/v4" if own else "http://127.0.0.1:9/api/v4",
        "CI_JOB_TOKEN": "t0ken",
        "CI_REPORTER_PYZ": f"{server.url}/api/v4/projects/1/packages/generic/ci-reporter/1/ci-reporter.pyz",
        "CI_REPORTER_PYZ_SHA256": hashlib.sha256(pyz.read_bytes()).hexdigest(),
        "PATH": str(tools(tmp_path / "bin", python3=PYTHON)),
    }
    done = hook(SHELLS["sh"], f"{set_up('report')}\nci-reporter --version", tmp_path, **variables)
    assert done.stdout.startswith("ci-reporter"), done.stderr
    assert (b"t0ken" in server.seen[0]) is own


class Files(SimpleHTTPRequestHandler):
    """The templates, for `include: remote`."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def start(base_env: Callable[..., dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Start a pipeline in a project that has the components; `log` in its folder has what it prints."""
    runner = needs(Path(__file__).parents[2] / "node_modules/.bin/gitlab-ci-local", "npm ci")
    needs("rsync", "apt-get install rsync")

    def run(folder: Path, pipeline: str) -> subprocess.Popen[bytes]:
        shutil.copytree(TEMPLATES, folder / "templates")
        (folder / ".gitlab-ci.yml").write_text(pipeline)
        home = tmp_path_factory.mktemp("home")
        (home / "python3").symlink_to(PYTHON)  # the file has byte code for it
        env = base_env(home)
        env |= {f"GIT_{role}_{what}": "a@b.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env["PATH"] = f"{home}:{env['PATH']}"
        for command in ("init -q -b main", "add -A", "commit -q -m x", "remote add origin https://gitlab.test/a/b.git"):
            subprocess.run(["git", *command.split()], cwd=folder, env=env, check=True)
        command = [runner, "--force-shell-executor", "--home", str(home), "--variable", "GITLAB_CI=true"]
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)

    return run


@pytest.fixture(scope="session")
def ran(
    make_once: Callable[..., Path], start: Callable[..., Any], pyz: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a project after its pipeline."""

    def run(folder: Path) -> None:
        (folder / "made").mkdir()
        (folder / "made/coverage.xml").write_text(COVERAGE)
        (folder / "made/junit.xml").write_text(JUNIT)
        (folder / "gate.yml").write_text(RULES)
        digest = hashlib.sha256(pyz.read_bytes()).hexdigest()
        bare = tools(tmp_path_factory.mktemp("tools"))
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=TEMPLATES)) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            site = f"http://127.0.0.1:{server.server_port}"
            values = {"pyz": pyz, "digest": digest, "tools": bare, "evil": json.dumps(EVIL), "site": site}
            start(folder, PIPELINE.format(**values)).wait(280)
            server.shutdown()

    return make_once("components", run)


def tools(folder: Path, **more: Path) -> Path:
    """A folder with the few programs that every image has, and more."""
    folder.mkdir(exist_ok=True)
    names = ("bash", "sh", "true", "mkdir", "date", "sed", "cat", "grep", "rm", "mv", "chmod", "cp", "touch")
    for name, path in ({name: Path(str(shutil.which(name))) for name in names} | more).items():
        (folder / name).symlink_to(path)
    return folder


@pytest.fixture
def log(ran: Path) -> str:
    """What the pipeline printed."""
    return (ran / "log").read_text()


@pytest.fixture
def records(ran: Path) -> dict[str, dict[str, Any]]:
    """What the pipeline's jobs recorded, by step."""
    lines = (ran / ".ci-reporter/steps.ndjson").read_text().splitlines()
    return {record["step"]: record for record in map(json.loads, lines)}


@pytest.mark.node
@pytest.mark.slow
class TestPipeline:
    """The components in a pipeline of gitlab-ci-local."""

    def test_jobs_are_recorded_as_they_ended(self, records: dict[str, dict[str, Any]]) -> None:
        ended = {step: (record["job_name"], record["result"]) for step, record in records.items() if step != "gate"}
        assert ended == {
            "unit": ("unit", "success"),
            "broken": ("broken", "failure"),
            "own before_script": ("own before_script", "success"),
            "inner": ("wrapped", "success"),
            "wrapped": ("wrapped", "success"),
        }

    def test_job_keeps_its_own_exit_code(self, log: str) -> None:
        assert re.search(r"^broken +finished in .* WARN 7", log, re.MULTILINE)

    def test_coverage_and_tests_are_in_the_record_and_in_gitlab(self, records: Any, log: str) -> None:
        assert (records["unit"]["coverage_pct"], records["unit"]["tests"]["passed"]) == (50.0, 1)
        assert re.search(r"^ PASS +unit +50(\.0)?% coverage", log, re.MULTILINE)

    def test_job_without_python_runs_and_says_what_is_lacking_once(self, log: str) -> None:
        said = [line for line in log.splitlines() if line.startswith("no python  ")]
        assert any(line.endswith("> it runs") for line in said)
        assert sum("no record of this job: this image has no Python 3.11" in line for line in said) == 1

    def test_gate_that_cannot_run_is_not_green(self, log: str) -> None:
        assert re.search(r"^no python +finished in .* WARN 127", log, re.MULTILINE)
        assert "ci-reporter: not here, so gate is not possible" in log

    def test_gate_fails_the_job_of_a_service_that_never_answers(self, log: str, ran: Path) -> None:
        assert re.search(r"^no answer +finished in .* WARN 4", log, re.MULTILINE)
        assert ET.parse(ran / "gate-junit.xml").getroot().tag == "testsuites"

    def test_artifact_is_stamped(self, ran: Path) -> None:
        assert json.loads((ran / "dist/index.html.build-info.json").read_text())["revision"]

    def test_people_are_told_and_what_they_are_told_is_not_run(self, log: str, ran: Path) -> None:
        (line,) = re.findall(r"^notify +> (\{.*)", log, re.MULTILINE)
        told = json.loads(line)
        assert (told["message"], told["text"], told["dedup_key"]) == (EVIL, EVIL, "a/b/main")
        assert not (ran / "pwned").exists()

    def test_metrics_are_openmetrics(self, ran: Path) -> None:
        families = list(text_string_to_metric_families((ran / ".ci-reporter/metrics.txt").read_text()))
        jobs = {sample.labels["ci_job"] for each in families for sample in each.samples}
        assert {"unit", "broken"} <= jobs

    def test_page_of_the_job_links_to_the_run_and_its_report(self, ran: Path) -> None:
        annotations = json.loads((ran / ".ci-reporter/annotations.json").read_text())
        links = {each["external_link"]["label"]: each["external_link"]["url"] for each in annotations["ci-reporter"]}
        assert re.fullmatch(r"https://gitlab.test/a/b/pipelines/\d+", links["The run"])
        assert any(url.endswith("/artifacts/file/.ci-reporter/report.html") for url in links.values())
        assert (ran / ".ci-reporter/report.html").read_text().startswith("<!DOCTYPE html>")

    def test_dotenv_is_what_gitlab_takes(self, ran: Path) -> None:
        assert re.fullmatch(r"CI_RUN_ID=gitlab-\d+\n", (ran / ".ci-reporter/ci-reporter.env").read_text())


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["^C", "TERM"])
def test_step_of_a_job_that_is_stopped_is_recorded(
    number: int, start: Callable[..., Any], pyz: Path, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    include = f"include: [{{local: templates/report.yml, inputs: {{pyz: {pyz}}}}}]"
    job = "slow: {extends: .ci-reporter, script: [ci-reporter run --name sleeper -- sleep 600]}"
    process = start(tmp_path, f"{include}\n{job}\n")
    steps = tmp_path / ".ci-reporter/steps.ndjson"
    try:
        eventually(lambda: list(tmp_path.glob(".ci-reporter/running/*.json")), "the step to start")
    finally:
        os.killpg(process.pid, number)  # as a terminal does with ^C, and a runner with a job
    assert process.wait(60) == 128 + number
    eventually(lambda: steps.exists() and steps.read_text(), "the record")
    assert json.loads(steps.read_text())["result"] == "cancellation"
