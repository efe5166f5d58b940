"""Badges: one look tells, and what is unknown is grey."""

import re
from xml.etree import ElementTree

import pytest

from ci_reporter.frozen import replace
from ci_reporter.model import Gate
from ci_reporter.surfaces.badge import BADGES

GREEN, YELLOW, RED, GREY = "#1a7f37", "#7d4e00", "#b3261e", "#57606a"


@pytest.mark.parametrize(
    ("kind", "report", "value", "colour"),
    [
        ("coverage", {"coverage_pct": 93.14}, "93.1 %", GREEN),
        ("coverage", {"coverage_pct": 80.0}, "80.0 %", YELLOW),
        ("coverage", {"coverage_pct": 12.0}, "12.0 %", RED),
        ("coverage", {}, "unknown", GREY),
        ("duration", {"duration_ms": 12345}, "12.3 s", GREEN),
        ("duration", {"duration_ms": None}, "unknown", GREEN),
        ("result", {"exit_code": 1, "result": "failure"}, "failure", RED),
        ("result", {"result": "cancellation"}, "cancellation", GREY),
        ("gate", {}, "unknown", GREY),
    ],
)
def test_a_badge_says_the_value_in_its_colour(make_report, kind, report, value, colour):
    root = ElementTree.fromstring(BADGES[kind](make_report(**report)))
    assert root.get("aria-label").endswith(f": {value}")
    assert [each.get("fill") for each in root.iter("{http://www.w3.org/2000/svg}rect")][-1] == colour


@pytest.mark.parametrize(("verdict", "colour"), [("pass", GREEN), ("fail", RED), ("inconclusive", YELLOW)])
def test_a_gates_badge_is_its_verdict(make_report, verdict, colour):
    made = BADGES["gate"](replace(make_report(), gate=Gate(verdict=verdict)))
    assert f'fill="{colour}"' in made and f"gate: {verdict}" in made


def test_a_hostile_name_is_text(make_report):
    made = BADGES["result"](make_report(step='<script>alert(1)</script>"&'))
    assert "<script>" not in made
    ElementTree.fromstring(made)


def test_badges_of_two_widths_can_stand_in_one_page(make_report):
    """An id holds for the whole page: with the same one, the second would be cut as wide as the first."""
    made = [BADGES["coverage"](make_report(coverage_pct=pct)) for pct in (9.0, 100.0)]
    assert len({re.search(r'clipPath id="(\w+)"', each)[1] for each in made}) == 2
