"""Regular expressions of a rules file: what they find, and that none holds up the prober."""

from __future__ import annotations

import time

import pytest

from ci_reporter.gate.probing.patterns import Patterns
from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.target import Expect, Target
from ci_reporter.health.reply import SlowPattern

SLOW = "(a+)+b"


@pytest.fixture
def patterns():
    """Patterns, whose child ends with the test."""
    found = Patterns()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("h.llo", "oh hello", "hello"), ("v([0-9]+)", "v12", "12"), ("x", "y", None), ("(", "y", None), ("ü", "ü\n", "ü")],
)
def test_a_search_finds_the_first_group_or_all_of_the_match(patterns, pattern, text, found):
    assert patterns.search(pattern, text) == found


def test_a_pattern_that_backtracks_is_given_up_and_not_tried_again(patterns):
    with pytest.raises(SlowPattern, match=r"the pattern /\(a\+\)\+b/ takes longer than 1 s on this answer"):
        patterns.search(SLOW, "a" * 40)
    begun = time.monotonic()
    with pytest.raises(SlowPattern):
        patterns.search(SLOW, "b")
    assert time.monotonic() - begun < 0.9
    assert patterns.search("h.llo", "hello") == "hello"


def test_probes_go_on_while_a_pattern_backtracks(vendor, answer):
    slow = Target(signal="slow", url=vendor(answer(200, b"a" * 40)).url, rate=10, expect=Expect(body=SLOW))
    well = Target(signal="well", url=vendor(answer(200, b"ok")).url, rate=10)
    with Prober([slow, well]) as prober:
        prober.start()
        time.sleep(2.0)
        prober.stop()
        found = prober.poll()
    others = [each for signal, each in found if signal == "well"]
    assert len(others) >= 18
    assert all(each.ok for each in others)
    reasons = {each.reason for signal, each in found if signal == "slow"}
    assert reasons == {f"the pattern /{SLOW}/ takes longer than 1 s on this answer (simplify it)"}
