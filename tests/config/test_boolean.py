"""`and`, `or` and parentheses, for whatever the comparisons are."""

import pytest

from ci_reporter.config.boolean import parse


def tree(text):
    return parse(text.split(), str, lambda word, parts: f"{word}({','.join(parts)})")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("a and b", "and(a,b)"),
        ("a or b and c", "or(a,and(b,c))"),
        ("( a or b ) and c", "and(or(a,b),c)"),
        ("a or b or c", "or(a,b,c)"),
        ("( ( a ) )", "a"),
    ],
)
def test_and_binds_more_tightly_than_or(text, expected):
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b", "has 'b' where 'and' or 'or' was expected"),
        ("a and", "ends where a condition was expected"),
        ("and a", "lacks a condition before 'and'"),
        ("( a", "has a '(' without its ')'"),
        ("a )", "has ')' where 'and' or 'or' was expected"),
        ("( )", "lacks a condition before ')'"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(ValueError) as error:
        tree(text)
    assert str(error.value) == said
