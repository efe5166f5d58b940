"""A message as one text: it fits, whatever is in it, and what matters most stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter.notify.alert import Link
from ci_reporter.notify.content import content
from ci_reporter.notify.fitting import size_bytes
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Markup, document, longest, web_address
from tests.notify.makers import huge_alert, make_alert

# Escaping doubles a `*`: a cut through `**` would leave an odd number of them.
MARKUP = Markup(
    title=lambda text: text.replace("*", "**"),
    text=lambda text: text.replace("*", "**"),
    fact=lambda name, value: f"{name}: {value}".replace("*", "**"),
    listing=lambda heading, lines: "\n".join([heading, *lines]).replace("*", "**"),
    link=lambda text, url: f"{text} <{url}>",
    note=lambda text: text,
    size=size_bytes,
)


def test_the_parts_come_in_the_readers_order():
    found = document(content(make_alert()), MARKUP, 10_000, "@ada")
    parts = ["unit failed", "@ada", "3 of 200", "Result: failure", "Failed tests", "Commit", "Run <https", "UTC"]
    assert [found.index(each) for each in parts] == sorted(found.index(each) for each in parts)


@pytest.mark.parametrize("most", [2000, 4096, 20_000])
@pytest.mark.parametrize("language", Language)
def test_what_no_channel_has_room_for_is_cut_to_the_limit(most, language):
    found = document(content(huge_alert(), language), MARKUP, most)
    assert most / 2 < size_bytes(found) <= most
    assert "还有" in found if language is Language.ZH else " more" in found


def test_a_long_text_leaves_the_links_and_facts():
    found = document(content(make_alert(text="long " * 10_000)), MARKUP, 2048)
    assert "https://ci.example/acme/shop/runs/17012345678>" in found
    assert "Result: failure" in found


def test_a_text_of_many_lines_is_an_excerpt():
    found = document(content(make_alert(text="line\n" * 100)), MARKUP, 20_000)
    assert found.count("line\n") == 40
    assert "… 60 more" in found


@settings(max_examples=50, deadline=None)
@given(text=st.text("*a长\n", max_size=4000), most=st.integers(900, 5000))
def test_nothing_is_cut_within_an_escape(text, most):
    found = document(content(make_alert(text=text)), MARKUP, most)
    assert size_bytes(found) <= most
    assert found.replace("**", "").count("*") == 0


def test_an_address_that_is_too_long_for_a_link_is_left_out():
    links = (Link(text="Chart", url="https://x.example/" + "y" * 2000),)
    assert "Chart" not in document(content(make_alert(links=links)), MARKUP, 20_000)


@pytest.mark.parametrize(("most", "found"), [(5, "aaaaa"), (4, "aaaa"), (1, "a"), (0, "")])
def test_the_longest_version_that_fits_is_taken(most, found):
    assert longest(lambda number: "a" * number, 5, most) == found


def test_an_address_cannot_end_the_link_it_stands_in():
    assert web_address("https://x.example/a)b[c]<d>\"e'") == "https://x.example/a%29b%5Bc%5D%3Cd%3E%22e%27"
