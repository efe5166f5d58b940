"""Records that nobody trusts, and what is taken from them."""

import json
import time

import pytest

from ci_reporter.model import Run, rfc3339
from ci_reporter.schema import from_json, to_json
from ci_reporter.step.untrusted import MOST_RECORDS, adopt, collect_untrusted

NOW = time.time()
RUN = Run(ci_run_id="github-7-1", provider="github", repository="acme/shop", pipeline="CI", event="pull_request")
TESTS = {"total": 1, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}


def record(**keys):
    """A record of a run that began a minute ago, as its author writes it."""
    times = {"started_at": rfc3339(NOW - 60), "finished_at": rfc3339(NOW - 50)}
    return from_json({"ci_run_id": "github-7-1", "job_name": "unit", "step": "tests", "exit_code": 0} | times | keys)


def taken(*theirs):
    return adopt(theirs, RUN, (NOW - 90, NOW))


def test_run_is_the_one_that_the_ci_system_names():
    found = taken(
        record(ci_run_id="github-1-1", repository="evil/x", branch="main", run_url="https://evil", job_name="unit")
    )
    assert vars(found[0].run) == vars(RUN) | {"job_name": "unit"}


def test_how_the_step_ended_is_the_authors_word():
    step = taken(record(step="tests", exit_code=3, result="failure"))[0].step
    assert (step.name, step.result, step.exit_code, step.duration_ms) == ("tests", "failure", 3, 10_000)


@pytest.mark.parametrize(
    "times",
    [
        {"finished_at": "2099-01-01T00:00:00Z"},
        {"started_at": "1999-01-01T00:00:00Z"},
        {"finished_at": None},
        {"started_at": "yesterday"},
    ],
)
def test_record_of_another_time_is_left_out(times):
    assert taken(record(**times)) == ()


def test_names_are_few_and_short():
    found = taken(*(record(step=f"{each}{'x' * 500}\n") for each in range(MOST_RECORDS + 50)))
    assert (len(found), max(len(each.step.name) for each in found)) == (MOST_RECORDS, 100)


def test_step_counts_once():
    assert len(taken(record(step="a"), record(step="a"))) == 1


def test_series_and_free_text_of_theirs_are_not_taken():
    theirs = record(measures={f"m{each}": 1.0 for each in range(500)}, tags={"a": "b"}, reason="@everyone")
    found = taken(theirs)[0]
    assert (dict(found.measures), dict(found.tags), found.step.reason) == ({}, {"untrusted": "true"}, None)


@pytest.mark.parametrize(
    ("inner", "ok"),
    [
        ({"coverage_pct": 93.1}, True),
        ({"coverage_pct": 1e300}, False),
        ({"coverage": {"unit": "line", "covered": 1, "total": 2}}, True),
        ({"coverage": {"unit": "line", "covered": -1, "total": 2}}, False),
        ({"coverage": {"unit": "a new series", "covered": 1, "total": 2}}, False),
        ({"tests": TESTS}, True),
        ({"tests": TESTS | {"total": 10**12}}, False),
    ],
)
def test_counts_are_such_as_a_project_can_have(inner, ok):
    found = taken(record(**inner))[0]
    assert (getattr(found, next(iter(inner))) is not None) is ok


def test_records_published_twice_are_the_same_records(make_context, tmp_path):
    (tmp_path / "steps.ndjson").write_text(json.dumps(to_json(record())) + "\n")
    context = make_context()
    for _ in range(2):
        collect_untrusted(context, RUN, rfc3339(NOW - 90), ["steps.ndjson"])
    assert len(list(context.journal.reports())) == 1
