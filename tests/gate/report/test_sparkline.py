"""The sparkline: one block a slice of the watch, as high as its p95 is against the baseline's."""

import pytest

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.report.sparkline import sparkline


def probed(*latencies):
    """Probes of these latencies in milliseconds, five seconds of each; None failed."""
    probes = tuple(
        Probe(t=5.0 * at + tenth / 2, ok=latency is not None, latency_ms=latency)
        for at, latency in enumerate(latencies)
        for tenth in range(10)
    )
    return Recording(phase="watch", signals={"http_latency": Signal(probes=probes)})


@pytest.mark.parametrize(
    ("latencies", "drawn"),
    [((100.0, 104.0), "▁▁"), ((110.0, 160.0, 250.0), "▂▄▅"), ((1000.0,), "█"), ((100.0, None), "▁×"), ((), "")],
    ids=["unchanged", "slower", "ten times", "no answer", "nothing"],
)
def test_a_block_is_as_high_as_it_is_against_the_baseline(latencies, drawn):
    assert sparkline(probed(*latencies), probed(100.0)) == drawn


def test_without_a_baseline_the_first_block_stands_for_it():
    assert sparkline(probed(100.0, 300.0), None) == "▁▆"


def test_a_long_watch_has_sixteen_blocks():
    assert len(sparkline(probed(*[100.0] * 400), probed(100.0))) == 16
