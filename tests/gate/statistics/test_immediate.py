"""What fails at once."""

import pytest

from ci_reporter.gate.statistics.immediate import Peaks, down, huge
from tests.gate.statistics.makers import block, make_blocks

DEAD = block(bad=25)


@pytest.mark.parametrize(
    ("watch", "found"),
    [
        ([DEAD] * 3, True),
        ([DEAD] * 2, False),
        ([*make_blocks(10), *[DEAD] * 3], True),
        ([DEAD, DEAD, None], False),
        ([*[DEAD] * 3, *make_blocks(1)], False),
        ([block(bad=1), None, block(bad=1)], False),
    ],
    ids=["15 s", "10 s", "late", "no data", "over", "two probes"],
)
def test_nothing_good_for_fifteen_seconds(watch, found):
    assert down(watch, 5.0) is found


@pytest.mark.parametrize(("slower", "found"), [(1.0, False), (2.0, False), (4.0, True)])
def test_latency_far_above_all_of_the_baseline_for_thirty_seconds(slower, found):
    watch = [*make_blocks(10, seed=3), *make_blocks(6, slower=slower, seed=2)]
    assert huge(watch, Peaks(make_blocks(24)), 5.0, (0.5, 0.95)) is found


def test_a_tail_alone_is_not_huge():
    watch = [block(*[120.0] * 20, *[5000.0] * 5) for _ in range(6)]
    assert not huge(watch, Peaks(make_blocks(24)), 5.0, (0.5, 0.95))


def test_a_baseline_that_failed_says_nothing_about_huge():
    assert not huge([DEAD] * 6, Peaks([DEAD] * 24), 5.0, (0.5, 0.95))
