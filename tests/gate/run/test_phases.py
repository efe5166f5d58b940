"""The phases on a clock of one's own: a watch that is judged while it goes on ends as judging it afterwards says."""

from dataclasses import replace
from itertools import count

import pytest

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Recording, Signal
from ci_reporter.gate.run import phases
from ci_reporter.gate.run.progress import Silent
from ci_reporter.gate.run.world import World
from ci_reporter.gate.statistics.learnt import History, Learnt


class Replaying(Silent):
    """A source whose samples come when they would have come, on a clock that `pause` moves by half a second.

    It remembers the last moment that was shown.
    """

    def __init__(self, probes, shift_s=0.0):
        self._probes = [replace(each, t=each.t + shift_s) for each in probes]
        self._came = 0.0
        self.now_s = 0.0
        self.stopped = False
        self.shown = None

    def show(self, moment):
        self.shown = moment

    def pause(self):
        self.now_s += 0.5

    def elapsed_s(self):
        return self.now_s

    def poll(self):
        came, self._came = self._came, 1e9 if self.stopped else self.now_s
        return [("http_latency", each) for each in self._probes if came <= self._ends(each) < self._came]

    def settled_s(self):
        return min([self.now_s, *(each.t for each in self._probes if each.t < self.now_s <= self._ends(each))])

    def finish(self):
        self.stopped = True

    def is_finished(self):
        return self.stopped

    def stop(self):
        self.finish()

    def _ends(self, probe):
        return probe.t + (probe.latency_ms or 1000) / 1000


@pytest.fixture
def watch(make_rules, make_recording, make_probes):
    """Watch probes live, and judge all of them afterwards."""

    def run(*conditions, warmup_s=0.0, gate="", history=None, **how):
        rules = make_rules(*conditions, gate=gate)
        plan = replace(rules.plan, watch_s=300.0, warmup_s=warmup_s)
        rules = replace(rules, plan=plan, settings=replace(rules.settings, watch_s=300.0))
        baseline = make_recording("baseline", seconds=120, seed=99)
        probes = make_probes(**{"seconds": 300, **how})
        source = Replaying(probes, warmup_s)
        ticks = count()
        world = World(pause=source.pause, clock=lambda: next(ticks) * 1e-3, progress=source)
        live = phases.watch(source, baseline, rules, world, history=history)
        whole = Recording(phase="watch", signals={"http_latency": Signal(probes=probes)})
        return live, judge(baseline, whole, rules), source

    return run


@pytest.mark.parametrize("slower", [1.0, 1.2, 1.5, 2.5])
@pytest.mark.parametrize("condition", ["http_latency_p95 > +10%", "http_latency_p95 > 300ms"])
def test_live_and_afterwards_agree(watch, condition, slower):
    live, afterwards, _ = watch(condition, slower=slower)
    assert (live.verdict.verdict, live.verdict.decided_at_s) == (afterwards.verdict, afterwards.decided_at_s)


def test_a_failure_ends_the_watch_at_once(watch):
    live, _, source = watch("http_latency_p95 > +10%", slower=2.5)
    assert live.verdict.verdict == "fail"
    assert source.now_s <= live.verdict.decided_at_s + 5


def test_errors_agree_too(watch):
    live, afterwards, _ = watch("error_rate > 1%", errors=0.2)
    assert (live.verdict.decided_at_s, live.verdict.verdict) == (afterwards.decided_at_s, "fail")


def test_an_early_pass_ends_the_watch(watch):
    live, afterwards, source = watch("http_latency_p95 > +10%", gate="early_pass: true, min_watch: 30s", rate=20)
    assert (live.verdict.verdict, afterwards.verdict) == ("pass", "pass")
    assert 30 <= live.verdict.decided_at_s == afterwards.decided_at_s
    assert source.now_s < 300


def test_a_watch_that_is_not_known_is_extended_and_says_so(watch):
    live, _, source = watch("http_latency_p95 > +10%", slower=1.25, rate=1.0, seconds=600.0)
    assert live.verdict.decided_at_s is None or live.verdict.decided_at_s > 300
    assert source.now_s > 301


def test_the_last_moment_of_an_extended_watch_says_how_long_it_was(watch):
    live, _, source = watch("http_latency_p95 > +10%", slower=1.25, rate=1.0, seconds=600.0)
    seen_s = len(live.recording.signals["http_latency"].probes)  # one probe a second
    assert seen_s > 300
    assert source.shown.of_s == pytest.approx(seen_s, abs=1)


def test_an_extension_may_be_forbidden(watch):
    live, _, source = watch("http_latency_p95 > +10%", slower=1.25, rate=1.0, seconds=600.0, gate="extend: 0s")
    assert live.verdict.verdict == "inconclusive"
    assert source.now_s < 310


def test_the_recording_of_an_extended_watch_is_judged_as_it_was(watch, make_recording, make_rules):
    live, _, _ = watch("http_latency_p95 > +10%", slower=1.25, rate=1.0, seconds=600.0)
    again = judge(
        make_recording("baseline", seconds=120, seed=99), live.recording, make_rules("http_latency_p95 > +10%")
    )
    assert (again.verdict, again.decided_at_s) == (live.verdict.verdict, live.verdict.decided_at_s)


@pytest.mark.parametrize("usual", [(0.1, 0.1, 0.1, 0.1), (0.9, 0.9, 0.9, 0.9)], ids=["quiet", "noisy"])
def test_a_recording_is_judged_with_what_the_gate_had_learnt(watch, make_recording, make_rules, usual):
    learnt = Learnt(gates=5, usual=usual, quiet=usual[0] < 0.5)
    history = History(measures={"http_latency p95": learnt})
    live, without, _ = watch("http_latency_p95 > +10%", slower=1.5, history=history)
    baseline, rules = make_recording("baseline", seconds=120, seed=99), make_rules("http_latency_p95 > +10%")
    again = judge(baseline, live.recording, rules)
    assert (again.verdict, again.decided_at_s) == (live.verdict.verdict, live.verdict.decided_at_s)
    assert again.decided_at_s != without.decided_at_s


def test_the_warm_up_is_not_part_of_the_watch(watch):
    live, _, _ = watch("down for 15s", warmup_s=20.0)
    assert min(each.t for each in live.recording.signals["http_latency"].probes) == 0.0
    assert len(live.recording.signals["http_latency"].probes) == 1500
