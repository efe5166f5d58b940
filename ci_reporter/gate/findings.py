"""One comparison of a rule, at one moment of a watch: failed, passed, or not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from ci_reporter.gate.recording import Probe, Recording, Signal
from ci_reporter.gate.rules.conditions import Beyond, Consecutive, Down, Leaf, Limit, Relative
from ci_reporter.gate.rules.ruleset import Rule, Settings
from ci_reporter.gate.statistics import absolute, blocks, consecutive, control, coverage, values
from ci_reporter.gate.statistics.blocks import SHORTEST_S, Block
from ci_reporter.gate.statistics.evidence import Blocks, Evidence, worst
from ci_reporter.gate.statistics.learnt import History
from ci_reporter.gate.statistics.relative import Comparison
from ci_reporter.gate.statistics.schedule import Look
from ci_reporter.gate.verdict import FAIL, NOT_YET, PASS, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A watch up to a moment, without its control, and the blocks that the control excuses."""

    signals: Mapping[str, Signal]
    excused: frozenset[int]

    @staticmethod
    def of(watch: Recording, at_s: float, baseline: Recording | None) -> Seen:
        """What of a watch was known at `at_s`."""
        so_far = replace(watch, signals={name: signal.window(end_s=at_s) for name, signal in watch.signals.items()})
        signals = {name: each for name, each in so_far.signals.items() if name != control.SIGNAL}
        return Seen(signals=signals, excused=control.excused_blocks(so_far, baseline))

    def probes(self, name: str) -> Sequence[Probe]:
        """The probes of a signal outside the blocks that are excused."""
        found = self.signals[name].probes
        return found if not self.excused else [each for each in found if int(each.t // SHORTEST_S) not in self.excused]


class Findings:
    """Finds what became of comparisons as too early for a pass; the baseline is cut and scored once."""

    def __init__(self, baseline: Recording | None, settings: Settings, history: History) -> None:
        self._before = Seen.of(baseline, inf, None) if baseline else None
        self._settings = settings
        self._history = history
        self._blocks: dict[str, Blocks] = {}
        self._cuts: dict[str, list[Block | None]] = {}
        self._comparisons: dict[tuple[Relative, float], Comparison] = {}

    def of(self, leaf: Leaf, rule: Rule, seen: Seen, look: Look) -> Finding:
        """What is known of one comparison at that look."""
        if isinstance(leaf, Consecutive | Down):
            return self._in_a_row(leaf, rule, seen, look)
        if isinstance(leaf, Beyond):
            return self._beyond(leaf, rule, seen, look)
        lacking = self._lacking(leaf, seen, look)
        return lacking or self._comparison(leaf, rule, seen, look)

    def evidence(self, name: str, seen: Seen, at_s: float) -> Evidence:
        """A signal before and after, cut into the same blocks."""
        signal, old = seen.signals[name], self._old(name)
        block_s = blocks.length_s(signal, old)
        if name not in self._blocks or self._blocks[name].block_s != block_s:
            self._blocks[name], self._cuts[name] = Blocks(block_s), self._cut_baseline(old, block_s)
        watch = self._blocks[name].until(at_s, signal, seen.excused)
        return Evidence(signal=signal, baseline=self._cuts[name], watch=watch, block_s=block_s, at_s=at_s)

    def _old(self, name: str) -> Signal:
        return self._before.signals.get(name, Signal()) if self._before else Signal()

    def _cut_baseline(self, signal: Signal, block_s: float) -> list[Block | None]:
        excused = self._before.excused if self._before else frozenset()
        return Blocks(block_s).until(blocks.end_s(signal), signal, excused)

    def _lacking(self, leaf: Limit | Relative, seen: Seen, look: Look) -> Finding | None:
        """What makes the comparison impossible; final where the watch's planned end has come."""
        signal = seen.signals.get(leaf.signal, Signal())
        over = look.at_s >= look.schedule.watch_s
        if not signal.samples:
            return _nothing(f"the watch has no samples of {leaf.signal}", is_final=over)
        if signal.counts and (leaf.limit_ms if isinstance(leaf, Limit) else leaf.quantile) is not None:
            return _nothing(f"{leaf.signal} holds counts, which have no latency", is_final=True)
        if isinstance(leaf, Relative) and not self._old(leaf.signal).samples:
            reason = f"the baseline has no samples of {leaf.signal}"
            return Finding(verdict=NOT_YET, reason=reason, is_final=True)
        return None

    def _comparison(self, leaf: Limit | Relative, rule: Rule, seen: Seen, look: Look) -> Finding:
        known = self.evidence(leaf.signal, seen, look.at_s)
        if not known.after or (isinstance(leaf, Relative) and not known.before):
            over = look.at_s >= look.schedule.watch_s and bool(known.after)
            what = "baseline" if known.after else "watch"
            return _nothing(f"the {what} has no complete block of {leaf.signal}", is_final=over)
        found = self._by_its_judge(leaf, rule, known, look)
        if found.verdict == FAIL and look.at_s < _enough_at_s(rule, known):
            return replace(found, verdict=NOT_YET, decided_at_s=None, reason=f"{found.reason}; {_minimum_text(rule)}")
        return found if found.verdict == FAIL or not look.beta else self._with_coverage(found, rule, known, look)

    def _by_its_judge(self, leaf: Limit | Relative, rule: Rule, known: Evidence, look: Look) -> Finding:
        if (rule.judge or self._settings.judge) == "threshold":
            if look.at_s >= look.schedule.watch_s:
                return absolute.raw(leaf, known, look.at_s)
            return Finding(verdict=NOT_YET, reason="a raw threshold is judged at the end of the watch")
        if isinstance(leaf, Limit):
            return absolute.finding(leaf, known, look, _enough_at_s(rule, known))
        key = (leaf, known.block_s)
        if key not in self._comparisons:
            self._comparisons[key] = Comparison(leaf, known.baseline, known.block_s, self._history.of(leaf))
        return self._comparisons[key].finding(known, look)

    def _with_coverage(self, found: Finding, rule: Rule, known: Evidence, look: Look) -> Finding:
        """The finding, if the signal was there often enough and long enough for a pass; else what is missing."""
        opened = replace(found, verdict=NOT_YET, decided_at_s=None)
        if found.verdict == PASS and known.probes and len(known.probes) < rule.min_probes:
            return replace(opened, reason=f"{len(known.probes)} probes, and {_minimum_text(rule)}")
        times, first_s = [each.t for each in known.samples], blocks.offset_s(known.signal, known.block_s)
        end_s = first_s + (look.at_s - first_s) // known.block_s * known.block_s if first_s else look.at_s
        lack = coverage.lack(known.watch, [t - first_s for t in times], known.block_s, end_s - first_s)
        lack = lack or self._too_short(known, look)
        return replace(opened, reason=lack, no_data=True) if lack else found

    def _too_short(self, known: Evidence, look: Look) -> str | None:
        least_s = min(self._settings.min_watch_s, look.schedule.watch_s)
        there_s = len(known.after) * known.block_s
        return f"{there_s:g} s have data, and min_watch is {least_s:g} s" if there_s < least_s else None

    def _beyond(self, leaf: Beyond, rule: Rule, seen: Seen, look: Look) -> Finding:
        signal = seen.signals.get(leaf.signal, Signal())
        if not signal.values:
            reason = f"the watch has no values of {leaf.signal}{', but counts' if signal.counts else ''}"
            return _nothing(reason, is_final=look.at_s >= look.schedule.watch_s)
        common: dict[str, Any] = {"statistic": "value", "watch": values.furthest(signal.values, leaf), "unit": ""}
        if hit := values.breach(signal.values, leaf, blocks.gap_s(signal)):
            since_s = hit.t - leaf.for_s
            return Finding(verdict=FAIL, reason=leaf.text, decided_at_s=hit.t, since_s=since_s, **common)
        reason = f"{leaf.text} was not seen; the nearest value was {common['watch']:g}"
        if not look.beta:
            return Finding(verdict=NOT_YET, reason=f"{reason}; too early for a pass", **common)
        if values.is_beyond(signal.values, leaf):
            return Finding(verdict=NOT_YET, reason=f"{reason}, and the last one is beyond the limit", **common)
        passed = Finding(verdict=PASS, reason=reason, decided_at_s=look.at_s, **common)
        return self._with_coverage(passed, rule, self.evidence(leaf.signal, seen, look.at_s), look)

    def _in_a_row(self, leaf: Consecutive | Down, rule: Rule, seen: Seen, look: Look) -> Finding:
        names = [name for name, each in seen.signals.items() if each.probes and leaf.signal in (None, name)]
        if not names:
            of = f" of {leaf.signal}" if leaf.signal else ""
            return _nothing(f"the watch has no probes{of}", is_final=look.at_s >= look.schedule.watch_s)
        found = [self._in_a_row_of(name, leaf, rule, seen, look) for name in names]
        failed = [each for each in found if each.verdict == FAIL]
        if failed:
            return min(failed, key=lambda each: each.decided_at_s or 0.0)
        return next((each for each in found if each.verdict != PASS), found[0])

    def _in_a_row_of(self, name: str, leaf: Consecutive | Down, rule: Rule, seen: Seen, look: Look) -> Finding:
        known = self.evidence(name, seen, look.at_s)
        probes = seen.probes(name)
        units = list(consecutive.ticks(probes, leaf.every_s)) if isinstance(leaf, Consecutive) else probes
        most = consecutive.longest(units) if any(not each.ok for each in units) else 0
        common: dict[str, Any] = {"statistic": "failures in a row", "watch": float(most), "unit": "failures"}
        hit = _hit(leaf, probes)
        if hit is not None and hit >= _enough_at_s(rule, known):
            reason = f"{leaf.text} ({name})"
            there = [each for each in probes if each.t <= hit]
            common |= {"since_s": consecutive.begin_s(units, hit), "worst": worst(there, False)}
            return Finding(verdict=FAIL, reason=reason, decided_at_s=hit, **common)
        reason = f"at most {most} in a row failed"
        if not look.beta:
            return Finding(verdict=NOT_YET, reason=f"{reason}; too early for a pass", **common)
        if consecutive.begins(units, leaf.for_s / 3 if isinstance(leaf, Down) else 0.0):
            return Finding(verdict=NOT_YET, reason=f"{reason}, the last ones among them", **common)
        passed = Finding(verdict=PASS, reason=reason, decided_at_s=look.at_s, **common)
        return self._with_coverage(passed, rule, known, look)


def _hit(leaf: Consecutive | Down, probes: Sequence[Probe]) -> float | None:
    """When it came to that."""
    if isinstance(leaf, Down):
        probe = consecutive.down(probes, leaf.for_s)
        return probe.t if probe else None
    tick = consecutive.in_a_row(list(consecutive.ticks(probes, leaf.every_s)), leaf.count, leaf.within_s)
    return tick.t if tick else None


def _enough_at_s(rule: Rule, known: Evidence) -> float:
    """When the rule's own minimum of probes and errors had been seen; infinite where it was not so far."""
    if known.signal.counts or known.signal.values or not (rule.min_probes or rule.min_errors):
        return 0.0
    errors = [probe.t for probe in known.probes if not probe.ok]
    wanted = [([probe.t for probe in known.probes], rule.min_probes), (errors, rule.min_errors)]
    return max((times[least - 1] if least <= len(times) else inf) if least else 0.0 for times, least in wanted)


def _minimum_text(rule: Rule) -> str:
    wanted = [(rule.min_probes, "probes"), (rule.min_errors, "errors")]
    return f"the rule wants {' and '.join(f'{least} {what}' for least, what in wanted if least)}"


def _nothing(reason: str, *, is_final: bool) -> Finding:
    return Finding(verdict=NOT_YET, reason=reason, no_data=True, is_final=is_final)
