"""SonarQube's generic test executions."""

import pytest


@pytest.fixture
def read(results):
    """Read a report of one file with these cases in it."""
    return lambda body: results(f'<testExecutions version="1"><file path="a.js">{body}</file></testExecutions>')


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", (1, 0, 0, 0)),
        ('<failure message="2 == 3">at a.js</failure>', (0, 1, 0, 0)),
        ('<error message="no cart"/>', (0, 0, 1, 0)),
        ('<skipped message="later"/>', (0, 0, 0, 1)),
        ('<skipped message="later"/><failure message="x"/>', (0, 1, 0, 0)),
    ],
)
def test_a_case_has_one_outcome(read, inside, expected):
    tests = read(f'<testCase name="adds" duration="5">{inside}</testCase>').tests

    assert (tests.passed, tests.failed, tests.errors, tests.skipped) == expected


def test_durations_are_milliseconds(read):
    assert read('<testCase name="a" duration="5"/><testCase name="b" duration="500"/>').tests.duration_ms == 505


def test_a_case_belongs_to_its_file(read):
    case = read('<testCase name="adds" duration="5"><failure message="2 == 3">trace</failure></testCase>').failed[0]

    assert (case.suite, case.name, case.message) == ("a.js", "adds", "2 == 3")


def test_a_message_without_content_gives_way_to_the_text(read):
    result = read('<testCase name="a"><failure message="Error">Error: no cart</failure></testCase>')

    assert result.failed[0].message == "Error: no cart"


def test_the_old_root_is_read(results):
    assert results('<unitTest version="1"><file path="a"><testCase name="b"/></file></unitTest>').tests.passed == 1
