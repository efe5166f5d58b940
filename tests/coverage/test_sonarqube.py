"""SonarQube's generic coverage."""

import pytest

from ci_reporter import coverage
from ci_reporter.errors import ReportFileError


@pytest.fixture
def read(tmp_path):
    """Read a report with these files in it."""

    def of(body):
        (tmp_path / "report.xml").write_text(f'<coverage version="1">{body}</coverage>')
        return coverage.read(str(tmp_path / "report.xml"), detail=True)

    return of


def line(number, covered, more=""):
    return f'<lineToCover lineNumber="{number}" covered="{covered}" {more}/>'


def test_lines_are_covered_or_not(read):
    report = read(f'<file path="a.c">{line(1, "true")}{line(2, "false")}</file>')

    assert (report.format, report.unit, report.totals.covered, report.totals.total) == ("sonarqube", "line", 1, 2)


def test_branches_are_counted_where_they_are_told(read):
    branches = 'branchesToCover="4" coveredBranches="1"'
    report = read(f'<file path="a.c">{line(1, "true", branches)}{line(2, "true")}</file>')

    assert (report.totals.branches_covered, report.totals.branches_total) == (1, 4)


def test_a_file_that_comes_twice_is_one(read):
    once = f'<file path="a.c">{line(1, "false")}</file>'
    report = read(f'{once}<file path="b.c">{line(1, "true")}</file>{once.replace("false", "true")}')

    assert (report.totals.covered, report.totals.total) == (2, 2)


def test_nothing_is_declared(read):
    assert read(f'<file path="a.c">{line(1, "true")}</file>').declared.total is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (line(1, "yes"), "line 1: expected covered to be true or false, got 'yes'"),
        (line("x", "true"), "line 1: expected a line number"),
        (line(1, "true", 'branchesToCover="-1"'), "line 1: expected branchesToCover to be a whole number"),
    ],
)
def test_what_cannot_be_is_refused(read, row, said):
    with pytest.raises(ReportFileError, match=said):
        read(f'<file path="a.c">{row}</file>')
