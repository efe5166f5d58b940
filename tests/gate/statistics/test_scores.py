"""Scores of blocks: which quantiles, and what leaves them as they are."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.scores import levels, scores
from tests.gate.statistics.makers import block, make_blocks

LATENCIES = st.lists(st.lists(st.integers(1, 1000), min_size=4, max_size=4), min_size=3, max_size=6)


@pytest.mark.parametrize(
    ("probes", "wanted", "found"),
    [
        (600, 0.95, (0.5, 0.75, 0.9, 0.95)),
        (2400, 0.95, (0.5, 0.75, 0.9, 0.95, 0.99)),
        (120, 0.95, (0.5, 0.75, 0.9)),
        (24, 0.99, (0.5, 0.75, 0.9)),
        (600, 0.5, (0.5, 0.75)),
        (600, 0.2, (0.2, 0.5)),
        (6000, 0.97, (0.5, 0.75, 0.9, 0.95, 0.97, 0.99)),
    ],
)
def test_a_rule_looks_at_the_quantiles_that_the_baseline_knows(probes, wanted, found):
    assert levels(probes, wanted) == found


def test_the_parts_of_all_scores_are_the_whole():
    assert sum(score.part for score in scores(make_blocks(24), 0.95)) == pytest.approx(1)


@given(LATENCIES, st.sampled_from([2.0, 0.5, 1024.0]))
def test_scaling_both_sides_changes_nothing(lists, by):
    plain, scaled = ([block(*(each * times for each in inner)) for inner in lists] for times in (1.0, by))
    assert [[score.of(each) for each in plain] for score in scores(plain, 0.95)] == [
        [score.of(each) for each in scaled] for score in scores(scaled, 0.95)
    ]


@given(LATENCIES)
def test_shuffling_within_a_block_changes_nothing(lists):
    plain, shuffled = ([block(*inner[::step]) for inner in lists] for step in (1, -1))
    assert [score.of(plain[0]) for score in scores(plain, 0.95)] == [
        score.of(shuffled[0]) for score in scores(shuffled, 0.95)
    ]


@given(st.floats(1, 5))
def test_a_slower_block_never_scores_lower(slower):
    tests = scores(make_blocks(24), 0.95)
    usual, slow = make_blocks(1, seed=5)[0], make_blocks(1, seed=5, slower=slower)[0]
    assert all(score.of(slow) >= score.of(usual) for score in tests)


def test_a_failed_probe_is_above_every_quantile():
    assert all(score.of(block(1.0, bad=3)) == min(0.75, score.cap) for score in scores(make_blocks(24), 0.95))


def test_one_burst_is_not_everything_in_a_capped_score():
    capped = next(score for score in scores(make_blocks(24), 0.95) if score.name == "p90, capped")
    assert capped.of(block(*[1e6] * 25)) == pytest.approx(0.2)


def test_a_quantile_that_failed_in_the_baseline_is_not_looked_at():
    failing = [block(100.0, 110.0, 120.0, bad=1) for _ in range(24)]
    assert all(cut < inf for score in scores(failing, 0.95) for cut in score.cuts_ms)
