"""The exact counts, against every subset."""

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics.permutation import p_value, subsets_up_to

SCORES = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(SCORES, SCORES)
def test_p_is_the_share_of_all_subsets(new, baseline):
    every = list(combinations([*new, *baseline], len(new)))
    as_large = sum(sum(subset) >= sum(new) for subset in every)
    assert p_value(new, baseline) == pytest.approx(as_large / len(every), rel=1e-12)


@given(SCORES, st.integers(0, 6), st.integers(0, 40))
def test_subsets_are_counted_one_by_one(scores, size, most):
    size = min(size, len(scores))
    assert subsets_up_to(scores, size, most) == sum(sum(each) <= most for each in combinations(scores, size))


@given(SCORES, SCORES, st.integers(-1000, 1000))
def test_the_zero_point_of_the_scores_changes_nothing(new, baseline, by):
    assert p_value([each + by for each in new], [each + by for each in baseline]) == p_value(new, baseline)


@given(SCORES, SCORES)
def test_a_higher_score_of_all_new_blocks_never_lowers_the_evidence(new, baseline):
    top = max([*new, *baseline])
    assert p_value([top + 1] * len(new), baseline) <= p_value(new, baseline)


def test_the_smallest_p_is_one_subset_of_all():
    assert p_value([9, 9, 9], [0] * 24) == 1 / comb(27, 3)


@pytest.mark.parametrize(("new", "baseline"), [([], [1]), ([1], []), ([], [])])
def test_nothing_to_compare_is_no_evidence(new, baseline):
    assert p_value(new, baseline) == 1


def test_scipy_counts_the_same(stats):
    new, baseline = [3, 1, 4, 1, 5], [9, 2, 6, 5, 3, 5]
    theirs = stats.permutation_test(
        (new, baseline), lambda x, y: sum(x), permutation_type="independent", alternative="greater", n_resamples=10**6
    )
    assert p_value(new, baseline) == pytest.approx(theirs.pvalue, rel=1e-12)
