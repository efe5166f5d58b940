"""examples/jenkins: the shared library and the pipelines, run by Groovy 2.4, as Jenkins has it, on steps as strict."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import needs
from tests.shipped.conftest import PYTHON

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "examples/jenkins"
PAGES = (ROOT / "docs/how-to/jenkins.md", LIBRARY / "README.md")
GROOVY = "/usr/share/java/groovy-all.jar"
HOSTILE = "$(touch pwned)`touch pwned`\"; touch pwned; '"
MAKEFILE = """
test:
\t@printf 'SF:a\\nDA:1,1\\nDA:2,0\\nend_of_record\\n' >coverage.xml
\t@echo '<testsuite tests="1"><testcase name="a" classname="b"/></testsuite>' >junit.xml
dist:
\t@mkdir -p dist
"""
# name: a script; the build it makes is called after it.
BUILDS = {
    "declarative": (LIBRARY / "Jenkinsfile").read_text(),
    "scripted": (LIBRARY / "Jenkinsfile.scripted").read_text(),
    "body": "ciReporter(name: 'b') { sh 'exit 7' }",
    "value": "ciReporter(name: 'v') { unstable('two tests fail'); 42 }",
    "unstable before": "ciReporter(name: 'v') { unstable('x') }; ciReporter(name: 'w') { unstable('y') }",
    "stopped": "stage('Slow') { ciReporter { sh 'exit 99' } }",
    "stdout": "ciReporter.sh(name: 'o', script: 'echo out; echo err >&2', returnStdout: true)",
    "status": "ciReporter.sh(name: 's', script: '#!/usr/bin/env python3\\nraise SystemExit(5)', returnStatus: true)",
    "hostile": f"ciReporter(name: {json.dumps(HOSTILE).replace('$', chr(92) + '$')}) {{ }}",
    "windows": "steps.unix = false; ciReporter { 'ran' }",
    "typo": "ciReporter(nmae: 'x') { 'ran' }",
    "lacking": "withEnv(['CI_REPORTER_PYZ=/no/such']) { ciReporter { sh 'echo body' }; ciReporter.sh('echo script') }",
} | {
    f"{page.name} {number}": text
    for page in PAGES
    for number, text in enumerate(re.findall(r"(?s)```groovy\n(.*?)```", page.read_text()), 1)
}


@pytest.fixture(scope="session")
def builds(make_once: Callable[..., Path], pyz: Path) -> Path:
    """The workspaces of the builds, and in `ended` what became of each."""
    java = needs("java", "run scripts/test-tools")
    needs("groovy", "run scripts/test-tools")

    def run(folder: Path) -> None:
        library, scripts, programs = (folder / name for name in ("library", "scripts", "bin"))
        shutil.copytree(LIBRARY, library)
        shutil.copy(pyz, library / "resources/ci-reporter/ci-reporter.pyz")
        scripts.mkdir()
        programs.mkdir()
        (programs / "python3").symlink_to(PYTHON)
        for name, text in BUILDS.items():
            (scripts / name).write_text(text)
            (folder / name).mkdir()
            (folder / name / "Makefile").write_text(MAKEFILE)
        where = f"{GROOVY}:{Path(__file__).parent / 'jenkins'}"
        # One tier of the compiler and no parallel collector: the JVM lives for seconds.
        options = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-cp", where)
        command = [java, *options, "groovy.ui.GroovyMain", Path(__file__).parent / "jenkins/Jenkins.groovy"]
        done = subprocess.run(
            [*command, library, folder, *(scripts / name for name in BUILDS)],
            env={"PATH": f"{programs}:/usr/bin:/bin", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stderr
        (folder / "ended").write_text(done.stdout)

    return make_once("jenkins", run)


@pytest.fixture
def ended(builds: Path) -> dict[str, dict[str, Any]]:
    """What became of each build: value or failure, log, result."""
    return {each["script"]: each for each in map(json.loads, (builds / "ended").read_text().splitlines())}


@pytest.fixture
def records(builds: Path) -> Callable[[str], list[dict[str, Any]]]:
    """What a build recorded."""

    def read(name: str) -> list[dict[str, Any]]:
        path = builds / name / ".ci-reporter/steps.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read


def test_declarative_pipeline_records_script_body_and_build(ended: Any, records: Any) -> None:
    assert "failure" not in ended["declarative"], ended["declarative"]
    found = [(each["job_name"], each["step"], each["result"]) for each in records("declarative")]
    assert found == [("Test", "unit", "success"), ("Package", "package", "success"), ("build", "build", "success")]


def test_script_has_coverage_tests_and_what_the_process_used(records: Any) -> None:
    unit = records("declarative")[0]
    assert (unit["coverage_pct"], unit["tests"]["passed"], unit["exit_code"]) == (50.0, 1, 0)
    assert unit["max_rss_bytes"] > 0


def test_scripted_pipeline_fails_as_its_deploy_does(ended: Any, records: Any) -> None:
    assert ended["scripted"]["failure"] == {"type": "AbortException", "message": "script returned exit code 127"}
    found = {each["step"]: (each["result"], each["environment"]) for each in records("scripted")}
    assert found == {
        "build": ("success", None),
        "deploy": ("error", "production"),
        "whole build": ("failure", None),
    }


def test_body_fails_as_it_would_without_us(ended: Any, records: Any) -> None:
    assert ended["body"]["failure"] == {"type": "AbortException", "message": "script returned exit code 7"}
    assert [each["result"] for each in records("body")] == ["failure"]


def test_body_gives_its_value_and_an_unstable_one_is_a_failure(ended: Any, records: Any) -> None:
    assert (ended["value"]["value"], ended["value"]["result"]) == (42, "UNSTABLE")
    assert [each["result"] for each in records("value")] == ["failure"]


def test_what_cannot_be_known_of_an_unstable_build_is_said(ended: Any) -> None:
    assert "the build was UNSTABLE before, so it is not known" in str(ended["unstable before"]["log"])


def test_build_that_is_stopped_is_a_cancellation_named_after_its_stage(ended: Any, records: Any) -> None:
    assert ended["stopped"]["failure"]["type"] == "FlowInterruptedException"
    assert [(each["step"], each["result"]) for each in records("stopped")] == [("Slow", "cancellation")]


def test_script_gives_its_output_alone(ended: Any) -> None:
    assert ended["stdout"]["value"] == "out\n"


def test_script_gives_its_status_and_keeps_its_interpreter(ended: Any, records: Any) -> None:
    assert (ended["status"]["value"], records("status")[0]["exit_code"]) == (5, 5)


def test_name_reaches_no_shell(builds: Path, records: Any) -> None:
    assert [each["step"] for each in records("hostile")] == [HOSTILE]
    assert not list(builds.rglob("pwned"))


def test_agent_without_a_shell_runs_the_body_and_says_so(ended: Any) -> None:
    said = ["ci-reporter: no record: the library needs an agent with a POSIX shell"]
    assert (ended["windows"]["value"], ended["windows"]["log"]) == ("ran", said)


def test_option_that_there_is_not_is_an_error(ended: Any) -> None:
    assert "there is no option 'nmae' (known: name, coverage" in ended["typo"]["failure"]["message"]


def test_agent_without_ci_reporter_runs_body_and_script_and_says_so_of_each(ended: Any, records: Any) -> None:
    assert "failure" not in ended["lacking"], ended["lacking"]
    log = ended["lacking"]["log"]
    assert ("body" in log, "script" in log, records("lacking")) == (True, True, [])
    assert sum("no record: there is no ci-reporter on the PATH of this agent" in line for line in log) == 2


@pytest.mark.parametrize("name", [name for name in BUILDS if ".md" in name])
def test_pipeline_of_a_page_runs_and_records(name: str, ended: Any, records: Any) -> None:
    assert "failure" not in ended[name], ended[name]
    assert {each["result"] for each in records(name)} == {"success"}
