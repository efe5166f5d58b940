"""go test -json: tests, subtests, packages and reruns."""

import json

import pytest

from ci_reporter.errors import ReportFileError


def event(action, test=None, package="p", **more):
    return {"Action": action, "Package": package} | ({"Test": test} if test else {}) | more


@pytest.fixture
def go(results):
    """Read these events."""
    return lambda *events: results("".join(json.dumps(each) + "\n" for each in events), "gotest_json")


def counts(result):
    tests = result.tests
    return (tests.passed, tests.failed, tests.errors, tests.skipped, tests.flaky)


@pytest.mark.parametrize(
    ("action", "expected"),
    [("pass", (1, 0, 0, 0, 0)), ("fail", (0, 1, 0, 0, 0)), ("skip", (0, 0, 0, 1, 0)), ("bench", (1, 0, 0, 0, 0))],
)
def test_a_test_ends_as_its_event_says(go, action, expected):
    assert counts(go(event("run", "T"), event(action, "T"), event("pass"))) == expected


def test_subtests_count_and_their_time_is_their_parents(go):
    result = go(event("pass", "T/a", Elapsed=1), event("pass", "T/b", Elapsed=2), event("pass", "T", Elapsed=3.5))

    assert result.tests.total == 3
    assert result.tests.duration_ms == 3500


def test_a_package_that_fails_for_no_test_is_an_error(go):
    result = go(event("output", Output="panic: no\n"), event("output", Output="FAIL\tp\t0.1s\n"), event("fail"))

    assert counts(result) == (0, 0, 1, 0, 0)
    assert (result.failed[0].suite, result.failed[0].name, result.failed[0].message) == ("p", "(package)", "panic: no")


def test_a_package_that_fails_for_its_tests_is_none(go):
    assert counts(go(event("fail", "T"), event("fail"))) == (0, 1, 0, 0, 0)


def test_a_package_that_does_not_build_says_why(go):
    build = {"Action": "build-output", "ImportPath": "p [p.test]", "Output": "p.go:3: undefined: x\n"}
    result = go(build, event("fail", FailedBuild="p [p.test]"))

    assert result.failed[0].message == "p.go:3: undefined: x"


def test_a_test_that_runs_when_its_package_fails_is_an_error(go):
    result = go(event("run", "T"), event("output", "T", Output="stuck\n"), event("fail"))

    assert counts(result) == (0, 0, 1, 0, 0)
    assert result.failed[0].message == "stuck"


def test_a_test_that_runs_when_the_file_ends_is_an_error_and_it_is_said(go):
    result = go(event("run", "T"))

    assert counts(result) == (0, 0, 1, 0, 0)
    assert result.notes == ("ends while tests of p were running; they are errors",)


def test_a_failure_that_passes_in_a_later_run_is_flaky(go):
    result = go(event("fail", "T"), event("fail"), event("pass", "T"), event("pass"))

    assert counts(result) == (1, 0, 0, 0, 1)
    assert [case.name for case in result.flaky] == ["T"]


def test_a_failure_that_fails_again_counts_once(go):
    assert counts(go(event("fail", "T"), event("fail"), event("fail", "T"), event("fail"))) == (0, 1, 0, 0, 0)


def test_two_runs_of_one_package_run_are_two_tests(go):
    assert counts(go(event("fail", "T"), event("pass", "T"), event("fail"))) == (1, 1, 0, 0, 0)


def test_a_package_that_fails_and_then_passes_has_no_error(go):
    assert counts(go(event("fail"), event("pass", "T"), event("pass"))) == (1, 0, 0, 0, 0)


def test_packages_keep_their_tests_apart(go):
    result = go(event("fail", "T"), event("fail"), event("pass", "T", package="q"), event("pass", package="q"))

    assert counts(result) == (1, 1, 0, 0, 0)


def test_other_output_stands_in_between(results):
    text = 'go: downloading x\n{"Action":"pass","Package":"p","Test":"T"}\nFAIL\tq [build failed]\n[1]\n'

    assert results(text).tests.passed == 1


@pytest.mark.parametrize("line", ['{"Action":"pass"', "{" * 100_000, '{"Elapsed":' + "9" * 5000 + "}"])
def test_a_line_cut_off_is_refused_with_its_number(results, line):
    with pytest.raises(ReportFileError, match="line 2: expected one whole JSON object"):
        results('{"Action":"start","Package":"p"}\n' + line, "gotest_json")


@pytest.mark.parametrize("elapsed", [-1, 1e300, "1", None, True, float("nan"), float("inf")])
def test_an_elapsed_time_that_is_none_is_unknown(go, elapsed):
    assert go(event("pass", "T", Elapsed=elapsed)).tests.duration_ms is None


@pytest.mark.parametrize("value", [1, None, [], {}])
def test_fields_of_another_type_are_passed_over(go, value):
    good = event("pass", "T")
    odd = [good | {key: value} for key in ("Action", "Package", "Test", "Output")]

    assert go(good, *odd).tests.total >= 1


def test_a_file_without_an_event_is_refused(results):
    with pytest.raises(ReportFileError, match="holds no event of go test"):
        results("ok  \tp\t0.1s\n", "gotest_json")


def test_more_failures_than_are_remembered_are_counted(go):
    result = go(*(event("fail", f"T{number}") for number in range(25_000)))

    assert result.tests.failed == 25_000
