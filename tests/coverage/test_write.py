"""What is written reads back as the same lines, hits and branches, by us and by the tools whose formats they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter import coverage
from ci_reporter.coverage.report import Branch, CoverageReport, FileCoverage, Totals
from ci_reporter.coverage.tally import Tally, of_lines
from ci_reporter.coverage.write import STYLES, pieces
from ci_reporter.errors import UsageError

NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=12).map(
    lambda text: f"a{text}b".replace("\\", "")
)
LINES = st.dictionaries(st.integers(1, 2**31), st.integers(0, 2**40), max_size=8)
SIDES = st.lists(st.booleans(), min_size=1, max_size=4)


def branch(sides):
    return Branch(sum(sides), len(sides), int("".join("01"[side] for side in sides), 2))


@st.composite
def files(draw):
    lines = draw(LINES)
    branches = {number: branch(draw(SIDES)) for number in lines if draw(st.booleans())}
    return lines, branches


def report_of(found):
    tally = Tally(detail=True)
    for name, (lines, branches) in found.items():
        tally.counts(of_lines(name, lines, branches))
    return CoverageReport(
        path="x", format="lcov", unit="line", declared=Totals(), computed=tally.totals(), files=tally.files()
    )


@pytest.mark.parametrize("style", STYLES)
@given(found=st.dictionaries(NAMES, files(), min_size=1, max_size=4))
def test_written_reads_back_the_same(tmp_path_factory, style, found):
    report = report_of(found)
    path = tmp_path_factory.getbasetemp() / f"written-{style}"
    path.write_text("".join(pieces(report, style)), encoding="utf-8", newline="\n")

    again = coverage.read(str(path), detail=True)

    assert {each.path: dict(each.lines.items()) for each in again.files} == {
        name: lines for name, (lines, _) in found.items()
    }
    assert again.computed == report.computed
    assert not again.mismatch
    assert {each.path: {at: side[:2] for at, side in each.branches.items()} for each in again.files} == {
        name: {at: side[:2] for at, side in branches.items()} for name, (_, branches) in found.items()
    }


@pytest.mark.parametrize("style", STYLES)
def test_names_that_a_format_cannot_hold_do_not_break_it(tmp_path, style):
    names = ["two\nlines", "nul\0", 'quote"<&>', "bell\x07", "tab\t", "end_of_record", "\ufffe"]
    report = report_of({name: ({1: 1}, {}) for name in names})
    path = tmp_path / "x"
    path.write_text("".join(pieces(report, style)), encoding="utf-8", errors="replace", newline="\n")

    assert coverage.read(str(path)).totals.total == len(names)


def test_counts_alone_cannot_be_written():
    only = FileCoverage(path="a.kt", covered=1, total=2)
    report = CoverageReport(path="x", format="jacoco", unit="line", declared=Totals(), computed=Totals(), files=(only,))

    with pytest.raises(UsageError, match=r"a\.kt: only counts are known"):
        list(pieces(report, "lcov"))
