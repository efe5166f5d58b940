"""Which alerts a silence means."""

import pytest

from ci_reporter.hub.silences.matchers import match_anything, parse

LABELS = {"repository": "acme/shop", "branch": "release/1.2", "rule": "main is red"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("repository=acme/shop", True),
        ("repository!=acme/shop", False),
        ("branch=~release/.*", True),
        ("branch=~release", False),
        ("branch!~release/.*", False),
        ('rule="main is red"', True),
        ("environment=", True),
        ("environment=production", False),
        ("environment!=production", True),
    ],
)
def test_what_a_matcher_means(text, expected):
    assert parse(text).matches(LABELS) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("repository", "is not a matcher"),
        ("colour=red", "which no alert has"),
        ("branch=~[", "is not a regular expression"),
        ("branch=~(a+)+", "repeats what repeats itself"),
        (f"branch={'x' * 201}", "longer than 200"),
    ],
    ids=["no operator", "label", "pattern", "nested", "long"],
)
def test_what_is_not_a_matcher(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse(text)


def test_a_matcher_is_written_as_it_is_read():
    assert str(parse(" branch =~ release/.* ")) == "branch=~release/.*"


def test_matchers_that_mean_every_alert_are_known():
    assert match_anything([parse("branch=~.*")])
    assert not match_anything([parse("branch=~.*"), parse("repository=acme/shop")])


@pytest.mark.parametrize(
    "pattern",
    ["((a+))+x", "(a|a)*x", "(?:(?:a*))*x", "(a?){25}a{25}", "(a|aa)+x", ".*a" * 6, "(x(a+)(b))*", r"(\(a+)+"],
)
def test_a_pattern_that_may_take_for_ever_is_refused(pattern):
    with pytest.raises(ValueError, match="for ever"):
        parse(f"branch=~{pattern}")


@pytest.mark.parametrize(
    ("pattern", "branch"),
    [
        ("release/.*", "release/1"),
        ("(main|release/.*)", "release/1"),
        (r"v\d+\.\d+(\.\d+)?", "v1.2.3"),
        ("[(a+)+]+", "a+"),
        (r"\(a+\)+", "(aa))"),
        ("(?:feature|fix)/[a-z]{1,9}-[0-9]+", "fix/shop-17"),
        ("(?i)main", "MAIN"),
        ("[]a+]*", "]a"),
        ("(ab)+", "abab"),
    ],
)
def test_a_pattern_that_ends_is_taken(pattern, branch):
    assert parse(f"branch=~{pattern}").matches({"branch": branch})
