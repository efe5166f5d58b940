"""New blocks against old ones."""

from math import comb, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics import relative
from ci_reporter.gate.statistics.blocks import Block


def block(*latencies, bad=0):
    return Block(latencies=sorted(latencies), bad=bad, total=len(latencies))


def counted(*bad, total=100):
    return [Block(bad=each, total=total) for each in bad]


LATENCIES = st.lists(st.lists(st.integers(1, 1000), min_size=4, max_size=4), min_size=2, max_size=5)


def blocks(lists):
    return [block(*map(float, each)) for each in lists]


@given(LATENCIES, LATENCIES, st.sampled_from([2.0, 0.5, 1024.0]))
def test_scaling_both_windows_changes_nothing(new, old, by):
    scaled = [[[each * by for each in inner] for inner in window] for window in (new, old)]
    for test in (relative.location_p, lambda x, y: relative.tail_p(x, y, 0.9)):
        assert test(blocks(new), blocks(old)) == test(*map(blocks, scaled))


@given(LATENCIES, LATENCIES)
def test_shuffling_within_a_block_changes_nothing(new, old):
    assert relative.location_p(blocks(new), blocks(old)) == relative.location_p(
        blocks([each[::-1] for each in new]), blocks(old)
    )


@given(LATENCIES, LATENCIES, st.floats(0, 3))
def test_a_wider_margin_never_raises_the_evidence_against_the_same_watch(new, old, margin):
    far = [[each + 5000 for each in inner] for inner in new]
    p = relative.location_p(blocks(far), relative.slower(blocks(old), 0))
    assert p <= relative.location_p(blocks(new), relative.slower(blocks(old), margin)) * (1 + 1e-12)


def test_exactly_three_times_the_errors_is_not_more_than_up_200_percent():
    assert relative.errors_p(counted(*[3] * 60), counted(*[1] * 24), 2.0) > 0.3


def test_more_errors_than_that_are():
    assert relative.errors_p(counted(*[8] * 60), counted(*[1] * 24), 2.0) < 1e-6


def test_twice_the_probe_rate_is_not_twice_the_errors():
    assert relative.errors_p(counted(*[2] * 12, total=200), counted(*[1] * 24), 0.0) > 0.3


def test_answers_that_never_came_are_in_the_tail_however_many():
    new = [block(100.0, inf, inf, inf)] * 6
    assert relative.tail_p(new, [block(100.0, 110.0, 120.0, 130.0)] * 24, 0.95) == 1 / comb(30, 6)


@pytest.mark.parametrize("test", [relative.location_p, lambda x, y: relative.errors_p(x, y, 0.1)])
def test_no_block_is_no_evidence(test):
    assert test([], counted(1)) == test(counted(1), []) == 1.0
