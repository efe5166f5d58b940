"""What holds for every recording, whatever it shows."""

import random
from dataclasses import replace
from math import inf

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules.ruleset import Settings, default
from ci_reporter.gate.statistics import blocks
from ci_reporter.gate.statistics.learnt import History, Learnt, to_header
from tests.gate.conftest import make_probes, make_recording

RULES = replace(default(), settings=Settings(watch_s=300.0, extend_s=0.0))
BASELINE = make_recording("baseline", seconds=120, rate=2, seed=9)
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, deadline=None)


def recorded(probes):
    return Recording(phase="watch", signals={"http_latency": Signal(probes=tuple(probes))})


def decide(probes, baseline=BASELINE, rules=RULES, **how):
    return judge(baseline, recorded(probes), rules, **how)


def slowed(probes, by, begin_s=0.0, end_s=inf):
    return [replace(each, latency_ms=each.latency_ms * (by if begin_s <= each.t < end_s else 1.0)) for each in probes]


def p95(probes):
    return blocks.quantile(sorted(each.latency_ms for each in probes), 0.95)


@FEW
@given(SEEDS, st.floats(1.2, 20), st.floats(0, 300), st.integers(1, 299))
def test_more_of_a_watch_never_takes_back_what_failed(seed, by, begin_s, at_s):
    probes = slowed(make_probes(rate=2, seed=seed), by, begin_s)
    early, whole = decide(probes, at_s=float(at_s)), decide(probes)
    if early.verdict == "fail":
        assert (whole.verdict, whole.decided_at_s) == ("fail", early.decided_at_s)


@FEW
@given(SEEDS, st.floats(1, 4), st.floats(1, 3))
def test_a_slower_watch_never_passes_where_a_faster_one_does_not(seed, by, more):
    probes = make_probes(rate=2, seed=seed)
    if decide(slowed(probes, by)).verdict != "pass":
        assert decide(slowed(probes, by * more)).verdict != "pass"


@FEW
@given(SEEDS, st.floats(1, 4), st.sampled_from([0.25, 2.0, 8.0, 64.0]))
def test_scaling_baseline_and_watch_changes_nothing(seed, by, scale):
    probes = slowed(make_probes(rate=2, seed=seed), by)
    old = BASELINE.signals["http_latency"].probes
    scaled = judge(recorded(slowed(old, scale)), recorded(slowed(probes, scale)), RULES)
    plain = decide(probes)
    assert (scaled.verdict, scaled.decided_at_s) == (plain.verdict, plain.decided_at_s)


@FEW
@given(SEEDS, st.floats(1, 4))
def test_shuffling_within_blocks_changes_nothing(seed, by):
    probes = slowed(make_probes(rate=2, seed=seed), by)
    chance = random.Random(seed)
    shuffled = []
    for first in range(0, len(probes), 10):
        latencies = [each.latency_ms for each in probes[first : first + 10]]
        chance.shuffle(latencies)
        there = zip(probes[first : first + 10], latencies, strict=True)
        shuffled += [replace(each, latency_ms=latency) for each, latency in there]
    plain, again = decide(probes), decide(shuffled)
    assert (plain.verdict, plain.decided_at_s) == (again.verdict, again.decided_at_s)


MARGIN = st.sampled_from([0.1, 0.2, 0.5, 1.3, inf])
LEARNT = st.builds(
    Learnt,
    gates=st.integers(1, 20),
    margins=st.dictionaries(st.sampled_from(["p50", "p95", "mean over 16 levels"]), st.tuples(*[MARGIN] * 4)),
    usual=st.tuples(*[MARGIN] * 4),
    dispersion=st.floats(1, 20),
    quiet=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0.8, 4), st.floats(0, 0.05), st.floats(0, 300), LEARNT, LEARNT)
def test_history_makes_nothing_pass(seed, by, errors, begin_s, latency, counts):
    probes = slowed(make_probes(rate=2, seed=seed, errors=errors), by, begin_s)
    learnt = to_header(History(measures={"http_latency p95": latency, "http_latency errors": counts}))
    if decide(probes).verdict != "pass":
        assert judge(BASELINE, replace(recorded(probes), header=learnt), RULES).verdict != "pass"


@FEW
@given(SEEDS, st.floats(1, 4), LEARNT)
def test_a_gate_that_does_without_history_does_not_read_it(seed, by, learnt):
    probes = slowed(make_probes(rate=2, seed=seed), by)
    rules = replace(RULES, settings=replace(RULES.settings, history=0))
    header = to_header(History(measures={"http_latency p95": learnt}))
    assert judge(BASELINE, replace(recorded(probes), header=header), rules) == decide(probes, rules=rules)


def worst_minute(probes):
    return max(p95([each for each in probes if first <= each.t < first + 60]) for first in range(0, 61, 5))


@FEW
@given(SEEDS, st.floats(2, 20), st.floats(0, 3), st.floats(60, 240))
def test_no_watch_whose_last_minute_is_twice_the_worst_of_the_baseline_passes(seed, by, spread, lasts_s):
    chance = random.Random(seed)
    probes = [
        replace(each, latency_ms=each.latency_ms * (1 + spread * chance.random()))
        for each in make_probes(rate=2, seed=seed)
    ]
    limit = 2 * worst_minute(BASELINE.signals["http_latency"].probes)
    last = [each for each in probes if each.t >= 240]
    probes = slowed(probes, max(by, limit / p95(last) * 1.001), 300 - lasts_s)
    assert p95([each for each in probes if each.t >= 240]) >= limit
    assert decide(probes).verdict != "pass"


@FEW
@given(SEEDS, st.floats(0, 239.9), st.floats(60.1, 300))
def test_no_watch_with_a_gap_of_more_than_a_fifth_passes(seed, begin_s, length_s):
    end_s = min(begin_s + length_s, 300.0)
    probes = [each for each in make_probes(rate=2, seed=seed) if not begin_s <= each.t < end_s]
    found = decide(probes)
    assert found.verdict != "pass"


@FEW
@example([(0.0, False, 1.0), (6.0, False, 1.0), (162.0, False, 1.0)])  # nothing in the second half
@given(st.lists(st.tuples(st.floats(0, 300), st.booleans(), st.floats(0.1, 1e6)), max_size=200))
def test_any_recording_is_judged(samples):
    probes = [Probe(t=t, ok=ok, latency_ms=ms) for t, ok, ms in sorted(samples)]
    assert decide(probes).verdict in ("pass", "fail", "inconclusive")
