"""What is known of a whole run: from the state folder, from records of other jobs, from the CI system's API."""

import json

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.schema import from_json, to_json
from ci_reporter.step.trace import whole_run
from ci_reporter.system.deadline import Deadline
from tests import vendors
from tests.conftest import free_port
from tests.step.test_from_api import GITHUB
from tests.vendors import github_job, serving

RUN = "github-17012345678-1"
GIVEN = f"00-{'a' * 32}-{'b' * 16}-01"


def report(**more):
    times = {"started_at": "2026-01-31T12:00:00Z", "finished_at": "2026-01-31T12:00:09Z"}
    return from_json({"report_id": "r", "ci_run_id": RUN, "step": "unit", "exit_code": 0} | times | more)


def names(whole):
    return sorted(each.step.name for each in whole.reports)


def test_records_of_other_jobs_count(make_context, tmp_path):
    context = make_context({})
    context.journal.finish(None, report(step="here"), ())
    theirs = [report(step="there", report_id="a"), report(step="another run", ci_run_id="x", report_id="b")]
    path = tmp_path / "unit/steps.ndjson"
    path.parent.mkdir()
    path.write_text("".join(f"{json.dumps(to_json(each))}\n" for each in theirs))
    assert names(whole_run(context, RUN, [str(path)])) == ["here", "there"]


def test_jobs_that_are_over_count_and_are_not_recorded(make_context):
    jobs = [github_job(1, "lint"), github_job(2, "docs", "failure"), github_job(99, "record", None)]
    with serving(vendors.GitHub(jobs=jobs)) as url:
        context = make_context(GITHUB | {"GITHUB_API_URL": url})
        whole = whole_run(context, RUN, from_api=Deadline(5))
    assert (names(whole), list(context.journal.reports())) == (["docs", "lint"], [])
    assert {str(each.step.result) for each in whole.reports} == {"failure", "success"}


def test_an_api_that_does_not_tell_is_a_warning(make_context):
    context = make_context(GITHUB | {"GITHUB_API_URL": f"http://127.0.0.1:{free_port()}"})
    (warning,) = whole_run(context, RUN, from_api=Deadline(5)).warnings
    assert warning.startswith("when the jobs of this run began and ended is not known: cannot reach")


def test_the_api_tells_only_of_the_run_that_asks(make_context):
    with pytest.raises(UsageError, match="only the run that this job is in"):
        whole_run(make_context(GITHUB), "github-1-1", from_api=Deadline(5))


def test_steps_in_a_trace_of_somebody_else_make_no_run(make_context):
    context = make_context({})
    context.journal.finish(None, report(traceparent=GIVEN), ())
    with pytest.raises(UsageError, match="in a trace that TRACEPARENT named"):
        whole_run(context, RUN)
