"""Several files, found by pattern: what can be read counts, the rest is said."""

import os

import pytest

from ci_reporter import model, testresults
from ci_reporter.testresults.cases import Case, ResultFile, Tally, sum_of

SUITE = "<testsuite><testcase name='{0}' time='{1}'/><testcase><failure message='{0}'/></testcase></testsuite>"


@pytest.fixture
def folder(tmp_path):
    """A folder with results: two JUnit files, one of them deep, and a TAP file."""
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "one.xml").write_text(SUITE.format("one", 1))
    (tmp_path / "a" / "deep" / "two.xml").write_text(SUITE.format("two", 2))
    (tmp_path / "three.tap").write_text("1..1\nok 1\n")
    return tmp_path


def collect(folder, *patterns):
    return testresults.collect(patterns, str(folder))


def test_files_are_added_up(folder):
    found = collect(folder, "a/**/*.xml", "*.tap")

    assert found.tests == model.Tests(total=5, passed=3, failed=2, errors=0, skipped=0, duration_ms=3000)
    assert [os.path.basename(path) for path in found.files] == ["two.xml", "one.xml", "three.tap"]
    assert [case.name for case in found.slowest] == ["two", "one"]
    assert not found.problems


def test_a_file_that_two_patterns_name_counts_once(folder):
    assert collect(folder, "a/*.xml", "a/one.xml", "**/one.xml").tests.total == 2


def test_cases_of_one_name_in_two_files_are_two(folder):
    (folder / "a" / "shard.xml").write_text(SUITE.format("one", 1))

    assert collect(folder, "a/one.xml", "a/shard.xml").tests.total == 4


def test_a_pattern_that_matches_nothing_is_said(folder):
    found = collect(folder, "nope/*.xml")

    assert found.tests is None
    assert found.problems == ("no file matches 'nope/*.xml'",)


def test_a_bad_file_is_said_and_the_rest_counts(folder):
    (folder / "a" / "cut.xml").write_text("<testsuite><testcase>")
    (folder / "a" / "empty.xml").touch()
    found = collect(folder, "a/*.xml")

    assert found.tests.total == 2
    assert len(found.problems) == 2
    assert "cut.xml, line 1: expected well-formed XML" in found.problems[0]
    assert "is empty" in found.problems[1]


def test_what_is_no_file_is_passed_over(folder):
    os.mkfifo(folder / "a" / "fifo.xml")
    (folder / "a" / "loop.xml").symlink_to("loop.xml")
    (folder / "a" / "folder.xml").mkdir()
    found = collect(folder, "a/*.xml")

    assert found.tests.total == 2
    assert len(found.problems) == 3


def test_a_wrong_format_is_said_and_not_raised(folder):
    assert "nope" in testresults.collect(["three.tap"], str(folder), "nope").problems[0]


def test_what_is_odd_is_a_note_with_its_file(folder):
    (folder / "odd.xml").write_text("<testsuite tests='2'><testcase/></testsuite>")
    found = collect(folder, "odd.xml")

    assert not found.problems
    assert found.notes[0].endswith("odd.xml: declares 2 tests; its records hold 1 tests, which is what counts")


def test_nothing_is_not_zero():
    assert testresults.combine([]).tests is None


def test_times_are_added_where_they_are_known():
    results = [ResultFile(path="", format="tap", tests=counted(ms)) for ms in (None, 5, None, 7)]

    assert testresults.combine(results).tests.duration_ms == 12
    assert testresults.combine(results[:1]).tests.duration_ms is None


def counted(duration_ms):
    return model.Tests(total=1, passed=1, failed=0, errors=0, skipped=0, duration_ms=duration_ms)


def test_what_is_kept_of_many_files_is_bounded():
    case = Case(name="a", outcome="failed", duration_ms=1)
    result = ResultFile(path="", format="tap", tests=counted(1), failed=(case,) * 100, slowest=(case,) * 10)
    together = testresults.combine([result] * 5)

    assert len(together.failed) == 100
    assert len(together.slowest) == 10


def test_a_key_that_one_part_lacks_is_unknown_in_the_sum():
    assert sum_of([{"a": 1, "b": 1}, {"a": 2}]) == {"a": 3}
    assert sum_of([]) == {}


def test_equal_notes_are_kept_once():
    tally = Tally()
    for _ in range(3):
        tally.note("odd")

    assert tally.notes == ["odd"]
