"""`run --coverage … --tests …` and `collect`: the files of a step in its record, and the job's own limits."""

import json
import os
import time

import pytest

COBERTURA = """<?xml version="1.0"?>
<coverage line-rate="{rate}" lines-covered="{covered}" lines-valid="10" version="7" timestamp="0">
<packages><package name="p"><classes><class name="c" filename="c.py"><lines>{lines}</lines></class></classes></package>
</packages></coverage>
"""
JUNIT = """<testsuites><testsuite name="s" tests="3" failures="1" skipped="1">
<testcase classname="m" name="good" time="0.5"/>
<testcase classname="m" name="bad" time="0.1"><failure message="no"/></testcase>
<testcase classname="m" name="later"><skipped/></testcase></testsuite></testsuites>
"""


def cobertura(covered):
    lines = "".join(f'<line number="{n}" hits="{int(n <= covered)}"/>' for n in range(1, 11))
    return COBERTURA.format(rate=covered / 10, covered=covered, lines=lines)


@pytest.fixture
def job(run_program):
    """The program in a folder whose command writes the reports it is given."""
    (run_program.folder / "new-coverage").write_text(cobertura(9))
    (run_program.folder / "new-junit").write_text(JUNIT)
    return run_program


WRITE = "cp new-coverage coverage.xml; cp new-junit junit.xml"


def test_what_the_command_left_behind_is_in_its_record(job):
    job("run", "--coverage", "coverage.xml", "--tests", "junit.xml", "--", "sh", "-c", WRITE)
    (record,) = job.records()
    assert (record["coverage_pct"], record["coverage"]["covered"], record["coverage"]["total"]) == (90.0, 9, 10)
    assert {key: record["tests"][key] for key in ("total", "passed", "failed", "skipped")} == {
        "total": 3,
        "passed": 1,
        "failed": 1,
        "skipped": 1,
    }


def test_a_failing_command_cannot_skip_the_reading(job):
    ended = job("run", "--coverage", "coverage.xml", "--", "sh", "-c", f"{WRITE}; exit 3")
    assert ended.returncode == 3
    assert job.records()[0]["coverage_pct"] == 90.0


def test_failed_flaky_and_slow_tests_are_named_in_the_summary(job):
    job("run", "--name", "unit", "--tests", "junit.xml", "--", "sh", "-c", WRITE)
    shown = job("summary").stdout
    assert "unit: failed: m: bad" in shown
    assert "m: good" in shown.split("slow:")[1]


def test_the_last_line_has_coverage_and_tests(job):
    ended = job("run", "--coverage", "coverage.xml", "--tests", "junit.xml", "--", "sh", "-c", WRITE)
    assert "coverage 90.0 % · tests 1/3 passed, 1 failed, 1 skipped in 600 ms" in ended.stderr


def test_words_of_an_unquoted_glob_are_files_not_the_command(job):
    ended = job(
        "run", "--coverage", "coverage.xml", "other.xml", "--", "sh", "-c", f"{WRITE}; cp coverage.xml other.xml"
    )
    assert ended.returncode == 0
    assert job.records()[0]["coverage"]["total"] == 10


def test_a_file_that_is_not_there_is_said_and_fails_nothing(job):
    ended = job("run", "--coverage", "no/such/*.xml", "--", "true")
    assert ended.returncode == 0
    assert "no file matches 'no/such/*.xml'" in ended.stderr


def test_a_file_of_an_earlier_run_is_not_counted(job):
    old = job.folder / "coverage.xml"
    old.write_text(cobertura(5))
    os.utime(old, (time.time() - 3600,) * 2)
    ended = job("run", "--coverage", "coverage.xml", "--", "true")
    assert "is older than this step; it is not counted" in ended.stderr
    assert job.records()[0]["coverage_pct"] is None


@pytest.mark.parametrize("content", ["", "<coverage", "garbage", "\0\0"], ids=["empty", "cut", "garbage", "NUL"])
def test_a_broken_file_leaves_the_job_alone(job, content):
    (job.folder / "new-coverage").write_text(content)
    ended = job("run", "--coverage", "coverage.xml", "--tests", "junit.xml", "--", "sh", "-c", WRITE)
    assert (ended.returncode, ended.stderr.count("warning")) == (0, 1)
    assert (job.records()[0]["coverage_pct"], job.records()[0]["tests"]["total"]) == (None, 3)


def test_strict_reports_fail_the_job(job):
    (job.folder / "new-coverage").write_text("garbage")
    ended = job("run", "--strict-reports", "--coverage", "coverage.xml", "--", "sh", "-c", WRITE)
    assert ended.returncode == 1
    assert job.records()[0]["result"] == "failure"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (("--coverage-min", "90"), 0),
        (("--coverage-min", "90.5"), 1),
        (("--tests-min", "2"), 0),
        (("--tests-min", "3"), 1),
        (("--coverage-drop", "1"), 0),
        (("--coverage-drop", "1", "--require-baseline"), 1),
    ],
    ids=str,
)
def test_limits_fail_the_job_when_they_are_missed(job, limits, code):
    ended = job("run", "--coverage", "coverage.xml", "--tests", "junit.xml", *limits, "--", "sh", "-c", WRITE)
    assert ended.returncode == code
    assert job.records()[0]["result"] == ("failure" if code else "success")


def test_limits_do_not_act_on_a_command_that_failed(job):
    ended = job("run", "--coverage-min", "99", "--coverage", "coverage.xml", "--", "sh", "-c", f"{WRITE}; exit 5")
    assert (ended.returncode, job.records()[0]["reason"]) == (5, None)


@pytest.mark.parametrize(("covered", "code"), [(9, 0), (8, 0), (7, 1)])
def test_coverage_is_compared_with_a_file_of_records(job, covered, code):
    job("run", "--name", "unit", "--coverage", "coverage.xml", "--", "sh", "-c", WRITE)
    before = job.folder / "before.ndjson"
    before.write_text((job.folder / ".ci-reporter/steps.ndjson").read_text())
    (job.folder / "new-coverage").write_text(cobertura(covered))
    limits = ("--coverage-drop", "10", "--coverage-baseline", "before.ndjson")
    ended = job("run", "--name", "unit", "--coverage", "coverage.xml", *limits, "--", "sh", "-c", WRITE)
    assert ended.returncode == code


@pytest.mark.services
def test_coverage_is_compared_with_what_the_default_branch_pushed(job, pushgateway):
    ci = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_JOB": "unit", "GITHUB_REF_TYPE": "branch"}
    env = ci | {"CI_REPORTER_PUSHGATEWAY": pushgateway.url, "CI_REPORTER_COVERAGE": "coverage.xml"}
    job("run", "--", "sh", "-c", WRITE, env=env | {"GITHUB_REF_NAME": "main"})
    (job.folder / "new-coverage").write_text(cobertura(6))
    change = env | {"GITHUB_REF_NAME": "feature", "CI_REPORTER_COVERAGE_DROP": "0.5"}
    ended = job("run", "--", "sh", "-c", WRITE, env=change)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "::error title=ci-reporter::coverage fell by 30.00 points, from 90.00 %25 (branch main"
    )


def test_collect_records_files_of_another_step(job):
    (job.folder / "coverage.xml").write_text(cobertura(4))
    ended = job("collect", "--coverage", "coverage.xml", "--tests", "new-junit", "--json")
    record = json.loads(ended.stdout)
    assert (record["step"], record["coverage_pct"], record["tests"]["total"]) == ("collect", 40.0, 3)
    assert job.records() == [record]


def test_collect_takes_several_words_too(job):
    ended = job("collect", "--tests", "new-junit", "no-such", "--name", "reports")
    assert "no file matches 'no-such'" in ended.stderr
    assert job.records()[0]["step"] == "reports"


def test_collect_with_nothing_to_read_is_a_usage_error(job):
    assert job("collect").returncode == 2


@pytest.mark.parametrize("option", ["--coverage-format", "--tests-format"])
def test_a_format_nobody_has_is_a_usage_error_before_the_command(job, option):
    ended = job("run", option, "nope", "--", "touch", "started")
    assert ended.returncode == 2
    assert "named 'nope' (known: " in ended.stderr
    assert not (job.folder / "started").exists()


@pytest.mark.services
def test_coverage_and_tests_are_pushed(job, pushgateway):
    limits = ("--coverage", "coverage.xml", "--tests", "junit.xml", "--pushgateway", pushgateway.url)
    job("run", *limits, "--", "sh", "-c", WRITE)
    text = pushgateway.get("/metrics").decode()
    assert 'unit="line"' in text
    assert 'outcome="failed"' in text


def test_collect_records_a_job_by_its_ci_systems_word(run_program):
    env = {"GITLAB_CI": "true", "CI_PIPELINE_ID": "7", "CI_JOB_NAME": "unit"}
    ended = run_program("collect", "--result", "canceled", "--started", "2026-01-31T12:00:00Z", env=env)
    (record,) = run_program.records()
    assert (ended.returncode, record["step"], record["result"]) == (0, "unit", "cancellation")
    assert record["started_at"] == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize(
    "options",
    [("--result", "green"), ("--result", "failed", "--started", "yesterday"), ("--started", "1")],
    ids=["unknown result", "unknown time", "a start without a result"],
)
def test_collect_refuses_a_job_that_it_does_not_understand(run_program, options):
    ended = run_program("collect", *options)
    assert (ended.returncode, run_program.records()) == (2, [])
