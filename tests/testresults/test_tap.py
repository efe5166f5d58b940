"""TAP 12 to 14: points, plans, directives, subtests, YAML blocks."""

import pytest

from ci_reporter.errors import ReportFileError


def counts(result):
    tests = result.tests
    return (tests.passed, tests.failed, tests.errors, tests.skipped)


@pytest.fixture
def tap(results):
    """Read these lines."""
    return lambda *lines: results("\n".join(lines) + "\n", "tap")


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ("ok 1 - a", (1, 0, 0, 0)),
        ("ok", (1, 0, 0, 0)),
        ("ok a", (1, 0, 0, 0)),
        ("not ok 1", (0, 1, 0, 0)),
        ("ok 1 - a # SKIP why", (0, 0, 0, 1)),
        ("ok 1 - a # skipped: why", (0, 0, 0, 1)),
        ("not ok 1 - a # TODO later", (0, 0, 0, 1)),
        ("ok 1 - a # todo", (0, 0, 0, 1)),
        ("not ok 1 - a \\# SKIP is no directive", (0, 1, 0, 0)),
        ("not ok 1 - issue #SKIP3", (0, 0, 0, 1)),
        ("not ok 1 - a#skip", (0, 1, 0, 0)),
        ("ok 1 - 100% # of it", (1, 0, 0, 0)),
    ],
)
def test_a_point_has_one_outcome(tap, point, expected):
    assert counts(tap("1..1", point)) == expected


def test_escapes_are_taken_out_of_names(tap):
    assert tap("1..1", r"not ok 1 - a \# b \\ c").failed[0].name == r"a # b \ c"


def test_a_plan_may_come_last(tap):
    assert not tap("ok 1", "ok 2", "1..2").notes


def test_planned_tests_that_never_ran_are_errors(tap):
    result = tap("1..3", "ok 1")

    assert counts(result) == (1, 0, 2, 0)
    assert [case.name for case in result.failed] == ["test 2 of 3", "test 3 of 3"]
    assert result.notes == ("plans 3 tests and holds 1; those that never ran are errors",)


def test_a_plan_of_a_billion_costs_nothing(tap):
    result = tap("1..999999999", "ok 1")

    assert result.tests.errors == 999_999_998
    assert len(result.failed) == 100


def test_more_tests_than_planned_are_counted_and_said(tap):
    result = tap("1..1", "ok 1", "ok 2")

    assert result.tests.total == 2
    assert result.notes == ("declares 1 tests; its records hold 2 tests, which is what counts",)


def test_a_missing_plan_is_said(tap):
    assert tap("TAP version 13", "ok 1").notes == ("has no plan (1..N): it may have been cut off",)


def test_a_bail_out_is_an_error(tap):
    result = tap("ok 1", "Bail out! no disk", "1..1")

    assert counts(result) == (1, 0, 1, 0)
    assert result.failed[0].message == "no disk"


def test_a_bail_out_takes_the_place_of_a_test_that_never_ran(tap):
    assert counts(tap("1..2", "ok 1", "Bail out!")) == (1, 0, 1, 0)


def test_a_file_that_skips_all_says_why(tap):
    result = tap("1..0 # SKIP no network")

    assert result.tests.total == 0
    assert result.notes == ("plans no test: SKIP no network",)


def test_leaves_count_and_their_parents_do_not(tap):
    result = tap("# Subtest: a", "    ok 1 - x", "    not ok 2 - y", "    1..2", "not ok 1 - a", "ok 2 - b", "1..2")

    assert counts(result) == (2, 1, 0, 0)
    assert [(case.suite, case.name) for case in result.failed] == [("a", "y")]


def test_a_parent_that_fails_by_itself_counts(tap):
    result = tap("    ok 1 - x", "    1..1", "not ok 1 - cleans up", "1..1")

    assert counts(result) == (1, 1, 0, 0)


def test_subtests_may_be_deep(tap):
    result = tap(
        "# Subtest: a",
        "    # Subtest: b",
        "        not ok 1 - x",
        "        1..1",
        "    not ok 1 - b",
        "    1..1",
        "not ok 1 - a",
        "1..1",
    )

    assert [(case.suite, case.name) for case in result.failed] == [("a > b", "x")]
    assert result.tests.total == 1


def test_subtests_may_be_buffered(tap):
    result = tap("1..1", "not ok 1 - a # time=5ms {", "    1..2", "    ok 1 - x", "    not ok 2 - y", "}")

    assert counts(result) == (1, 1, 0, 0)
    assert result.failed[0].suite == "a"


def test_an_empty_subtest_is_the_test_itself(tap):
    assert counts(tap("# Subtest: a", "    1..0 # SKIP", "ok 1 # SKIP", "1..1")) == (0, 0, 0, 1)


def test_durations_come_from_yaml_or_from_a_comment(tap):
    result = tap(
        "ok 1 - a", "  ---", "  duration_ms: 1500.5", "  ...", "ok 2 - b # time=250ms", "ok 3 # time=1s", "1..3"
    )

    assert result.tests.duration_ms == 2750


@pytest.mark.parametrize("duration", ["NaN", "-5", "1e309", "soon", ""])
def test_a_duration_that_is_none_is_unknown(tap, duration):
    assert tap("ok 1", "  ---", f"  duration_ms: {duration}", "  ...", "1..1").tests.duration_ms is None


@pytest.mark.parametrize(
    "block",
    [
        ["message: 'went wrong'"],
        ["error: went wrong"],
        ["error: |-", "  went wrong"],
        ["error:", "  message: went wrong"],
    ],
)
def test_messages_come_from_yaml(tap, block):
    result = tap("not ok 1", "  ---", *(f"  {line}" for line in block), "  ...", "1..1")

    assert result.failed[0].message == "went wrong"


def test_points_within_yaml_are_text(tap):
    assert tap("not ok 1", "  ---", "  got: |", "    ok 1", "  ...", "1..1").tests.total == 1


def test_a_yaml_block_without_end_ends_where_the_indent_does(tap):
    assert tap("not ok 1", "  ---", "  message: a", "ok 2", "1..2").tests.total == 2


def test_remarks_below_a_failure_are_its_message(tap):
    result = tap("not ok 1 - a", "#   Failed test 'a'", "#   at t/a.t line 3.", "ok 2", "# done", "1..2")

    assert result.failed[0].message == "Failed test 'a'\nat t/a.t line 3."


def test_several_scripts_may_follow_one_another(tap):
    result = tap("t/a.t ..", "1..2", "ok 1", "ok 2", "ok", "t/b.t ..", "1..1", "not ok 1", "Result: FAIL")

    assert counts(result) == (2, 1, 0, 0)
    assert not result.notes


def test_scripts_with_plans_at_their_end_may_follow_one_another(tap):
    assert not tap("ok 1", "1..1", "ok", "ok 1", "ok 2", "1..2").notes


def test_a_file_without_a_point_is_refused(tap):
    with pytest.raises(ReportFileError, match="holds no test point and no plan"):
        tap("TAP version 13", "# nothing")


def test_bytes_that_are_no_text_are_said(results):
    result = results(b"1..1\nnot ok 1 - caf\xe9\n")

    assert result.notes == ("line 2 is not in UTF-8",)
    assert result.failed[0].name == "caf\\udce9"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_redirections_of_windows_are_read(results, encoding):
    assert results("TAP version 13\r\n1..1\r\nok 1 - é\r\n".encode(encoding)).tests.passed == 1
