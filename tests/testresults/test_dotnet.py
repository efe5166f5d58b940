"""TRX, NUnit 2 and 3, xUnit.net: what is not known to have passed has not."""

import pytest

from ci_reporter.errors import ReportFileError


def counts(result):
    tests = result.tests
    return (tests.passed, tests.failed, tests.errors, tests.skipped)


PASSED, FAILED, ERROR, SKIPPED = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("Passed", PASSED),
        ("Warning", PASSED),
        ("Completed", PASSED),
        ("PassedButRunAborted", PASSED),
        ("Failed", FAILED),
        ("NotExecuted", SKIPPED),
        ("Inconclusive", SKIPPED),
        ("NotRunnable", SKIPPED),
        ("Pending", SKIPPED),
        ("Timeout", ERROR),
        ("Aborted", ERROR),
        ("Error", ERROR),
        ("Disconnected", ERROR),
        ("InProgress", ERROR),
        ("", ERROR),
        ("Sideways", ERROR),
    ],
)
def test_trx_outcomes(results, outcome, expected):
    assert counts(results(f"<TestRun><UnitTestResult outcome='{outcome}'/></TestRun>")) == expected


def test_trx_skipped_is_total_less_executed(results):
    result = results("<TestRun><UnitTestResult outcome='NotExecuted'/><Counters total='1' executed='0'/></TestRun>")

    assert result.declared["skipped"] == 1
    assert not result.mismatch


def test_trx_counters_that_differ_are_said(results):
    assert results("<TestRun><UnitTestResult outcome='Passed'/><Counters total='2' executed='2'/></TestRun>").mismatch


def test_trx_says_that_the_run_was_aborted(results):
    result = results(
        "<TestRun><ResultSummary><RunInfos><RunInfo outcome='Error'/></RunInfos></ResultSummary></TestRun>"
    )

    assert result.notes == ("says that the run itself ended as Error",)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("result='Success'", PASSED),
        ("result='Failure'", FAILED),
        ("result='Error'", ERROR),
        ("result='NotRunnable'", ERROR),
        ("result='Ignored'", SKIPPED),
        ("result='Skipped'", SKIPPED),
        ("result='Inconclusive'", SKIPPED),
        ("result='?'", ERROR),
        ("executed='True' success='True'", PASSED),
        ("executed='True' success='False'", FAILED),
        ("executed='False'", SKIPPED),
        ("", ERROR),
    ],
)
def test_nunit2_outcomes(results, attributes, expected):
    assert counts(results(f"<test-results><test-case name='a.b' {attributes}/></test-results>")) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("result='Passed'", PASSED),
        ("result='Warning'", PASSED),
        ("result='Failed'", FAILED),
        ("result='Failed' label='Error'", ERROR),
        ("result='Failed' label='Invalid'", ERROR),
        ("result='Skipped' label='Ignored'", SKIPPED),
        ("result='Inconclusive'", SKIPPED),
        ("", ERROR),
    ],
)
def test_nunit3_outcomes(results, attributes, expected):
    assert counts(results(f"<test-run><test-case name='b' fullname='a.b' {attributes}/></test-run>")) == expected


@pytest.mark.parametrize(
    ("outcome", "expected"), [("Pass", PASSED), ("Fail", FAILED), ("Skip", SKIPPED), ("NotRun", SKIPPED), ("?", ERROR)]
)
def test_xunit_outcomes(results, outcome, expected):
    assert counts(results(f"<assembly><test name='a' result='{outcome}'/></assembly>")) == expected


def test_xunit_assemblies_are_added_up(results):
    assembly = "<assembly total='1' errors='1'><errors><error/></errors><test result='Pass'/></assembly>"
    result = results(f"<assemblies>{assembly * 3}</assemblies>")

    assert result.declared == {"total": 6, "errors": 3}
    assert not result.mismatch


@pytest.mark.parametrize("name", ["trx", "nunit2", "nunit3", "xunit2"])
def test_another_root_is_refused(results, name):
    with pytest.raises(ReportFileError, match="root element"):
        results("<testsuite/>", name)


@pytest.mark.parametrize(
    "content",
    [
        "<TestRun><UnitTestResult outcome='Failed'><Message>a</Message><Message>b</Message></UnitTestResult></TestRun>",
        "<test-run><test-case result='Failed'><message>a</message><message>b</message></test-case></test-run>",
    ],
)
def test_the_first_message_is_kept(results, content):
    assert results(content).failed[0].message == "a"


def test_a_message_of_a_suite_is_nobodys(results):
    result = results("<test-run><failure><message>suite</message></failure><test-case result='Failed'/></test-run>")

    assert result.failed[0].message == ""


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("<test-case executed='True'/>", PASSED),
        ("<test-case executed='True' success='True'/>", PASSED),
        ("<test-case success='True'/>", PASSED),
        ("<test-case executed='True'><failure><message>no</message></failure></test-case>", FAILED),
        ("<test-case executed='True' success='False'/>", FAILED),
        ("<test-case executed='False'/>", SKIPPED),
        ("<test-case executed='False'><reason><message>later</message></reason></test-case>", SKIPPED),
        ("<test-case/>", ERROR),
    ],
)
@pytest.mark.parametrize("root", ["test-run", "test-suite", "test-results"])
def test_nunit_cases_without_a_result(results, root, case, expected):
    assert counts(results(f"<{root}>{case}</{root}>")) == expected


def test_an_nunit_suite_as_the_root_is_a_report(results):
    result = results(
        "<test-suite total='2' skipped='1' duration='0.5'><test-suite total='2' skipped='0'>"
        "<test-case result='Passed'/><test-case result='Skipped'/></test-suite></test-suite>"
    )

    assert (result.format, counts(result), result.mismatch) == ("nunit3", (1, 0, 0, 1), False)
