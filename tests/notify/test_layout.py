"""A message as one text: it fits, whatever is in it, and what matters most stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter.notify.alert import Link
from ci_reporter.notify.content import content
from ci_reporter.notify.fitting import size_bytes
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, document, links, longest
from tests.notify.makers import huge_alert, make_alert


def double(text):
    """An escape: a cut through `**` would leave an odd number of them."""
    return text.replace("*", "**")


LAYOUT = Layout(
    text=double,
    facts=lambda facts, rest: double("\n".join([*(f"{each.name}: {each.value}" for each in facts), rest])),
    listing=lambda heading, lines: double("\n".join([heading, *lines])),
    links=lambda links: " ".join(f"{each.text} <{each.url}>" for each in links),
    size=size_bytes,
)


def test_the_parts_come_in_the_readers_order():
    found = document(content(make_alert()), LAYOUT, 10_000, ["unit failed", "", "@ada"])
    parts = ["unit failed", "@ada", "3 of 200", "Result: failure", "Failed tests", "Commit", "Run <https"]
    assert [found.index(each) for each in parts] == sorted(found.index(each) for each in parts)


@pytest.mark.parametrize("most", [2000, 4096, 20_000])
@pytest.mark.parametrize("language", Language)
def test_what_no_channel_has_room_for_is_cut_to_the_limit(most, language):
    found = document(content(huge_alert(), language), LAYOUT, most, ["title"])
    assert most / 2 < size_bytes(found) <= most
    assert "还有" in found if language is Language.ZH else " more" in found


def test_a_long_text_leaves_the_links_and_facts():
    found = document(content(make_alert(text="long " * 10_000)), LAYOUT, 2048, ["title"])
    assert "https://ci.example/acme/shop/runs/17012345678>" in found
    assert "Result: failure" in found


def test_a_text_of_many_lines_is_an_excerpt():
    found = document(content(make_alert(text="line\n" * 100)), LAYOUT, 20_000, ["title"])
    assert found.count("line\n") == 40
    assert "… 60 more" in found


@settings(max_examples=50, deadline=None)
@given(text=st.text("*a长\n", max_size=4000), most=st.integers(900, 5000))
def test_nothing_is_cut_within_an_escape(text, most):
    found = document(content(make_alert(text=text)), LAYOUT, most, ["title"])
    assert size_bytes(found) <= most
    assert found.replace("**", "").count("*") == 0


def test_an_address_that_is_too_long_for_a_link_is_left_out():
    links = (Link(text="Chart", url="https://x.example/" + "y" * 2000),)
    assert "Chart" not in document(content(make_alert(links=links)), LAYOUT, 20_000, ["title"])


@pytest.mark.parametrize(("most", "found"), [(5, "aaaaa"), (4, "aaaa"), (1, "a"), (0, None)])
def test_the_longest_version_that_fits_is_taken(most, found):
    assert longest(lambda number: "a" * number, 5, most) == found


def test_an_address_cannot_end_the_link_it_stands_in():
    shown = content(make_alert(run=None, links=(Link(text="x", url="https://x.example/a)b[c]<d>\"e'"),)))
    assert links(shown)[0].url == "https://x.example/a%29b%5Bc%5D%3Cd%3E%22e%27"
