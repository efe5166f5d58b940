"""Times, counts and names as files have them; what is none is unknown."""

import pytest

from ci_reporter.testresults import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0.012", 0.012),
        ("1e-3", 0.001),
        (" 2 ", 2),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567.25", 1234567.25),
        ("1 234,5", 1234.5),
        ("1\u00a0234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("0,012", 0.012),
        ("1,234", 1.234),
    ],
)
def test_times_are_read_in_their_locale(text, seconds):
    assert values.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", None, "NaN", "-1", "inf", "-inf", "1e309", "1e12", "1700000000", "x", "1s", "9" * 999]
)
def test_a_time_that_is_none_is_unknown(text):
    assert values.seconds(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:01.2345678", 1.2345678), ("1.02:03:04", 93784), ("00:01:00", 60), ("", None), ("1:2", None), ("x", None)],
)
def test_time_spans_of_dotnet_are_read(text, seconds):
    assert values.clock(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "count"),
    [("12", 12), ("1,234", 1234), (" 3 ", 3), ("-1", None), ("1.5", None), ("", None), (None, None), ("٣", None)],
)
def test_counts_are_read(text, count):
    assert values.whole(text) == count


@pytest.mark.parametrize("value", [True, -1, float("nan"), float("inf"), 1e300, 10**400, "1", None, [], {}])
def test_a_number_that_is_no_time_is_unknown(value):
    assert values.number(value) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x00b", "a\\x00b"),
        ("a\x1b", "a"),
        ("two\nlines", "two lines"),
        ("tab\there", "tab here"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("lone \ud800", "lone \\ud800"),
        ("back\x08space\r", "back\\x08space\\r"),
        ("ü✓ 日本", "ü✓ 日本"),
    ],
)
def test_names_are_safe_on_a_terminal(text, shown):
    assert values.name(text) == shown


def test_messages_keep_their_lines():
    assert values.message("\x1b[1mone\r\n  two\x07\n") == "one\n  two\\x07"


def test_long_texts_are_clipped():
    assert values.name("x" * 10**6) == "x" * 199 + "…"
    assert len(values.message("\x1b" * 10**6 + "x" * 10**6)) <= 1000


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Shop.CartTests.Adds", ("Shop.CartTests", "Adds")),
        ("Shop.CartTests.Each(price: 1.5)", ("Shop.CartTests", "Each(price: 1.5)")),
        ("Adds", ("", "Adds")),
        ("(1.5)", ("", "(1.5)")),
    ],
)
def test_names_of_dotnet_are_class_and_test(full, parts):
    assert values.split_name(full) == parts
