"""The control tells the runner's trouble from the service's."""

from dataclasses import replace

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.statistics import control


def make_control(seconds=60, bad=(), slow=(), phase="watch"):
    """One control probe a second, bad or slow in those seconds."""
    probes = tuple(
        Probe(t=float(t), ok=t not in bad, latency_ms=None if t in bad else 900.0 if t in slow else 20.0)
        for t in range(seconds)
    )
    return Recording(phase=phase, signals={"control": Signal(probes=probes)})


def with_control(recording, controlled):
    return replace(recording, signals={**recording.signals, **controlled.signals})


def test_without_a_control_nothing_changes(make_recording):
    watch = make_recording(seconds=60)
    assert control.without_trouble(watch, None) is watch


def test_a_healthy_control_only_goes(make_recording):
    watch = make_recording(seconds=60)
    left = control.without_trouble(with_control(watch, make_control()), None)
    assert (left.signals, left.notes) == (watch.signals, ())


def test_blocks_where_the_control_fails_are_left_out_and_said(make_recording):
    watch = with_control(make_recording(seconds=60, rate=2), make_control(bad=range(10, 20)))
    left = control.without_trouble(watch, None)
    assert not [each.t for each in left.signals["http_latency"].probes if 10 <= each.t < 20]
    assert len(left.signals["http_latency"].probes) == 100
    assert "10 s of the watch are left out (20 probes)" in left.notes[0]


def test_a_control_that_is_slow_counts_as_bad(make_recording):
    watch = with_control(make_recording(seconds=60), make_control(slow=range(5)))
    left = control.without_trouble(watch, make_control(phase="baseline"))
    assert min(each.t for each in left.signals["http_latency"].probes) == 5


def test_a_runner_without_network_does_not_fail_the_deploy(judged, make_recording):
    broken = with_control(make_recording(errors=1.0), make_control(seconds=300, bad=range(300)))
    assert judged("down for 15s", watch=make_recording(errors=1.0)).verdict == "fail"
    assert judged("down for 15s", watch=broken).verdict == "inconclusive"


def test_a_service_that_is_down_alone_still_fails(judged, make_recording):
    down = with_control(make_recording(errors=1.0), make_control(seconds=300))
    assert judged("down for 15s", watch=down).verdict == "fail"
