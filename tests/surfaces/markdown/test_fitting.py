"""Parts of a page in the room there is: whole, cut with a count, or left out."""

from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.surfaces.markdown.fitting import Part, fit

LIST = Part(head=("# list", ""), lines=tuple(f"- {at} 測試" for at in range(100)), what="things")
CHART = Part(head=("```mermaid", "x" * 500, "```"))


def test_what_has_room_is_whole():
    found = fit([LIST, CHART], 10_000)
    assert (found.cut, found.text.count("- "), found.text.count("```")) == (False, 100, 2)


def test_a_list_is_cut_between_two_lines_and_counts_the_rest():
    found = fit([LIST], 500)
    shown = found.text.count("- ")
    assert found.cut and 0 < shown < 100
    assert found.text.endswith(f"- {shown - 1} 測試\n\n… {100 - shown} more things\n\n")


def test_a_chart_is_whole_or_not_there():
    assert fit([CHART], 500).text == ""


def test_what_comes_later_has_what_is_left():
    found = fit([Part(lines=LIST.lines, what="things", share=0.4), CHART], 1_100)
    assert "more things" in found.text and found.text.count("```") == 2


@given(st.integers(0, 3_000), st.lists(st.sampled_from([LIST, CHART, Part(head=("a",))]), max_size=5))
def test_it_is_never_longer_than_it_may_be(most, parts):
    assert len(fit(parts, most).text.encode()) <= most
