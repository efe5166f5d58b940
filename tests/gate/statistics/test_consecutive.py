"""Failures in a row, counted by ticks."""

import pytest

from ci_reporter.gate.recording import Probe
from ci_reporter.gate.statistics.consecutive import begin_s, begins, in_a_row, ticks


def probes(failing, seconds=60, rate=5):
    """Probes of which those in the given seconds fail."""
    times = [at / rate for at in range(seconds * rate)]
    return [Probe(t=t, ok=not any(a <= t < b for a, b in failing), latency_ms=1.0) for t in times]


def hit(failing, count=3, every_s=5.0, within_s=300.0):
    found = in_a_row(list(ticks(probes(failing), every_s)), count, within_s)
    return found.t if found else None


@pytest.mark.parametrize(
    ("failing", "found"),
    [([(10, 25)], 24.8), ([(10.2, 25)], None), ([(10, 20), (21, 40)], 39.8), ([(10, 10.7)], None), ([], None)],
    ids=["three ticks", "a tick that had a good one", "again", "a blip", "none"],
)
def test_a_tick_fails_when_all_its_probes_fail(failing, found):
    assert hit(failing) == found


def test_one_tick_may_be_enough():
    assert hit([(10, 15)], count=1) == 14.8


def test_ticks_further_apart_than_that_do_not_count():
    assert hit([(10, 40)], count=4, within_s=10.0) is None


@pytest.mark.parametrize(("failing", "found"), [([(50, 60)], True), ([(57, 60)], False), ([(30, 50)], False)])
def test_a_run_under_way_at_the_end_is_noticed(failing, found):
    assert begins(probes(failing), 5.0) is found


@pytest.mark.parametrize(
    ("failing", "hit_s", "begun_s"),
    [([(10, 20)], 15.0, 10.0), ([(10, 20), (30, 40)], 35.0, 30.0), ([(0, 9)], 5.0, 0.0), ([(10, 20)], 25.0, None)],
    ids=["once", "the second time", "from the start", "over again"],
)
def test_when_failures_began_is_told(failing, hit_s, begun_s):
    assert begin_s(probes(failing), hit_s) == begun_s
