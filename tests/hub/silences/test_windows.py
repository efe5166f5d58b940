"""Maintenance that comes back."""

from datetime import UTC, datetime

import pytest

from ci_reporter.config import yaml
from ci_reporter.errors import UsageError
from ci_reporter.hub.silences.windows import windows


def make_window(every, zone="UTC"):
    text = f"- {{ matchers: [repository=acme/shop], every: '{every}', timezone: {zone} }}"
    return windows(yaml.parse(text.encode(), "hub.yml"))[0]


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("every", "at", "expected"),
    [
        ("sat 02:00-04:00", "2026-01-31 02:00", True),
        ("sat 02:00-04:00", "2026-01-31 04:00", False),
        ("sat 02:00-04:00", "2026-02-01 03:00", False),
        ("mon-fri 22:00-06:00", "2026-01-31 05:59", True),
        ("mon-fri 22:00-06:00", "2026-01-31 22:00", False),
        ("fri-mon 10:00-11:00", "2026-02-01 10:30", True),
        ("10:00-11:00", "2026-02-04 10:30", True),
        ("sat,sun 00:00-24:00", "2026-02-01 23:59", True),
    ],
)
def test_when_a_window_is_open(every, at, expected):
    assert make_window(every).holds(ms(at)) is expected


def test_the_hours_are_those_of_a_place():
    window = make_window("sat 02:00-04:00", "Asia/Shanghai")
    assert window.holds(ms("2026-01-30 19:00"))
    assert not window.holds(ms("2026-01-31 02:00"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ every: 10:00-11:00 }", "has no matchers:"),
        ("{ matchers: ['branch=~.*'], every: '10:00-11:00' }", "mean every alert"),
        ("{ matchers: [branch=main], every: 'now and then' }", "is not a time of the week"),
        ("{ matchers: [branch=main], every: 'xyz 10:00-11:00' }", "has the day 'xyz'"),
        ("{ matchers: [branch=main], every: '10:00-25:00' }", "which no clock shows"),
        ("{ matchers: [branch=main], every: '10:00-10:00' }", "begins and ends at the same time"),
        ("{ matchers: [branch=main], every: '10:00-11:00', timezone: Mars }", "is not a time zone"),
    ],
    ids=["no matchers", "everything", "words", "day", "hour", "empty", "zone"],
)
def test_a_mistake_is_said_where_it_stands(text, reason):
    with pytest.raises(UsageError, match=f"hub.yml line 1.*{reason}"):
        windows(yaml.parse(f"- {text}".encode(), "hub.yml"))
