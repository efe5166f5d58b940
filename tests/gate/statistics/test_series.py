"""The scores of a watch, each block's once."""

import pytest

from ci_reporter.gate.statistics.robust import segment
from ci_reporter.gate.statistics.scores import row, scores
from ci_reporter.gate.statistics.series import Series
from tests.gate.statistics.makers import make_blocks

BASELINE = make_blocks(24, bad=1)
WATCH = [*make_blocks(10, seed=2), None, *make_blocks(9, slower=1.4, seed=3)]
SCORES = scores(BASELINE, 0.95)


@pytest.mark.parametrize("factor", [1.0, 1.1, 2.0])
def test_a_row_has_each_score_of_the_block(factor):
    block = make_blocks(1, slower=1.5, bad=2)[0]
    assert row(SCORES, block, factor) == tuple(score.of(block, factor) for score in SCORES)


@pytest.mark.parametrize("number", range(len(SCORES)), ids=[score.name for score in SCORES])
def test_a_window_has_the_blocks_from_its_first_on_that_saw_anything(number):
    series = Series(SCORES, BASELINE)
    for length in (5, 12, 20):
        there = [block for block in WATCH[3:length] if block]
        assert series.window(number, WATCH[:length], 3, 0.1) == [SCORES[number].of(each, 1.1) for each in there]


def test_the_references_are_the_baseline_and_the_watch_before_the_window():
    series = Series(SCORES, BASELINE)
    earlier = segment([SCORES[0].of(block) for block in WATCH[:12] if block])
    assert series.references(0, WATCH, 12) == [segment([SCORES[0].of(block) for block in BASELINE]), earlier]
    assert series.references(0, WATCH, 0) == series.baseline[:1]
