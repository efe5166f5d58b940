"""Lengths of time, sizes and changes as a person reads them."""

import pytest

from ci_reporter.notify.language import Language
from ci_reporter.notify.spans import change, size, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.085, "85 ms"),
        (12.34, "12.3 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min"),
        (123, "2 min 3 s"),
        (7200, "2 h"),
        (7260, "2 h 1 min"),
        (86_400 * 3 + 3600 * 4 + 59, "3 d 4 h"),
        (86_400 + 5, "1 d"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds, said):
    assert span(seconds) == said


def test_a_span_in_chinese():
    assert span(123, Language.ZH) == "2 分 3 秒"


@pytest.mark.parametrize(("amount", "said"), [(512, "512 B"), (1536, "1.5 KiB"), (3 * 1024**3, "3 GiB")])
def test_a_size_has_its_unit(amount, said):
    assert size(amount) == said


def test_a_change_is_in_percent_and_nothing_where_there_was_nothing():
    assert (change(1.4, 1.0), change(0.97, 1.0), change(1.0, 0.0)) == ("+40 %", "-3 %", "")
