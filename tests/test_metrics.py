"""What a report becomes: families, values, labels, two text formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ci_reporter import metrics
from ci_reporter.metrics import BUILD_INFO, FAMILIES, GROUPING, OVERHEAD, PUSH_FAILURES, RUN_INFO
from ci_reporter.schema import from_json
from ci_reporter.sinks import openmetrics

FULL = {
    "cpu_user_ms": 9000,
    "cpu_system_ms": 400,
    "max_rss_bytes": 123456789,
    "coverage": {"unit": "line", "covered": 931, "total": 1000, "branches_covered": 80, "branches_total": 100},
    "tests": {"total": 200, "passed": 198, "failed": 1, "errors": 0, "skipped": 1, "flaky": 2},
    "measures": {"bundle_bytes": 48123},
    "gate": {
        "verdict": "fail",
        "decided_at_s": 30,
        "probes": 600,
        "rules": {"latency": "fail", "availability": "pass"},
        "p50_ms_before": 120,
        "p95_ms_before": 250,
        "error_ratio_before": 0,
        "p50_ms": 180,
        "p95_ms": 400.5,
        "error_ratio": 0.01,
    },
}
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
ABOUT_US = tuple(metrics.sample_of(each, [((), 0.5)]) for each in (OVERHEAD, PUSH_FAILURES))


def values(report, **more):
    found = metrics.samples(report, **more)
    return {each.family.name: {",".join(labels): value for labels, value in each.values} for each in found}


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("ci_step_duration_seconds", {"": 12.345}),
        ("ci_step_exit_code", {"": 0}),
        ("ci_step_success", {"": 1}),
        ("ci_step_attempts", {"": 1}),
        ("ci_step_cpu_seconds", {"user": 9.0, "system": 0.4}),
        ("ci_step_max_rss_bytes", {"": 123456789}),
        ("ci_step_last_completion_timestamp_seconds", {"": 1769860812.345}),
        ("ci_step_last_success_timestamp_seconds", {"": 1769860812.345}),
        ("ci_step_run_id", {"": 17012345678}),
        ("ci_coverage_ratio", {"line": 0.931, "branch": 0.8}),
        ("ci_tests", {"passed": 198, "failed": 1, "errors": 0, "skipped": 1, "flaky": 2}),
        ("ci_measure", {"bundle_bytes": 48123}),
        ("ci_gate_verdict", {"pass": 0, "fail": 1, "inconclusive": 0}),
        ("ci_gate_decided_seconds", {"": 30}),
        ("ci_gate_probes", {"": 600}),
        ("ci_gate_rule_failed", {"latency": 1, "availability": 0}),
        (
            "ci_gate_latency_seconds",
            {"baseline,p50": 0.12, "baseline,p95": 0.25, "watch,p50": 0.18, "watch,p95": 0.4005},
        ),
        ("ci_gate_error_ratio", {"baseline": 0, "watch": 0.01}),
        ("ci_build_info", {f",c0ffee{'0' * 34},main": 1}),
        ("ci_run_info", {f"github-17012345678-1,c0ffee{'0' * 34}": 1}),
        ("ci_step_result", {"success": 1, "failure": 0, "error": 0, "timeout": 0, "cancellation": 0, "skip": 0}),
    ],
)
def test_a_family_has_its_values(make_report, family, expected):
    assert values(make_report(**FULL), run_info=True)[family] == expected


def test_no_family_is_forgotten(make_report):
    assert list(values(make_report(**FULL), run_info=True)) == [each.name for each in (*FAMILIES, BUILD_INFO, RUN_INFO)]


def test_what_is_unknown_is_absent(make_report):
    unknown = dict.fromkeys(("duration_ms", "exit_code", "attempts", "finished_at", "pipeline_id"))
    assert set(values(make_report(**unknown, result="error"))) == {"ci_step_result", "ci_step_success"}


def test_a_failure_says_no_success_time(make_report):
    found = values(make_report(exit_code=1))
    assert "ci_step_last_success_timestamp_seconds" not in found
    assert found["ci_step_last_completion_timestamp_seconds"] == {"": 1769860812.345}


def test_nothing_to_cover_is_not_a_ratio(make_report):
    assert "ci_coverage_ratio" not in values(make_report(coverage={"unit": "line", "covered": 0, "total": 0}))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        (str(2**53 - 1), 2**53 - 1),
        (str(2**53), None),
        ("1" * 40, None),
        ("12a", None),
        ("-1", None),
        ("1.5", None),
        ("１２", None),
        (None, None),
    ],
)
def test_a_run_id_is_a_value_where_a_float_holds_it(make_report, text, value):
    found = values(make_report(pipeline_id=text)).get("ci_step_run_id")
    assert found == (None if value is None else {"": value})


@pytest.mark.parametrize(
    ("run", "label"),
    [
        ({"branch": "main"}, "main"),
        ({"branch": "release/1.2"}, "release/1.2"),
        ({"branch": "trunk", "default_branch": "trunk"}, "trunk"),
        ({"branch": "feature/x"}, "other"),
        ({"branch": None}, "other"),
        ({"branch": None, "tag": "v1"}, "other"),
        ({"branch": "main", "change": "12"}, "pull_request"),
        ({"branch": "MAIN"}, "other"),
    ],
    ids=["listed", "pattern", "default", "feature", "none", "tag", "fork's main", "case"],
)
def test_a_branch_is_folded(make_report, run, label):
    assert metrics.folded_branch(make_report(**run), ("main", "master", "release/*")) == label


def test_the_key_has_the_six_labels_and_no_unknown_word(make_report):
    key = metrics.grouping_key(make_report(repository=None), ("main",))
    expected = ("ci_reporter", "", "CI", "unit (3.12)", "pytest", "main")
    assert key == dict(zip(GROUPING, expected, strict=True))


def test_no_body_label_is_a_key_label():
    labels = {label for each in (*FAMILIES, RUN_INFO, OVERHEAD, PUSH_FAILURES) for label in each.labels}
    assert not labels & {*GROUPING, "instance"}


@given(budget=st.integers(0, 40), sizes=st.lists(st.integers(0, 9), max_size=8))
def test_a_budget_keeps_the_first_and_counts_the_rest(budget, sizes):
    batch = [metrics.sample_of(OVERHEAD, [((str(each),), 1.0) for each in range(size)]) for size in sizes]
    kept, dropped = metrics.within(budget, batch)
    assert sum(len(each.values) for each in kept) == min(budget, sum(sizes))
    assert dropped == max(0, sum(sizes) - budget)


def test_the_newest_of_each_family_is_kept(make_report):
    earlier = metrics.samples(make_report(measures={"a": 1}))
    later = metrics.samples(make_report(exit_code=1))
    merged = {each.family.name: each.values for each in metrics.newest([earlier, later])}
    assert merged["ci_step_exit_code"] == (((), 1.0),)
    assert merged["ci_measure"] == ((("a",), 1.0),)
    assert merged["ci_step_last_success_timestamp_seconds"] == (((), 1769860812.345),)


def test_the_text_is_gauges_without_times_and_ends_its_last_line(make_report):
    text = metrics.text_format([*ABOUT_US, *metrics.samples(make_report(**FULL), run_info=True)]).decode()
    found = list(parse_text(text))
    assert {each.type for each in found} == {"gauge"}
    assert all(sample.timestamp is None for each in found for sample in each.samples)
    assert text.endswith("\n")
    assert "\r" not in text


@pytest.mark.services
def test_promtool_finds_nothing_to_say(make_report, promtool_says):
    text = metrics.text_format([*ABOUT_US, *metrics.samples(make_report(**FULL), run_info=True)])
    assert promtool_says(text.decode()) == ""


def test_the_openmetrics_file_is_openmetrics(make_report, tmp_path):
    path = tmp_path / "folder" / "metrics.txt"
    openmetrics.write(str(path), [make_report(**FULL), make_report(step="lint", exit_code=1)])
    text = path.read_text()
    found = {each.name: each for each in parse_openmetrics(text)}
    assert text.endswith("# EOF\n")
    assert set(found) == {each.name for each in FAMILIES if not each.passing}
    assert {tuple(each.labels.values()): each.value for each in found["ci_step_exit_code"].samples} == {
        ("unit (3.12)", "pytest"): 0,
        ("unit (3.12)", "lint"): 1,
    }


def test_the_openmetrics_file_has_each_steps_newest_state(make_report, tmp_path):
    path = tmp_path / "metrics.txt"
    openmetrics.write(str(path), [make_report(measures={"a": 1}), make_report(exit_code=1)])
    found = {each.name: [sample.value for sample in each.samples] for each in parse_openmetrics(path.read_text())}
    assert (found["ci_step_exit_code"], found["ci_measure"]) == ([1], [1])


@given(step=NAMES.filter(bool), job=NAMES)
def test_any_name_survives_the_openmetrics_file(tmp_path_factory, step, job):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    openmetrics.write(str(path), [from_json({"exit_code": 0, "step": step, "job_name": job or None})])
    found = {each.name: each for each in parse_openmetrics(path.read_bytes().decode())}
    assert found["ci_step_exit_code"].samples[0].labels == {"step": step, "ci_job": job}
