"""A comparison at its looks, and what history changes of it."""

from statistics import median

import pytest

from ci_reporter.gate.recording import Signal
from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.statistics.evidence import Evidence
from ci_reporter.gate.statistics.learnt import Learnt
from ci_reporter.gate.statistics.relative import Comparison
from ci_reporter.gate.statistics.schedule import Look, Schedule
from tests.gate.statistics.makers import counted, make_blocks

BASELINE = make_blocks(24, seed=5)
QUIET = Learnt(gates=5, usual=(0.1, 0.12, 0.12, 0.1), quiet=True)
NOISY = Learnt(gates=5, usual=(0.7, 0.95, 0.95, 0.8))
SCHEDULE = Schedule(watch_s=300.0, extend_s=300.0)


def findings(watch, learnt=None, baseline=BASELINE, condition="http_latency_p95 > +10%"):
    """What is found at each look of a watch."""
    comparison = Comparison(parse(condition), baseline, 5.0, learnt)
    for at_s in SCHEDULE.looks_s():
        if at_s > 5 * len(watch):
            return
        seen = Evidence(signal=Signal(), baseline=baseline, watch=watch[: int(at_s // 5)], block_s=5.0, at_s=at_s)
        look = Look(at_s=at_s, schedule=SCHEDULE, alpha=0.005, beta=0.1 if at_s >= 300 else 0.0)
        yield comparison.finding(seen, look)


def first_failure_s(watch, learnt=None, **how):
    return next((each.decided_at_s for each in findings(watch, learnt, **how) if each.verdict == "fail"), None)


def test_a_quiet_history_fails_half_as_slow_again_within_a_minute():
    watches = [make_blocks(60, slower=1.5, seed=seed) for seed in range(2, 11)]
    with_history, without = (median(first_failure_s(each, learnt) for each in watches) for learnt in (QUIET, None))
    assert with_history <= 60 < without


def test_a_noisy_today_is_not_quiet_whatever_the_past_was():
    noisy = [block for at in range(6) for block in make_blocks(4, slower=1.6 if at % 2 else 1.0, seed=at)]
    watch = make_blocks(60, slower=2.0, seed=2)
    assert first_failure_s(watch, QUIET, baseline=noisy) == first_failure_s(watch, baseline=noisy)


def test_a_change_that_past_gates_showed_too_does_not_fail():
    watch = make_blocks(60, slower=1.5, seed=2)
    assert first_failure_s(watch, NOISY) is None


def test_a_change_larger_than_past_gates_showed_fails():
    assert first_failure_s(make_blocks(60, slower=2.4, seed=2), NOISY)


def test_what_is_within_the_noise_of_the_past_never_passes_either():
    watch = [*make_blocks(30, slower=1.5, seed=2), *make_blocks(90, seed=3)]
    last = list(findings(watch, NOISY))[-1]
    assert last.verdict == "not known yet"
    assert "not larger than what past gates here showed" in last.reason


@pytest.mark.parametrize(("phi", "fails"), [(1.0, True), (30.0, False)])
def test_errors_that_came_in_bursts_before_count_for_less(phi, fails):
    watch = counted(*[2, 0, 1] * 20)
    found = first_failure_s(
        watch, Learnt(gates=5, dispersion=phi), baseline=counted(*[0] * 24), condition="http_error_rate > +50%"
    )
    assert (found is not None) == fails
