"""What past gates taught, as a value in the first line of a recording."""

from math import inf

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.statistics.learnt import History, Learnt, from_header, to_header

NOISY = Learnt(gates=5, margins={"p50": (0.1, 0.2, 0.3, inf)}, usual=(0.1, 0.15, 0.2, 0.25), dispersion=1.7)


def test_a_header_says_again_what_was_learnt():
    history = History(measures={"http_latency p95": NOISY, "http_latency errors": Learnt(gates=3, quiet=True)})
    assert from_header(to_header(history)) == history


def test_a_header_without_history_teaches_nothing():
    assert from_header({"recording": 1, "phase": "watch"}) == History()
    assert to_header(History()) == {}


@pytest.mark.parametrize(
    ("seconds", "margin"), [(30, 0.1), (45, 0.2), (60, 0.2), (105, 0.3), (120, 0.3), (225, inf), (600, inf)]
)
def test_a_margin_is_that_of_windows_about_as_long(seconds, margin):
    assert NOISY.margin("p50", seconds, extended=False) == margin


def test_a_score_that_no_past_gate_had_has_the_usual_margin():
    assert NOISY.margin("p99", 60, extended=False) == 0.15


def test_the_extension_asks_for_half_as_much_again():
    assert NOISY.margin("p50", 60, extended=True) == pytest.approx(0.3)


def test_five_quiet_gates_leave_two_sevenths_of_the_patience():
    assert Learnt(gates=5, quiet=True).patience == pytest.approx(2 / 7)
    assert Learnt(gates=5).patience == 1.0


@pytest.mark.parametrize(
    ("condition", "gates"), [("http_latency_p95 > +10%", 5), ("http_latency_p95 > +50%", 5), ("p50 > +10%", None)]
)
def test_what_was_learnt_holds_for_a_measure_whatever_its_margin(condition, gates):
    found = History(measures={"http_latency p95": NOISY}).of(parse(condition))
    assert (found.gates if found else None) == gates


@pytest.mark.parametrize(
    "found",
    [
        5,
        {"http_latency p95": 5},
        {"http_latency p95": {"gates": 5}},
        {"p": {"gates": 0, "margins": {}, "usual": [0, 0, 0, 0], "dispersion": 1, "quiet": False}},
        {"p": {"gates": 5, "margins": {"p50": [0.1]}, "usual": [0, 0, 0, 0], "dispersion": 1, "quiet": False}},
        {"p": {"gates": 5, "margins": {}, "usual": [0, 0, 0, -1], "dispersion": 1, "quiet": False}},
        {"p": {"gates": 5, "margins": {}, "usual": [0, 0, 0, "x"], "dispersion": 1, "quiet": False}},
        {"p": {"gates": 5, "margins": {}, "usual": [0, 0, 0, 0], "dispersion": 0.5, "quiet": False}},
        {f"p{at}": {} for at in range(1000)},
    ],
)
def test_what_no_gate_writes_is_refused(found):
    with pytest.raises(UsageError, match="history is not what a gate writes there"):
        from_header({"history": found})
