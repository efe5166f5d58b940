"""Coverage: what a pass needs of its signal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.gate.recording import Probe, Signal
from ci_reporter.gate.statistics import blocks, coverage


def lack(times, end_s=300.0):
    signal = Signal(probes=tuple(Probe(t=t, ok=True, latency_ms=1.0) for t in times))
    cut = blocks.cut(signal, 5.0, range(int(end_s // 5)))
    return coverage.lack(cut, times, 5.0, end_s)


def every_second(*gaps, end=300):
    return [t + 0.5 for t in range(end) if not any(first <= t < last for first, last in gaps)]


@pytest.mark.parametrize(
    ("gaps", "enough"),
    [
        ([], True),
        ([(100, 110)], True),
        ([(100, 150)], True),
        ([(100, 165)], False),
        ([(250, 265)], False),
        ([(285, 300)], False),
        ([(0, 65)], False),
        ([(20, 40), (60, 80), (100, 120), (140, 160)], False),
        ([(30, 300)], False),
    ],
    ids=["none", "10 s", "50 s", "65 s", "of the last minute", "the end", "the start", "many", "a signal of 30 s"],
)
def test_data_for_eighty_percent_of_the_watch_and_of_its_last_minute(gaps, enough):
    assert (lack(every_second(*gaps)) is None) is enough


@given(st.floats(0, 230), st.floats(60.1, 300))
def test_no_gap_of_more_than_a_fifth_is_enough(begin, length):
    end = min(begin + length, 300)
    if end - begin > 60:
        assert lack([t / 5 for t in range(1500) if not begin <= t / 5 < end])


def test_the_gaps_are_named():
    assert "none at 100-166 s" in lack(every_second((100, 165)))


def test_a_watch_shorter_than_a_block_needs_a_sample():
    assert lack([0.5, 1.5], end_s=3.0) is None
    assert lack([], end_s=3.0)


def test_a_scrape_every_fifteen_seconds_is_no_gap():
    times = [float(t) for t in range(0, 300, 15)]
    signal = Signal(probes=tuple(Probe(t=t, ok=True, latency_ms=1.0) for t in times))
    assert coverage.lack(blocks.cut(signal, 15.0, range(20)), times, 15.0, 300.0) is None
