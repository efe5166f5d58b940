"""Since when a watch has been different."""

import random

import pytest

from ci_reporter.gate.statistics.onset import change_point


@pytest.mark.parametrize("begun", [0, 7, 30, 55])
def test_the_block_at_which_it_changed_is_found(begun):
    chance = random.Random(begun)
    watch = [chance.gauss(2.0 if at >= begun else 0.0, 0.3) for at in range(60)]
    assert change_point([chance.gauss(0, 0.3) for _ in range(24)], watch) == begun


def test_blocks_without_data_are_stepped_over():
    assert change_point([0.0] * 6, [0.0, None, None, 1.0, 1.0]) == 3
