"""Blocks: cut once, by one owner."""

import pytest

from ci_reporter.gate.recording import Count, Probe, Signal
from ci_reporter.gate.statistics import blocks


def probes(*times, latency_ms=1.0):
    return Signal(probes=tuple(Probe(t=t, ok=True, latency_ms=latency_ms) for t in times))


@pytest.mark.parametrize(("last", "gap", "end"), [(299.8, 0.2, 300), (295, 5, 300), (59.5, 0.1, 60)])
def test_a_window_ends_a_gap_after_its_last_sample(last, gap, end):
    assert blocks.end_s(probes(last - gap, last)) == end


def test_a_block_without_probes_is_unknown_not_good():
    assert blocks.cut(probes(0.0, 11.0), 5.0, range(3))[1] is None


def test_a_probe_on_the_edge_belongs_to_the_later_block():
    assert [block.total for block in blocks.cut(probes(0.0, 5.0, 5.1), 5.0, range(2))] == [1, 2]


def test_a_failed_probe_is_slower_than_any():
    signal = Signal(probes=(Probe(t=0.0, ok=False, latency_ms=1.0), Probe(t=1.0, ok=True, latency_ms=9.0)))
    (block,) = blocks.cut(signal, 5.0, range(1))
    assert (block.latencies, block.bad, block.share_above(1e9)) == ([9.0, float("inf")], 1, 0.5)


def test_counts_of_a_block_are_summed():
    signal = Signal(counts=(Count(t=0.0, bad=1.0, total=9.0), Count(t=3.0, bad=2.0, total=11.0)))
    (block,) = blocks.cut(signal, 5.0, range(1))
    assert (block.bad, block.total) == (3, 20)


def test_blocks_of_counts_begin_where_their_intervals_do():
    signal = Signal(counts=tuple(Count(t=t, bad=0.0, total=9.0) for t in (10.0, 25.0, 40.0)))
    assert [block.total for block in blocks.cut(signal, 15.0, range(3))] == [9, 9, 9]


@pytest.mark.parametrize(
    ("times", "length"),
    [([0.2 * at for at in range(99)], 5), (range(0, 300, 15), 15), ([0, 5, 10, 100, 105, 110], 5), ([3.0], 5)],
    ids=["5/s", "a scrape", "a hole", "one"],
)
def test_a_block_is_five_seconds_or_one_gap(times, length):
    assert blocks.length_s(probes(*map(float, times))) == length
