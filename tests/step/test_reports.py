"""The step's report files, read and held to limits in process."""

import os
import time

import pytest

from ci_reporter.model import Result
from ci_reporter.step.draft import Draft
from ci_reporter.step.hold import hold_to_limits
from ci_reporter.step.reports import read_reports
from ci_reporter.system.deadline import Deadline

JUNIT = '<testsuite name="s" tests="2"><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'
LCOV = "SF:a.py\nDA:1,1\nDA:2,0\nend_of_record\n"


@pytest.fixture
def draft(make_context, make_report, tmp_path):
    """Write the files, read them, hold what they say to the settings' limits."""
    (tmp_path / "junit.xml").write_text(JUNIT)
    (tmp_path / "lcov.info").write_text(LCOV)

    def call(since_s=None, result=Result.SUCCESS, **settings):
        context = make_context(**settings)
        read = read_reports(context, Draft(report=make_report(context, result=result)), since_s=since_s)
        return hold_to_limits(context, read, Deadline(1))

    return call


def test_coverage_and_tests_are_in_the_report(draft):
    report = draft(coverage=["lcov.info"], tests=["junit.xml"]).report
    assert (report.coverage_pct, report.tests.total, report.failed_tests) == (50.0, 2, ("s: b",))


def test_a_file_that_is_not_there_is_a_warning(draft):
    found = draft(tests=["none.xml"])
    assert (found.unread, found.missed) == (1, ())
    assert "no file matches 'none.xml'" in found.warnings[0]


def test_with_strict_reports_it_is_a_missed_limit(draft):
    found = draft(tests=["none.xml"], coverage=["lcov.info"], strict_reports=True)
    assert found.missed == ("1 problem with report files, and --strict-reports is set",)


def test_a_missed_limit_makes_the_step_a_failure(draft):
    found = draft(coverage=["lcov.info"], coverage_min_pct="80")
    assert found.report.step.result is Result.FAILURE
    assert found.report.step.reason == found.missed[0]


def test_a_step_that_failed_is_held_to_nothing(draft):
    assert draft(coverage=["lcov.info"], coverage_min_pct="80", result=Result.TIMEOUT).missed == ()


def test_a_file_older_than_the_step_is_not_counted(draft, tmp_path):
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "lcov.info", (an_hour_ago, an_hour_ago))
    found = draft(since_s=time.time() - 60, coverage=["lcov.info"])
    assert found.report.coverage is None
    assert "is older than this step" in found.warnings[0]


def test_ten_thousand_old_files_are_one_warning(draft, tmp_path):
    (tmp_path / "old").mkdir()
    for number in range(10_000):
        (tmp_path / f"old/{number:04}.xml").write_text(JUNIT)
    found = draft(since_s=time.time() + 60, tests=["old/*.xml"])
    (warning,) = found.warnings
    assert warning.startswith("10000 files are older than this step and are not counted: ")
    assert warning.endswith("0002.xml and 9997 more")


def test_of_many_broken_files_three_are_named(draft, tmp_path):
    for number in range(100):
        (tmp_path / f"{number:03}.xml").write_text("<testsuite")
    found = draft(tests=["0*.xml"])
    assert (found.unread, len(found.warnings)) == (100, 4)
    assert found.warnings[-1] == "97 more report files have problems like these"


def test_without_a_baseline_a_drop_cannot_be_told(draft):
    found = draft(coverage=["lcov.info"], coverage_drop_points="1")
    assert found.missed == ()
    assert "neither --coverage-baseline nor a Pushgateway is set" in found.warnings[0]


def test_a_password_in_the_name_of_a_test_is_masked(make_context, make_report, tmp_path):
    name = "opens[postgres://u:hunter2pw@h/db]"
    (tmp_path / "junit.xml").write_text(
        f'<testsuite><testcase name="{name}" time="2"><failure/></testcase></testsuite>'
    )
    context = make_context(tests=["junit.xml"])
    draft = read_reports(context, Draft(report=make_report(context)))
    assert draft.report.failed_tests == ("opens[postgres://***@h/db]",)
    assert "hunter2pw" not in f"{draft.report} {draft.failed}"
