"""Values beyond a limit, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Count, Recording, Signal, Value
from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.rules.rulefile import parse as parse_rules
from ci_reporter.gate.statistics import values

DEEP = "queue > 1000 for 60s"


def series(*numbers, every_s=15.0):
    """Values, one every so many seconds."""
    return tuple(Value(t=at * every_s, value=number) for at, number in enumerate(numbers))


@pytest.mark.parametrize(
    ("text", "numbers", "at_s"),
    [
        (DEEP, [1, 1001, 1001, 1001, 1001, 1001], 75.0),
        (DEEP, [1, 1001, 1001, 1000, 1001, 1001, 1001], None),
        ("queue > 1000", [1, 1001], 15.0),
        ("queue >= 1000", [1000], 0.0),
        ("free < 5 for 15s", [9, 4, 4], 30.0),
        ("temperature < -5", [-4, -6], 15.0),
    ],
)
def test_a_value_is_bad_once_it_was_beyond_for_so_long(text, numbers, at_s):
    found = values.breach(series(*numbers), parse(text), 15.0)
    assert (found and found.t) == at_s


def test_what_was_between_values_far_apart_is_not_known():
    there = (Value(t=0.0, value=2000), Value(t=15.0, value=2000), Value(t=90.0, value=2000), Value(t=105.0, value=2000))
    assert values.breach(there, parse(DEEP), 15.0) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_a_higher_limit_is_never_crossed_earlier(numbers):
    low, high = (values.breach(series(*numbers), parse(f"queue > {limit} for 30s"), 15.0) for limit in (10, 100))
    assert high is None or (low is not None and low.t <= high.t)


def verdict(watch, condition=DEEP, seconds=300):
    rules = f"""
gate: {{ watch: {seconds}s, extend: 0s }}
signals: {{ queue: {{ exec: ./depth.sh }} }}
rules: [ {{ name: depth, if: "{condition}" }} ]
"""
    return judge(None, Recording(phase="watch", signals=watch), parse_rules(rules.encode(), "gate.yml"))


def test_a_deep_queue_fails_the_gate_when_it_has_been_deep_for_long_enough():
    found = verdict({"queue": Signal(values=series(*[10] * 4, *[2000] * 17))})
    assert (found.verdict, found.decided_at_s) == ("fail", 120.0)


def test_a_shallow_queue_passes_at_the_end():
    assert verdict({"queue": Signal(values=series(*[10] * 21))}).verdict == "pass"


@pytest.mark.parametrize(
    "signal",
    [
        Signal(),
        Signal(values=series(*[10] * 5)),
        Signal(values=(*series(*[10] * 5), Value(t=290.0, value=10))),
        Signal(counts=(Count(t=0.0, bad=0, total=5),)),
        Signal(values=series(*[10] * 19, 2000)),
    ],
    ids=["nothing", "gone", "gap", "counts", "beyond at the end"],
)
def test_what_is_not_known_does_not_pass(signal):
    assert verdict({"queue": signal} if signal.samples else {}).verdict == "inconclusive"
