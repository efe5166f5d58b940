"""What a job demands of its reports: the limits, and the sentence when one is missed."""

import pytest

from ci_reporter import model
from ci_reporter.model import Coverage, Report, Result, Run, Step
from ci_reporter.step.limits import Baseline, Limits, check


def make_report(pct=None, tests=None):
    coverage = Coverage(unit="line", covered=round(pct * 10), total=1000) if pct is not None else None
    step = Step(name="unit", result=Result.SUCCESS)
    return Report(report_id="x", run=Run(), step=step, coverage=coverage, coverage_pct=pct, tests=tests)


def make_tests(total, skipped=0):
    return model.Tests(total=total, passed=total - skipped, failed=0, errors=0, skipped=skipped)


@pytest.mark.parametrize("pct", [80.0, 80.1, 100.0])
def test_enough_coverage_is_enough(pct):
    assert check(make_report(pct), Limits(coverage_min_pct=80)).missed == ()


def test_too_little_coverage_says_by_how_much():
    missed = check(make_report(78.2), Limits(coverage_min_pct=80)).missed
    assert missed == ("coverage is 78.20 % (782 of 1000 lines), 1.80 points below the required 80 %",)


def test_unknown_coverage_is_never_enough():
    assert check(make_report(), Limits(coverage_min_pct=0)).missed == (
        "coverage is unknown, and at least 0 % is required",
    )


@pytest.mark.parametrize("pct", [90.5, 91.0, 95.0])
def test_a_drop_within_the_limit_is_allowed(pct):
    baseline = Baseline(pct=91.0, source="branch main")
    assert check(make_report(pct), Limits(coverage_drop_points=0.5), baseline).missed == ()


def test_a_drop_says_from_what_to_what():
    baseline = Baseline(pct=91.0, source="branch main")
    assert check(make_report(88.7), Limits(coverage_drop_points=0.5), baseline).missed == (
        "coverage fell by 2.30 points, from 91.00 % (branch main) to 88.70 %; at most 0.5 is allowed",
    )


def test_unknown_coverage_is_a_drop():
    baseline = Baseline(pct=91.0, source="branch main")
    missed = check(make_report(), Limits(coverage_drop_points=5), baseline).missed
    assert missed == ("coverage is unknown, and branch main had 91.00 %",)


def test_a_missing_baseline_is_said_and_fails_nothing():
    judgement = check(make_report(50.0), Limits(coverage_drop_points=1), Baseline(pct=None, source="nobody pushed"))
    assert judgement.missed == ()
    assert judgement.notes == ("coverage has nothing to be compared with: nobody pushed",)


def test_a_missing_baseline_fails_where_one_is_required():
    limits = Limits(coverage_drop_points=1, require_baseline=True)
    assert len(check(make_report(50.0), limits, Baseline(pct=None, source="nobody pushed")).missed) == 1


@pytest.mark.parametrize(
    ("tests", "missed"),
    [
        (make_tests(1), ()),
        (make_tests(3, skipped=2), ()),
        (make_tests(0), ("no tests ran, and at least 1 must run",)),
        (make_tests(2, skipped=2), ("no tests ran (2 were skipped), and at least 1 must run",)),
        (None, ("the number of tests is unknown, and at least 1 must run",)),
    ],
    ids=["one ran", "one ran of three", "none", "all skipped", "unknown"],
)
def test_no_test_is_not_a_pass(tests, missed):
    assert check(make_report(tests=tests), Limits(tests_min=1)).missed == missed


def test_without_limits_nothing_is_missed():
    assert check(make_report(), Limits()).missed == ()
