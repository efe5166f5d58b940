"""What came before a step: the same step on the same branch, in another run."""

from ci_reporter.journal.series import covered_before, earlier
from ci_reporter.schema import from_json


def records(*runs):
    """A record a run, with what each has of its own: `records({}, {"branch": "topic"})`."""
    known = {"repository": "acme/shop", "job_name": "test", "step": "unit", "branch": "main", "exit_code": 0}
    return [from_json(known | {"report_id": str(at), "ci_run_id": str(at)} | more) for at, more in enumerate(runs)]


def test_another_branch_job_or_step_is_another_series():
    kept = records({}, {"branch": "x"}, {"job_name": "x"}, {"step": "x"}, {"change": "7"}, {}, {})
    assert [each.report_id for each in earlier(kept[5], kept)] == ["0"]


def test_an_attempt_of_the_same_run_is_not_before_it():
    kept = records({"ci_run_id": "1"}, {"ci_run_id": "1"})
    assert earlier(kept[1], kept) == []


def test_coverage_is_compared_with_the_last_that_is_known():
    kept = records({"coverage_pct": 1.0}, {"coverage_pct": 2.0}, {}, {"coverage_pct": 3.0})
    assert covered_before(kept[3], kept) == kept[1]


def test_a_change_is_compared_with_its_own_last_run_then_with_its_target():
    change = {"coverage_pct": 3.0, "branch": "topic", "change": "7", "target_branch": "main"}
    kept = records({"coverage_pct": 1.0}, change, {"coverage_pct": 2.0, "branch": "other"}, change)
    assert covered_before(kept[1], kept) == kept[0]
    assert covered_before(kept[3], kept) == kept[1]


def test_another_unit_is_not_compared():
    unit = {"covered": 1, "total": 2}
    kept = records(
        {"coverage_pct": 50.0, "coverage": unit | {"unit": "branch"}},
        {"coverage_pct": 50.0, "coverage": unit | {"unit": "line"}},
    )
    assert covered_before(kept[1], kept) is None
