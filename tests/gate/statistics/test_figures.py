"""The figures that people see first: of the latency signal, or of all services together."""

from ci_reporter.gate.recording import Count, Probe, Recording, Signal
from ci_reporter.gate.statistics import figures


def probes(latency_ms, failing=0, count=20):
    """A probe each second, of which the first ones fail."""
    return Signal(probes=tuple(Probe(t=float(at), ok=at >= failing, latency_ms=latency_ms) for at in range(count)))


def of(**signals):
    named = {name.replace("__", "."): each for name, each in signals.items()}
    return figures.of(Recording(phase="watch", signals=named))


def test_the_latency_signal_comes_before_others():
    assert of(health=probes(1.0), http_latency=probes(50.0)).p50_ms == 50.0


def test_several_services_are_told_together():
    found = of(api__http_latency=probes(50.0), web__http_latency=probes(90.0, failing=2))
    assert (found.probes, found.errors, found.p50_ms) == (40, 2, 50.0)


def test_without_it_the_first_signal_that_is_probed_is_told():
    counts = Signal(counts=(Count(t=0.0, bad=1, total=10),))
    assert of(checkout=counts, ping=probes(7.0)).p50_ms == 7.0


def test_counts_alone_have_no_latency():
    assert of(checkout=Signal(counts=(Count(t=0.0, bad=1, total=10),))).probes == 0
