"""The test of one window for errors."""

import random

import pytest

from ci_reporter.gate.statistics import errors
from ci_reporter.gate.statistics.errors import Counts, predictive
from ci_reporter.gate.statistics.latency import Sides
from tests.gate.statistics.makers import counted


def sides(old, new):
    return Sides(baseline=old, earlier=[], window=new)


def test_p_is_the_tail_of_a_negative_binomial(stats):
    """With one prior the predictive distribution is scipy's; the two priors lie on both sides of it."""
    window, reference, base = Counts(9, 1500), Counts(2, 600), 600
    clean, short = (stats.nbinom.sf(window.bad - 1, 2.5, known / (known + 1.5 * window.total)) for known in (1200, 650))
    assert min(clean, short) < predictive(window, reference, base, 0.5) < max(clean, short)


def test_no_errors_before_and_two_percent_now_fails_within_two_minutes():
    old, new = counted(*[0] * 24, total=25), counted(*[0, 1] * 12, total=25)
    assert errors.compare(sides(old, new), 0.5, 3e-4).failed


def test_exactly_three_times_the_errors_is_not_more_than_up_200_percent():
    assert errors.compare(sides(counted(*[1] * 24), counted(*[3] * 60)), 2.0, 0.01).p > 0.2


def test_more_errors_than_that_are():
    assert errors.compare(sides(counted(*[1] * 24), counted(*[8] * 60)), 2.0, 1e-5).failed


def test_twice_the_probe_rate_is_not_twice_the_errors():
    found = errors.compare(sides(counted(*[1] * 24), counted(*[2] * 12, total=200)), 0.0, 0.01)
    assert not found.failed


def test_millions_of_requests_are_judged_as_well():
    chance = random.Random(5)
    old, same, worse = (
        counted(*(round(chance.gauss(mean, 25)) for _ in range(24)), total=60_000) for mean in (600, 600, 1300)
    )
    assert not errors.compare(sides(old, same), 0.5, 0.01).failed
    assert errors.compare(sides(old, worse), 0.5, 1e-6).failed


def test_the_same_rate_of_many_errors_is_not_more_at_any_margin():
    window, reference = Counts(10_050, 10**6), Counts(10_000, 10**6)
    assert predictive(window, reference, 10**6, 0.0) > 0.1


def test_two_errors_are_too_few():
    assert errors.compare(sides(counted(*[0] * 24), counted(1, 0, 1)), 0.5, 0.5).p == 1.0


def test_errors_of_one_moment_do_not_fail():
    assert not errors.compare(sides(counted(*[0] * 24), counted(*[0] * 30, 60, *[0] * 29)), 0.5, 0.01).failed


def test_errors_that_come_in_bursts_count_for_less():
    chance = random.Random(3)
    bursts = counted(*(10 * (chance.random() < 0.1) for _ in range(60)))
    steady = counted(*(chance.random() < 0.5 for _ in range(60)))
    assert errors.dispersion(sides(bursts[:24], bursts[24:])) > 3
    assert errors.dispersion(sides(steady[:24], steady[24:])) == 1.0


def test_a_bound_of_no_errors_is_three_in_all():
    assert errors.upper_bound(sides(counted(*[0] * 24), counted(*[0] * 10))) == pytest.approx(3 / 1000, rel=0.02)
