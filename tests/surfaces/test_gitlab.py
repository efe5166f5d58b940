"""What GitLab shows of a job: sections around a command's output, links on the job's page, variables of later jobs."""

from __future__ import annotations

import json
import re

import pytest

from ci_reporter.frozen import replace
from ci_reporter.model import Gate
from ci_reporter.surfaces import gitlab, section

GITLAB = {"GITLAB_CI": "true", "CI_PIPELINE_ID": "7", "CI_JOB_NAME": "unit", "CI_JOB_URL": "https://gl.example/j/9"}
LINKS = {"Dashboard": "https://grafana.example/d/runs", "No": "javascript:alert(1)", "Nor": "https://a b"}


def test_a_section_stands_around_what_the_command_writes(run_program):
    script = "echo out; echo err >&2; exit 3"
    done = run_program("run", "--name", "unit: all", "--", "sh", "-c", script, env=GITLAB)
    assert (done.returncode, done.stdout) == (3, "out\n")
    begun, said, ended, last = done.stderr.split("\n")[:4]
    shape = r"\x1b\[0Ksection_(start|end):\d{10}:(ci_reporter_[\w-]+)\r\x1b\[0K(.*)"
    start, end = re.fullmatch(shape, begun), re.fullmatch(shape, ended)
    assert start and end
    assert (start.groups(), end.groups()) == (("start", start[2], "unit: all"), ("end", start[2], ""))
    assert said == "err"
    assert last.startswith("ci-reporter: unit: all")


@pytest.mark.parametrize(
    ("options", "env"),
    [((), {"GITLAB_CI": ""}), (("-q",), {}), ((), {"CI_REPORTER_CI_SUMMARY": "none"})],
    ids=["elsewhere", "quiet", "none"],
)
def test_without_a_section_there_is_nothing_of_it(run_program, options, env):
    assert "section" not in run_program("run", *options, "--", "true", env=GITLAB | env).stderr


def test_a_header_cannot_begin_a_line_or_a_command():
    line = section.begin("a b\n", "x\r\n\x1b[31m\u202e", 1.5)
    assert line == "\x1b[0Ksection_start:1:a_b_\r\x1b[0Kx   [31m "


def test_links_are_what_gitlab_takes(make_report):
    """The shape is that of `ci_job_annotation_data.json` in GitLab's source."""
    found = json.loads(gitlab.annotations_report([make_report(run_url="https://gl.example/p/7")], LINKS))
    assert found == {
        "ci-reporter": [
            {"external_link": {"label": "The run", "url": "https://gl.example/p/7"}},
            {"external_link": {"label": "Dashboard", "url": "https://grafana.example/d/runs"}},
        ]
    }


def test_variables_are_words_and_numbers(make_report):
    tests = {"total": 9, "passed": 7, "failed": 1, "errors": 1, "skipped": 0}
    report = make_report(exit_code=1, coverage_pct=93.1, tests=tests, step="a\nb=c")
    assert gitlab.dotenv(replace(report, gate=Gate(verdict="fail"))).splitlines() == [
        "CI_STEP_RESULT=failure",
        "CI_STEP_EXIT_CODE=1",
        "CI_STEP_DURATION_MS=12345",
        "CI_STEP_COVERAGE_PCT=93.1",
        "CI_STEP_TESTS_FAILED=2",
        "CI_STEP_TESTS_TOTAL=9",
        "CI_STEP_GATE_VERDICT=fail",
    ]


def test_a_verdict_is_one_of_three_words(make_report):
    report = replace(make_report(), gate=Gate(verdict="pass\nPATH=/tmp"))
    assert "VERDICT" not in gitlab.dotenv(report)


def test_report_writes_both(run_program):
    run_program("run", "-q", "--name", "unit", "--", "true", env=GITLAB)
    files = (
        "--html",
        "out/page.html",
        "--annotations",
        "links.json",
        "--dotenv",
        "step.env",
        "--link",
        "D=https://d.ex",
    )
    assert run_program("report", *files, env=GITLAB).returncode == 0
    urls = [
        each["external_link"]["url"]
        for each in json.loads((run_program.folder / "links.json").read_text())["ci-reporter"]
    ]
    assert urls == ["https://gl.example/j/9/artifacts/file/out/page.html", "https://d.ex"]
    assert (run_program.folder / "step.env").read_text().startswith("CI_STEP_RESULT=success\n")
