"""The Report as JSON, schema 1: what is written is read back, and what others write never trips a reader."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter import model
from ci_reporter.frozen import fields
from ci_reporter.model import Coverage, Report, Result, Run, Step, rfc3339, seconds_of, uuid7
from ci_reporter.schema import from_json, to_json

KEYS = [
    *("schema", "report_id", "ci_run_id", "provider", "repository", "pipeline", "pipeline_id"),
    *("job_name", "step", "branch", "tag", "revision", "change", "run_url"),
    *("actor", "event", "environment", "started_at", "finished_at", "duration_ms", "exit_code"),
    *("signal", "result", "reason", "attempts", "cpu_user_ms", "cpu_system_ms", "max_rss_bytes"),
    *("coverage_pct", "coverage", "tests", "measures", "tags"),
]
MINIMAL = {"pipeline_id": "17", "job_name": "unit", "duration_ms": 1200, "exit_code": 0, "coverage_pct": 93.1}

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
wholes = st.integers(-(2**63) + 1, 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe = {str: st.none() | texts, int: st.none() | wholes}
runs = st.builds(
    Run,
    **{name: texts if name == "provider" else maybe[str] for name in fields(Run) if name != "ci_run_id"},
)
steps = st.builds(
    Step,
    **{
        name: maybe[int if "int" in annotation else str]
        for name, annotation in fields(Step).items()
        if name not in ("name", "result")
    },
    name=texts,
    result=st.sampled_from(Result),
)
coverages = st.builds(
    Coverage, unit=texts, covered=wholes, total=wholes, branches_covered=maybe[int], branches_total=maybe[int]
)
reports = st.builds(
    Report,
    report_id=st.uuids().map(str),
    run=runs,
    step=steps,
    environment=maybe[str],
    coverage=st.none() | coverages,
    coverage_pct=st.none() | numbers,
    tests=st.none()
    | st.builds(model.Tests, **dict.fromkeys(("total", "passed", "failed", "errors", "skipped"), wholes)),
    gate=st.none()
    | st.builds(model.Gate, verdict=texts, probes=maybe[int], rules=st.dictionaries(texts, texts), p95_ms=numbers),
    measures=st.dictionaries(texts, numbers),
    tags=st.dictionaries(texts, texts),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
nouns = [*KEYS, *fields(Run), *fields(Step)]
inners = st.dictionaries(st.sampled_from([*fields(Coverage), *fields(model.Tests)]), anything, max_size=8)
objects = st.dictionaries(st.sampled_from(nouns), anything | inners, max_size=8)


@given(reports)
def test_what_is_written_is_read_back(report):
    assert from_json(json.loads(json.dumps(to_json(report)))) == report


def test_failures_are_read_back_and_refused_by_name():
    known = {"exit_code": 1, "failures": [{"name": "adds", "message": "1 is not 2", "path": "test_cart.py", "line": 4}]}
    report = from_json(known)
    assert to_json(report)["failures"] == known["failures"]
    assert from_json(to_json(report)).failures == report.failures
    with pytest.raises(ValueError, match=r"failures\[1\]\.name: is missing"):
        from_json(known | {"failures": [{"name": "adds"}, {}]})


def test_a_report_has_every_key_of_the_schema_in_this_order():
    report = Report(report_id="r1", run=Run(), step=Step(name="unit", result=Result.SUCCESS))
    assert list(to_json(report)) == KEYS


def test_what_is_unknown_is_null():
    flat = to_json(Report(report_id="r1", run=Run(), step=Step(name="unit", result=Result.ERROR)))
    known = {"schema", "report_id", "ci_run_id", "provider", "step", "result", "measures", "tags"}
    assert {key for key, value in flat.items() if value is not None} == known


def test_further_facts_follow_the_schemas_keys_where_they_are_known():
    run = Run(stage="test", node="2")
    report = Report(report_id="r1", run=run, step=Step(name="unit", result=Result.SUCCESS, output_tail="bye"))
    assert list(to_json(report))[len(KEYS) :] == ["stage", "node", "output_tail"]


def test_a_minimal_report_of_an_outside_sender_is_accepted():
    report = from_json(MINIMAL)
    assert (report.step.name, report.step.result, report.step.duration_ms) == ("unit", Result.SUCCESS, 1200)


@pytest.mark.parametrize(
    ("given_id", "read"), [(17, "17"), ("17", "17"), (2**60, str(2**60)), ("", None), (None, None)]
)
def test_a_pipeline_id_may_be_a_number(given_id, read):
    assert from_json(MINIMAL | {"pipeline_id": given_id}).run.pipeline_id == read


def test_a_report_without_an_id_gets_one():
    assert from_json(MINIMAL).report_id != from_json(MINIMAL).report_id


def test_unknown_keys_are_passed_over():
    assert from_json(MINIMAL | {"report_id": "r1", "colour": {"of": "no interest"}}) == from_json(
        MINIMAL | {"report_id": "r1"}
    )


@pytest.mark.parametrize(("code", "result"), [(0, Result.SUCCESS), (1, Result.FAILURE), (-1, Result.FAILURE)])
def test_the_exit_code_gives_the_result_where_none_is_given(code, result):
    assert from_json(MINIMAL | {"exit_code": code}).step.result is result


def test_a_result_wins_over_the_exit_code():
    assert from_json(MINIMAL | {"exit_code": 137, "result": "cancellation"}).step.result is Result.CANCELLATION


def test_a_report_that_does_not_say_how_the_step_ended_is_refused():
    with pytest.raises(ValueError, match=r"^exit_code: is missing, and so is result"):
        from_json({"pipeline_id": 1, "job_name": "unit"})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"exit_code": "0"}, "exit_code: expected a whole number, got '0'"),
        ({"exit_code": True}, "exit_code: expected a whole number, got True"),
        ({"duration_ms": 1.5}, "duration_ms: expected a whole number, got 1.5"),
        ({"duration_ms": 10**400}, "duration_ms: expected a whole number, got a number of more than 64 bits"),
        ({"coverage_pct": float("nan")}, "coverage_pct: expected a number, got nan"),
        ({"coverage_pct": float("inf")}, "coverage_pct: expected a number, got inf"),
        ({"job_name": ["a"]}, "job_name: expected text, got a list"),
        ({"job_name": True}, "job_name: expected text, got True"),
        ({"branch": 1.5}, "branch: expected text, got 1.5"),
        ({"result": "ok"}, "result: no result named 'ok' (known: success, failure,"),
        ({"report_id": "../../etc"}, "report_id: expected at most 100 letters"),
        ({"coverage": {}}, "coverage.unit: is missing"),
        ({"coverage": []}, "coverage: expected an object, got a list"),
        ({"coverage": {"unit": "line", "covered": "1", "total": 2}}, "coverage.covered: expected a whole number"),
        ({"tests": {"total": 1}}, "tests.passed: is missing"),
        ({"tests": 3}, "tests: expected an object, got 3"),
        ({"measures": {"size": "big"}}, "measures.size: expected a number, got 'big'"),
        ({"measures": {"size": 10**400}}, "measures.size: expected a number, got a number of more than 64 bits"),
        ({"tags": {"team": {}}}, "tags.team: expected text, got an object"),
        ({"actor": ["x" * 999]}, "actor: expected text, got a list"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_named(wrong, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        from_json(MINIMAL | wrong)


@given(objects | anything)
def test_nothing_but_value_error_is_ever_raised(flat):
    try:
        report = from_json(flat)
    except ValueError as exc:
        assert len(str(exc)) < 250
    else:
        json.dumps(to_json(report), allow_nan=False)


def test_a_whole_number_may_come_as_a_float():
    assert from_json(MINIMAL | {"duration_ms": 1200.0}).step.duration_ms == 1200


@pytest.mark.parametrize(("covered", "total", "ratio"), [(1, 4, 0.25), (0, 4, 0.0), (0, 0, None)])
def test_coverage_of_nothing_is_unknown(covered, total, ratio):
    assert Coverage(unit="line", covered=covered, total=total).ratio == ratio


@given(st.floats(0, 4e9))
def test_a_time_is_read_back_to_the_millisecond(epoch_s):
    assert seconds_of(rfc3339(epoch_s)) == pytest.approx(epoch_s, abs=0.0006)


@pytest.mark.parametrize(
    "stamp", [None, "", "soon", "2026-01-31", "2026-01-31T12:00:00", "0001-01-01T00:00:00+23:59:99"]
)
def test_what_is_no_point_in_time_is_unknown(stamp):
    assert seconds_of(stamp) is None


@given(st.text())
def test_no_text_trips_the_reading_of_a_time(stamp):
    seconds_of(stamp)


def test_an_id_is_a_version_7_uuid():
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uuid7())
