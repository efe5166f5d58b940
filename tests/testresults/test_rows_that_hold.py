"""XMLStream's rows that may hold elements: the empty ones in batches, the others in their place."""

import io

import pytest

from ci_reporter.errors import ReportFileError
from ci_reporter.system.xmlstream import DEEPEST, HoldingRows, XMLStream, by_name


def told(content):
    """What is told of a document whose rows are called `r`, in order."""
    seen = []
    stream = XMLStream(
        "x",
        lambda name, attributes: seen.append(f"<{name}{attributes.get('n', '')}"),
        lambda name: seen.append(f"{name}>"),
        HoldingRows("r", lambda batch: seen.append("".join(by_name(row).get("n", "-") for row in batch))),
    )
    stream.read(io.BytesIO(content.encode()))
    return seen


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ("<a><r n='1'/><r n='2'/></a>", ["<a", "12", "a>"]),
        ("<a><r n='1'/><b/><r n='2'/></a>", ["<a", "1", "<b", "b>", "2", "a>"]),
        ("<a><r n='1'/><r n='2'><b/></r><r n='3'/></a>", ["<a", "1", "<r2", "<b", "b>", "r>", "3", "a>"]),
        ("<a><b><r n='1'/></b><r n='2'/></a>", ["<a", "<b", "1", "b>", "2", "a>"]),
        ("<a><r n='1'><b><r n='2'/></b></r></a>", ["<a", "<r1", "<b", "2", "b>", "r>", "a>"]),
        ("<r n='1'/>", ["1"]),
        ("<r n='1'><b/></r>", ["<r1", "<b", "b>", "r>"]),
    ],
)
def test_what_is_told_keeps_its_order(content, order):
    assert told(content) == order


def test_rows_within_rows_are_each_told_once():
    seen = "".join(told("<a><r n='1'><r n='2'/><r n='3'><b/></r></r><r n='4'/></a>"))

    assert sorted(char for char in seen if char.isdigit()) == ["1", "2", "3", "4"]


def test_a_row_that_holds_is_told_across_chunks():
    filler = "<r n='1'/>" * 50_000

    assert told(f"<a>{filler}<r n='2'>{'<!-- -->' * 50_000}<b/></r></a>")[-5:] == ["<r2", "<b", "b>", "r>", "a>"]


def test_rows_nested_too_deep_are_refused():
    with pytest.raises(ReportFileError, match=f"more than {DEEPEST} levels"):
        told("<r>" * 200_000 + "</r>" * 200_000)
