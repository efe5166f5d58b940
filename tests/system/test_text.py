"""Text from elsewhere cannot do anything to where it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.system.text import UNSAFE, clip, one_line, spell_out, without_escapes


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand  blanks ", "two lines and blanks"),
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07more", "red and more"),
        ("\x9b31mred", "red"),
        ("::error::no\n::error::yes", "::error::no ::error::yes"),
        ("turned \u202eround\u2028line", "turned round line"),
        ("half \ud800 pair", "half pair"),
        ("", ""),
    ],
)
def test_a_text_becomes_one_line(text, line):
    assert one_line(text) == line


@given(st.text(), st.integers(1, 50))
def test_one_line_is_safe_and_within_its_bound(text, most):
    line = one_line(text, most)
    assert len(line) <= most
    assert not UNSAFE.search(line)


@given(st.text())
def test_what_is_spelt_out_is_shown_on_the_lines_it_has(text):
    shown = spell_out(text)
    assert shown.count("\n") == text.count("\n")
    assert all(char in "\n\t" or char.isprintable() for char in shown)


def test_what_cannot_be_shown_is_spelt_out():
    assert spell_out("a\x1b[2J\u202eb\n\tc") == "a\\x1b[2J\\u202eb\n\tc"


def test_a_text_that_is_cut_ends_in_an_ellipsis():
    assert (clip("12345", 5), clip("123456", 5)) == ("12345", "1234…")


def test_escapes_go_whatever_is_missing_of_them():
    assert without_escapes("a\x1b[1;31") == "a"
