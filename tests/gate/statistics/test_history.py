"""What the recordings of good gates teach."""

from dataclasses import replace
from math import exp

import pytest

from ci_reporter.gate.recording import Count, Recording, Signal
from ci_reporter.gate.rules.conditions import parse
from ci_reporter.gate.statistics.history import Gate, gate_of, learn, learn_errors, lesson, margins
from tests.gate.conftest import make_probes, make_recording
from tests.gate.statistics.makers import counted, make_blocks

LATENCY, ERRORS = parse("http_latency_p95 > +10%"), parse("http_error_rate > +50%")


def make_gate(seed=1, factors=(), errors=0.0):
    """A baseline of 120 s and a watch of 300 s; `factors` slow five-second blocks of the watch."""
    before = make_recording("baseline", seconds=120, seed=seed, errors=errors)
    probes = make_probes(seconds=300, seed=seed + 1000, errors=errors)
    slowed = tuple(replace(each, latency_ms=each.latency_ms * factor(factors, each.t)) for each in probes)
    return before, Recording(phase="watch", signals={"http_latency": Signal(probes=slowed)})


def factor(factors, t):
    at = int(t // 5)
    return factors[at] if at < len(factors) else 1.0


def wave(number):
    """A service that is up to twice as slow for some minutes, and comes back."""
    return [2.0 if 20 <= at + number < 40 else 1.0 for at in range(60)]


@pytest.fixture(scope="module")
def quiet():
    return [make_gate(seed) for seed in range(5)]


@pytest.fixture(scope="module")
def noisy():
    return [make_gate(seed, wave(4 * seed)) for seed in range(5)]


def learnt(past, leaf=LATENCY):
    return learn(past, [leaf]).of(leaf)


def test_five_calm_gates_make_a_quiet_service(quiet):
    found = learnt(quiet)
    assert (found.gates, found.quiet) == (5, True)
    assert max(found.usual) <= 0.15


def test_calm_gates_leave_a_rule_of_five_percent_as_it_is(quiet):
    assert learnt(quiet).usual == (0, 0, 0, 0)


def test_four_gates_are_too_few_to_call_a_service_quiet(quiet):
    assert not learnt(quiet[:4]).quiet


def test_a_service_that_wandered_asks_for_larger_margins(quiet, noisy):
    found = learnt(noisy)
    assert not found.quiet
    assert min(found.margins["p50"]) > max(learnt(quiet).margins["p50"])


def test_one_noisy_gate_of_five_is_enough(quiet, noisy):
    found = learnt([*quiet[:4], noisy[0]])
    assert not found.quiet
    assert found.margins["p50"][1] > 0.5


def test_more_gates_never_make_a_margin_smaller(noisy):
    fewer, more = learnt(noisy[:2]), learnt(noisy)
    for name, row in fewer.margins.items():
        assert all(one <= other for one, other in zip(row, more.margins[name], strict=True))


def test_longer_windows_need_what_shorter_ones_did(noisy):
    for thirty, sixty, longer, longest in learnt(noisy).margins.values():
        assert thirty <= sixty <= longer
        assert longest >= 0.85 * longer


def test_a_day_that_is_slower_as_a_whole_teaches_the_same(noisy):
    day = [
        tuple(Recording(phase=each.phase, signals={"http_latency": scaled(each, 4.0)}) for each in gate)
        for gate in noisy
    ]
    assert learnt(day) == learnt(noisy)


def scaled(recording, by):
    probes = recording.signals["http_latency"].probes
    return Signal(probes=tuple(replace(each, latency_ms=each.latency_ms * by) for each in probes))


def test_a_gate_counts_backwards_too():
    slow_before = Gate(before=make_blocks(24, slower=1.5), after=make_blocks(60, seed=2), block_s=5.0)
    assert max(margins(slow_before, 0.95)["p50"]) == 0
    assert max(lesson(slow_before, 0.95).margins["p50"]) > 0.2


def test_what_exceeds_every_margin_is_infinite():
    step = Gate(before=make_blocks(24), after=make_blocks(60, slower=exp(3), seed=2), block_s=5.0)
    assert margins(step, 0.95)["p50"][1] == float("inf")


def test_even_errors_do_not_inflate_their_counts():
    assert learnt([make_gate(seed, errors=0.02) for seed in range(5)], ERRORS).dispersion == 1.0


def test_errors_in_bursts_count_for_less():
    bursty = [Gate(before=counted(*[0] * 24), after=counted(*[0] * at, 90, *[0] * 59), block_s=5.0) for at in range(5)]
    assert learn_errors(bursty).dispersion > 10


def test_gates_with_other_error_rates_do_not_look_like_bursts():
    steady = [Gate(before=counted(*[at] * 24), after=counted(*[at] * 60), block_s=5.0) for at in range(1, 6)]
    assert learn_errors(steady).dispersion == 1.0


@pytest.mark.parametrize(
    "past",
    [
        [],
        [(make_recording("baseline", seconds=10), make_recording(seconds=300))],
        [(make_recording("baseline", seconds=120), Recording(phase="watch", signals={}))],
    ],
    ids=["none", "a short baseline", "no samples"],
)
def test_gates_that_saw_too_little_teach_nothing(past):
    assert learnt(past) is None


def test_of_a_long_watch_the_twenty_minutes_beside_the_deploy_teach():
    before, after = make_recording("baseline", seconds=1500, rate=1), make_recording(seconds=1500, rate=1)
    found = gate_of(LATENCY, before, after)
    assert (len(found.before), len(found.after)) == (240, 240)


def test_counts_teach_of_errors_alone():
    counts = Signal(counts=tuple(Count(t=15.0 * at, bad=1, total=100) for at in range(40)))
    past = [(Recording(phase=phase, signals={"shop": counts}) for phase in ("baseline", "watch"))]
    past = [tuple(each) for each in past]
    assert learnt(past, parse("shop_error_rate > +50%")).gates == 1
    assert learnt(past, parse("shop_latency_p95 > +10%")) is None
