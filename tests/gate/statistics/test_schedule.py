"""When the judge looks, and what it spends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.statistics import blocks, schedule


@given(st.floats(15, 2000), st.sampled_from([5.0, 10.0, 15.0]), st.integers(1, 200), st.floats(1e-4, 0.2))
def test_looks_never_spend_more_than_alpha(watch_s, block_s, baseline, alpha):
    spent = schedule.spending(schedule.schedule(watch_s, block_s), baseline, alpha)
    assert sum(spent.values()) <= alpha * (1 + 1e-9)


@pytest.mark.parametrize(("baseline", "blocks_"), [(12, 5), (24, 3), (96, 2)])
def test_minimum_evidence_is_what_combinatorics_say(baseline, blocks_):
    assert next(new for new in range(1, 99) if schedule.least_p(new, baseline) <= 0.01 / (2 * 10)) == blocks_


def test_a_look_that_cannot_fire_spends_nothing():
    spent = schedule.spending(schedule.schedule(300, 5), 24, 0.01 / 2)
    assert min(look.at_s for look in spent) == 15


def test_the_end_of_the_watch_is_a_look():
    assert schedule.times_s(120)[-2:] == [95.0, 120]


def test_looks_of_five_minutes_are_ten():
    assert len(schedule.times_s(300)) == 10


@pytest.mark.parametrize(
    ("values", "size"),
    [([1, 2] * 12, 1), ([1, 1, 1, 1, 2, 2, 2, 2] * 3, 3), ([5] * 24, 1), ([], 1)],
    ids=["alternating", "runs of four", "constant", "empty"],
)
def test_blocks_widen_with_autocorrelation(values, size):
    found = [blocks.Block(bad=value, total=10) for value in values]
    assert blocks.width(found, [lambda block: block.bad_share]) == size


@pytest.mark.parametrize(("last", "gap", "end"), [(299.8, 0.2, 300), (295, 5, 300), (59.5, 0.1, 60)])
def test_a_window_ends_a_gap_after_its_last_sample(last, gap, end):
    assert blocks.end_s([last - gap, last]) == end


def test_a_block_without_probes_is_unknown_not_good():
    assert blocks.of_probes([(0.0, 1.0, True), (11.0, 1.0, True)], 5.0, 15.0)[1] is None
