"""An alert as a person reads it: what it says at a glance, and nothing that breaks out of its line."""

import pytest

from ci_reporter.model import Result
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import Tone, content
from tests.notify.makers import hostile_alert, make_alert


@pytest.mark.parametrize("level", Level)
def test_bad_news_look_as_bad_as_their_level(level):
    shown = content(make_alert(level=level))
    assert shown.tone == level
    assert shown.headline == f"{shown.symbol} unit failed"


@pytest.mark.parametrize(
    "changes",
    [{"state": State.RESOLVED, "level": Level.CRITICAL}, {"result": Result.SUCCESS, "level": Level.INFO}],
    ids=["resolved", "success"],
)
def test_good_news_look_good(changes):
    shown = content(make_alert(**changes))
    assert (shown.tone, shown.symbol, shown.colour) == (Tone.GOOD, "✅", "#1a7f37")


def test_a_fact_is_one_line_by_name_and_value():
    for each in content(hostile_alert()).facts:
        assert each.name.isprintable()
        assert each.value.isprintable()
