"""The line that tells how far a gate is."""

from ci_reporter.cli.gate.progress import line
from ci_reporter.gate.recording import Count, Probe, Recording, Signal, Value
from ci_reporter.gate.run.progress import Moment, Phase

PROBES = tuple(Probe(t=at / 5, ok=True, latency_ms=50.0) for at in range(50))


def watching(**signals):
    seen = Recording(phase="watch", signals=signals)
    before = Recording(phase="baseline", signals={"checkout": Signal(counts=(Count(t=0.0, bad=1, total=1000),))})
    return line(Moment(phase=Phase.WATCH, elapsed_s=10.0, of_s=300.0, recording=seen, baseline=before))


def test_probes_are_told_by_rate_latency_and_errors():
    assert watching(http_latency=Signal(probes=PROBES)).startswith(
        "watch 0:10 of 5:00  5.0/s  p50 50 ms  p95 50 ms  errors 0 of 50"
    )


def test_counts_are_told_beside_those_of_before():
    checkout = Signal(counts=(Count(t=0.0, bad=2, total=100), Count(t=15.0, bad=0, total=100)))
    assert watching(checkout=checkout) == "watch 0:10 of 5:00  checkout 1.00% bad (baseline 0.10%)"


def test_a_value_is_told_as_it_is_now():
    queue = Signal(values=(Value(t=0.0, value=7.0), Value(t=5.0, value=12.5)))
    assert watching(queue=queue) == "watch 0:10 of 5:00  queue 12.5"
