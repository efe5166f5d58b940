"""JUnit XML: what stands in the cases counts, in every dialect."""

import pytest

from ci_reporter.errors import ReportFileError


@pytest.fixture
def junit(results):
    """Read a suite with these elements in it."""
    return lambda body, attributes="": results(f"<testsuite name='s' {attributes}>{body}</testsuite>")


def counts(result):
    tests = result.tests
    return (tests.passed, tests.failed, tests.errors, tests.skipped)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", (1, 0, 0, 0)),
        ("<failure/>", (0, 1, 0, 0)),
        ("<failure>a</failure><failure>b</failure>", (0, 1, 0, 0)),
        ("<error/>", (0, 0, 1, 0)),
        ("<failure/><error/>", (0, 1, 0, 0)),
        ("<skipped/>", (0, 0, 0, 1)),
        ("<skipped message='later' type='x'/>", (0, 0, 0, 1)),
        ("<skipped/><failure/>", (0, 1, 0, 0)),
        ("<failure/><skipped/>", (0, 1, 0, 0)),
        ("<skipped message='later'/><failure/>", (0, 1, 0, 0)),
        ("<skipped/><error/>", (0, 0, 1, 0)),
        ("<system-out>x</system-out>", (1, 0, 0, 0)),
        ("<properties><property name='a' value='b'/></properties>", (1, 0, 0, 0)),
        ("<system-out/><failure/>", (0, 1, 0, 0)),
    ],
)
def test_a_case_has_one_outcome(junit, inside, expected):
    assert counts(junit(f"<testcase name='a'>{inside}</testcase>")) == expected


@pytest.mark.parametrize("skipped", ["type='todo' message='known'", "message='TEST_CASE tagged with !mayfail'"])
@pytest.mark.parametrize("bad", ["<failure/>", "<error/>"])
def test_a_failure_that_node_or_catch2_expected_is_skipped(junit, skipped, bad):
    mark = f"<skipped {skipped}/>"

    assert counts(junit(f"<testcase>{mark}{bad}</testcase><testcase>{bad}{mark}</testcase>")) == (0, 0, 0, 2)


def test_a_failure_beside_skipped_keeps_its_message(junit):
    result = junit("<testcase><skipped message='later'/><failure message='2 == 3'/></testcase>")

    assert result.failed[0].message == "2 == 3"


@pytest.mark.parametrize("status", ["notrun", "disabled", "skipped"])
def test_a_case_may_say_by_its_status_that_it_did_not_run(junit, status):
    assert counts(junit(f"<testcase status='{status}'/>")) == (0, 0, 0, 1)


@pytest.mark.parametrize("status", ["run", "passed", "completed"])
def test_any_other_status_says_nothing(junit, status):
    assert counts(junit(f"<testcase status='{status}'/>")) == (1, 0, 0, 0)


@pytest.mark.parametrize("element", ["flakyFailure", "flakyError", "rerunFailure", "rerunError"])
def test_a_rerun_on_a_passed_case_is_flaky(junit, element):
    result = junit(f"<testcase name='a'><{element} message='first'/></testcase>")

    assert result.tests.flaky == 1
    assert result.tests.passed == 1
    assert [case.name for case in result.flaky] == ["a"]


def test_a_rerun_on_a_failed_case_is_not_flaky(junit):
    result = junit("<testcase><failure/><rerunFailure/></testcase><testcase/>")

    assert result.tests.flaky == 0
    assert counts(result) == (1, 1, 0, 0)


def test_suites_may_be_nested(results):
    result = results(
        "<testsuites><testsuite tests='3'><testcase/><testsuite tests='2'><testcase/><testcase/></testsuite>"
        "</testsuite></testsuites>"
    )

    assert result.tests.total == 3
    assert result.declared["total"] == 3


def test_a_case_may_stand_right_under_testsuites(results):
    result = results("<testsuites><testsuite tests='1'><testcase/></testsuite><testcase name='out'/></testsuites>")

    assert result.tests.total == 2
    assert not result.declared
    assert not result.mismatch


def test_the_root_speaks_for_all_and_the_suites_for_what_it_leaves_out(results):
    result = results(
        "<testsuites tests='2'><testsuite tests='2' skipped='1'><testcase/><testcase/></testsuite></testsuites>"
    )

    assert result.declared == {"total": 2, "skipped": 1}
    assert result.mismatch


def test_a_suite_without_cases_is_taken_at_its_word(junit):
    result = junit("", "tests='5' failures='2' errors='1' skipped='1' time='1.5'")

    assert counts(result) == (1, 2, 1, 1)
    assert result.tests.duration_ms == 1500
    assert result.notes == ("has suites that declare tests and hold none; their declared numbers are counted",)


def test_a_suite_without_cases_counts_once_in_the_suites_around_it(results):
    result = results("<testsuites tests='5'><testsuite tests='5'><testsuite tests='5'/></testsuite></testsuites>")

    assert result.tests.total == 5


def test_declared_failures_beyond_the_declared_total_leave_nothing_passed(junit):
    assert counts(junit("", "tests='1' failures='2'")) == (0, 2, 0, 0)


@pytest.mark.parametrize("tests", ["-1", "NaN", "", "1e309", "x", "9" * 5000, "1.5"])
def test_a_number_of_tests_that_is_none_declares_nothing(junit, tests):
    result = junit("<testcase/>", f"tests='{tests}'")

    assert result.tests.total == 1
    assert not result.declared


def test_a_difference_is_said_once(junit):
    result = junit("<testcase/><testcase/>", "tests='3' failures='1'")

    assert result.mismatch
    assert result.notes == ("declares 3 tests, 1 failed; its records hold 2 tests, 0 failed, which is what counts",)


def test_disabled_tests_are_skipped_ones(junit):
    assert not junit("<testcase status='notrun'/>", "tests='1' skipped='0' disabled='1'").mismatch


def test_what_breaks_outside_the_cases_is_an_error(junit):
    result = junit("<testcase/><error message='cannot set up'/>")

    assert counts(result) == (1, 0, 1, 0)
    assert result.failed[0].message == "cannot set up"


def test_durations_are_added_up(junit):
    result = junit("<testcase time='0.5'/><testcase time='1,000.25'/><testcase/><testcase time='NaN'/>", "time='7'")

    assert result.tests.duration_ms == 1_000_750


def test_the_declared_time_holds_where_no_case_has_one(junit):
    assert junit("<testcase/>", "tests='1' time='7'").tests.duration_ms == 7000


def test_time_is_unknown_where_nobody_knows_it(junit):
    assert junit("<testcase/>").tests.duration_ms is None


def test_attributes_may_come_in_any_order_and_have_any_value(junit):
    case = "<testcase name='time' time='1'/><testcase time='1' name='status'/><testcase name='time' file='7'/>"

    assert junit(case * 20).tests.duration_ms == 40_000


def test_zero_is_a_time(junit):
    assert junit("<testcase time='0.000'/>").tests.duration_ms == 0


@pytest.mark.parametrize("message", ["", "Failed", "failure", " "])
def test_the_text_is_the_message_where_the_attribute_says_nothing(junit, message):
    result = junit(f"<testcase><failure message='{message}'>what <b>went</b> wrong</failure></testcase>")

    assert result.failed[0].message == "what went wrong"


def test_the_first_failure_is_the_message(junit):
    result = junit("<testcase><failure message='a'/><failure message='b'/></testcase>")

    assert result.failed[0].message == "a"


def test_the_class_or_else_the_suite_names_the_case(junit):
    result = junit("<testcase name='a' classname='c'><error/></testcase><testcase name='b'><error/></testcase>")

    assert [(case.suite, case.name) for case in result.failed] == [("c", "a"), ("s", "b")]


def test_names_have_prefixes_in_some_namespaces(results):
    result = results("<j:testsuite xmlns:j='urn:j'><j:testcase><j:failure/></j:testcase><j:testcase/></j:testsuite>")

    assert counts(result) == (1, 1, 0, 0)


def test_a_case_within_a_case_counts(junit):
    assert junit("<testcase name='a'><testcase name='b'><failure/></testcase></testcase>").tests.total == 2


def test_only_pytest_writes_attempts_as_cases(results):
    body = "<testcase name='a'/><testcase name='a'/>"

    assert results(f"<testsuite name='pytest'>{body}</testsuite>").tests.total == 1
    assert results(f"<testsuite name='mocha'>{body}</testsuite>").tests.total == 2


def test_attempts_of_other_workers_may_stand_between(results):
    others = "".join(f"<testcase name='{number}'/>" for number in range(100))
    result = results(f"<testsuite name='pytest'><testcase name='a'/>{others}<testcase name='a'/></testsuite>")

    assert result.tests.total == 101
    assert [case.name for case in result.flaky] == ["a"]


def test_an_attempt_that_fails_in_the_end_is_not_flaky(results):
    body = "<testcase name='a'/><testcase name='a'><failure/></testcase>"
    result = results(f"<testsuite name='pytest'>{body}</testsuite>")

    assert counts(result) == (0, 1, 0, 0)
    assert result.tests.flaky == 0


def test_many_failures_are_counted_and_a_hundred_kept(junit):
    result = junit("<testcase name='a'><failure/></testcase>" * 250)

    assert result.tests.failed == 250
    assert len(result.failed) == 100


def test_ten_are_the_slowest(junit):
    result = junit("".join(f"<testcase name='{n}' time='{n}'/>" for n in (*range(1, 30), *range(60, 30, -1))))

    assert [case.duration_ms for case in result.slowest] == [n * 1000 for n in range(60, 50, -1)]


def test_another_root_is_refused(results):
    with pytest.raises(ReportFileError, match="expected <testsuites> or <testsuite>, found <coverage>"):
        results("<coverage/>", "junit")


GO = "<properties><property name='go.version' value='go1.26'/></properties>"


def go(junit, *cases, attributes=""):
    """A package as gotestsum writes it: names, with `!` behind those that failed."""
    body = "".join(
        f"<testcase classname='p' name='{name.rstrip('!')}'>{'<failure/>' * name.endswith('!')}</testcase>"
        for name in cases
    )
    return junit(GO + body, attributes)


def test_a_go_test_that_passes_in_a_later_attempt_is_flaky(junit):
    result = go(junit, "A!", "B", "A")

    assert counts(result) == (2, 0, 0, 0)
    assert [case.name for case in result.flaky] == ["A"]


def test_a_go_test_that_fails_in_each_attempt_failed_once(junit):
    assert counts(go(junit, "A!", "A!", "B")) == (1, 1, 0, 0)


def test_go_tests_of_count_2_are_each_a_test(junit):
    result = go(junit, "A!", "B", "B", "A")

    assert counts(result) == (3, 1, 0, 0)
    assert result.tests.flaky == 0


def test_go_subtests_that_run_again_with_their_root_test_count_once(junit):
    result = go(junit, "T!", "T/bad!", "T/good", "T/good", "T/bad", "T", "B")

    assert counts(result) == (4, 0, 0, 0)
    assert [case.name for case in result.flaky] == ["T", "T/bad"]


def test_the_attempts_that_gotestsum_declares_are_no_difference(junit):
    assert not go(junit, "A!", "A!", "B", "A", attributes="tests='4' failures='2'").mismatch


def test_a_go_package_without_reruns_is_compared_as_it_is(junit):
    assert go(junit, "A!", "B", attributes="tests='3' failures='1'").mismatch


def test_the_same_name_in_two_go_packages_is_two_tests(results):
    suite = f"<testsuite>{GO}<testcase classname='{{}}' name='A'>{{}}</testcase></testsuite>"
    result = results(f"<testsuites>{suite.format('p', '<failure/>')}{suite.format('q', '')}</testsuites>")

    assert counts(result) == (1, 1, 0, 0)
