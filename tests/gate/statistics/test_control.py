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


def test_without_a_control_nothing_is_excused(make_recording):
    assert control.excused_blocks(make_recording(seconds=60), None) == frozenset()


def test_a_healthy_control_excuses_nothing():
    assert control.excused_blocks(make_control(), None) == frozenset()


def test_blocks_where_the_control_fails_are_excused_and_named():
    found = control.excused_blocks(make_control(bad=range(10, 20)), None)
    assert found == {2, 3}
    assert control.note(found, "watch").startswith("10 s of the watch are left out (10-15 s, 15-20 s): the control")


def test_a_control_that_is_slow_counts_as_bad():
    assert control.excused_blocks(make_control(slow=range(5)), make_control(phase="baseline")) == {0}


def test_what_comes_later_never_changes_an_earlier_block():
    whole = make_control(seconds=120, slow=range(20, 120))
    early = replace(whole, signals={"control": whole.signals["control"].window(end_s=60.0)})
    assert control.excused_blocks(early, None) == {at for at in control.excused_blocks(whole, None) if at < 12}


def test_excused_blocks_count_as_missing(judged, make_recording):
    broken = with_control(make_recording(), make_control(seconds=300, bad=range(100, 170)))
    found = judged("down for 15s", watch=broken)
    assert (found.verdict, found.exit_code) == ("inconclusive", 3)
    assert "46 of the 60 blocks of the watch have data" in found.rules[0].finding.reason


def test_a_runner_without_network_does_not_fail_the_deploy(judged, make_recording):
    broken = with_control(make_recording(errors=1.0), make_control(seconds=300, bad=range(300)))
    assert judged("down for 15s", watch=make_recording(errors=1.0)).verdict == "fail"
    assert judged("down for 15s", watch=broken).verdict == "inconclusive"


def test_a_service_that_is_down_alone_still_fails(judged, make_recording):
    down = with_control(make_recording(errors=1.0), make_control(seconds=300))
    assert judged("down for 15s", watch=down).verdict == "fail"
