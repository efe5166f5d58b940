"""A rule that compares with the baseline, at one look: failed, passed, or not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, log

from ci_reporter.gate.rules.conditions import Relative
from ci_reporter.gate.statistics import blocks, bounds, calm, errors, immediate, latency, onset, words
from ci_reporter.gate.statistics.blocks import Block
from ci_reporter.gate.statistics.evidence import Evidence, worst
from ci_reporter.gate.statistics.latency import BATCH_PART, BATCHES, LOST_MS, Batches, Measured, Test, batches
from ci_reporter.gate.statistics.learnt import Learnt
from ci_reporter.gate.statistics.schedule import MINUTE_S, Look, Window
from ci_reporter.gate.statistics.scores import Score, scores
from ci_reporter.gate.statistics.series import Series
from ci_reporter.gate.verdict import FAIL, NOT_YET, PASS, Decision, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A test and the window it was made on."""

    window: Window
    test: Test

    @property
    def nearness(self) -> float:
        """How near it came to failing: 1 is there."""
        test = self.test
        return log(max(test.p, 1e-300)) / log(test.level) if 0 < test.level < 1 else 0.0


class Comparison:
    """A rule's comparison with one baseline. It keeps what does not change from look to look."""

    def __init__(
        self, leaf: Relative, baseline: Sequence[Block | None], block_s: float, learnt: Learnt | None = None
    ) -> None:
        self.leaf = leaf
        self._learnt = learnt
        self._held_back = False
        self._baseline = blocks.with_data(baseline)
        self._peaks = immediate.Peaks(self._baseline)
        self._quantile = min(leaf.quantile or 0.0, bounds.HIGHEST)
        self._old = self._value(self._baseline)
        self._ordered: list[float] = []
        self._sorted = 0
        self.scores: tuple[Score, ...] = ()
        if leaf.quantile is not None:
            self.scores = scores(self._baseline, leaf.quantile)
            self._series = Series(self.scores, self._baseline)
            self._learnt = self._unless_noisy(learnt, block_s)
            self._answered = not self._counts_failures(baseline, block_s)
            self._batches = batches(baseline, block_s, self._quantile, answered=self._answered)
            self._watch_batches = Batches(block_s, self._quantile, answered=self._answered)

    def _counts_failures(self, baseline: Sequence[Block | None], block_s: float) -> bool:
        """Whether failures make the 30-s quantiles infinite: not where the baseline's own are, as at 5 % errors."""
        logs = batches(baseline, block_s, self._quantile, answered=False)
        return all(each is None or each < log(LOST_MS) for each in logs)

    def _unless_noisy(self, learnt: Learnt | None, block_s: float) -> Learnt | None:
        """What was learnt, and nothing of a quiet service where today's baseline is not quiet."""
        if not learnt or not learnt.quiet or not self.scores:
            return learnt
        minute = max(int(MINUTE_S // block_s), 1)
        return replace(learnt, quiet=not calm.is_noisy(self._baseline, self._series.baseline[-1], minute))

    def finding(self, seen: Evidence, look: Look) -> Finding:
        """What is known at this look."""
        if at_once := self._at_once(seen):
            return self._failure(seen, look, at_once, None)
        tried = list(self._tests(seen, look))
        failed = self._failing_test(seen, look, tried)
        if failed:
            return self._failure(seen, look, "", failed)
        nearest = max(tried, key=lambda each: each.nearness, default=None)
        doubt, now = self._doubt(seen, look, tried), self._value_so_far(seen)
        if doubt is None:
            reason = f"{self._change(now)}; {self._claim()}"
            return self._finding(PASS, now, reason, nearest, decided_at_s=look.at_s)
        return self._finding(NOT_YET, now, f"{self._change(now)}; {doubt}", nearest)

    def _at_once(self, seen: Evidence) -> str | None:
        if immediate.down(seen.watch, seen.block_s):
            return f"nothing good for {immediate.DOWN_S:g} s"
        levels = (0.5, self._quantile)
        if self.scores and immediate.huge(seen.watch, self._peaks, seen.block_s, levels):
            said = f"p50 and p{self._quantile * 100:g} of the last {immediate.HUGE_S:g} s"
            return f"{said} are {immediate.HUGE:g} times the baseline's highest"
        return None

    def _failing_test(self, seen: Evidence, look: Look, tried: Sequence[Trial]) -> Trial | None:
        """The test that fails the rule. Where past gates taught what noise is here, it has to hold against that too.

        What would have failed without them is never a pass from then on: history may delay a failure or make it
        inconclusive, and on a quiet service it brings failures sooner, but it makes nothing pass.
        """
        failed = next((each for each in tried if each.test.failed), None)
        if self._learnt is None or not (failed or self._learnt.quiet):
            return failed
        by_history = self._tests(seen, _quiet_look(look) if self._learnt.quiet else look, self._learnt)
        found = next((each for each in by_history if each.test.failed), None)
        self._held_back = self._held_back or bool(failed and not found)
        return found

    def _tests(self, seen: Evidence, look: Look, learnt: Learnt | None = None) -> Iterator[Trial]:
        if self.leaf.quantile is None:
            for window in look.windows(seen.block_s, 0.0):
                yield Trial(window=window, test=self._errors(seen, window, look.alpha, learnt))
            return
        for window in look.windows(seen.block_s, look.schedule.sustain_s):
            yield from (Trial(window=window, test=test) for test in self._latency(seen, window, look, learnt))

    def _errors(self, seen: Evidence, window: Window, alpha: float, learnt: Learnt | None) -> Test:
        sides = seen.sides(window.first)
        if not sides.window:
            return Test(name="errors")
        least_phi = learnt.dispersion if learnt else 1.0
        return errors.compare(sides, self.leaf.margin, alpha * window.level, least_phi)

    def _over(self, name: str, window: Window, look: Look, learnt: Learnt | None) -> float:
        """The margin that a score has to exceed in a window."""
        if learnt is None:
            return latency.margin(self.leaf.margin, window.seconds)
        known = learnt.margin(name, window.seconds, extended=look.at_s > look.schedule.watch_s)
        return max(latency.margin(self.leaf.margin, window.seconds, learnt.patience), known)

    def _latency(self, seen: Evidence, window: Window, look: Look, learnt: Learnt | None) -> Iterator[Test]:
        sides, level = seen.sides(window.first), look.alpha * window.level
        if not sides.window:
            return
        first = ceil(window.first * seen.block_s / latency.BATCH_S - 1e-9)
        over = self._over(BATCHES, window, look, learnt)
        logs = self._watch_batches.until(seen.watch)[first:]
        yield latency.compare_batches(self._batches, logs, over, level * BATCH_PART)
        for number, score in enumerate(self.scores):
            over = self._over(score.name, window, look, learnt)
            measured = Measured(
                score=score,
                over=over,
                values=self._series.window(number, seen.watch, window.first, over),
                references=self._series.references(number, seen.watch, window.first),
                sides=sides,
            )
            yield latency.compare(measured, level * (1 - BATCH_PART) * score.part)

    def _doubt(self, seen: Evidence, look: Look, tried: Sequence[Trial]) -> str | None:
        """Why this is not a pass yet; None where it is one."""
        if not look.beta:
            return "too early for a pass"
        if not tried:
            return f"nothing can fail before {look.schedule.sustain_s:g} s of watch"
        if self._held_back:
            return "a change was seen that is not larger than what past gates here showed without a regression"
        suspect = next((each for each in tried if each.test.suspicious), None)
        if suspect:
            where = _window_name(suspect.window)
            return f"more of {suspect.test.name} in {where} may be chance, or the beginning of a change"
        if self.leaf.quantile is None:
            return self._error_doubt(seen, look)
        return self._latency_doubt(seen, look)

    def _error_doubt(self, seen: Evidence, look: Look) -> str | None:
        before, now = (blocks.error_rate(each) or 0.0 for each in (seen.before, seen.after))
        if look.early is not None and now > before:
            return "there are more errors than before"
        return bounds.error_rate(seen, before * bounds.growth(self.leaf.margin))

    def _latency_doubt(self, seen: Evidence, look: Look) -> str | None:
        if not self.scores:
            return "the baseline has too few good answers to compare with"
        if look.early is not None and (found := bounds.slower_than(self._series, seen, look.early, look.beta)):
            return found
        found = bounds.latency(self._series, seen, self.leaf.margin, look.beta)
        return found or bounds.twice(seen, self.leaf.quantile or 0.0, self._peaks)

    def _claim(self) -> str:
        """What a pass says: what is ruled out, and never that nothing changed."""
        if self.leaf.quantile is None:
            return f"more than {bounds.growth(self.leaf.margin):.3g} times the old rate and 1 point is ruled out"
        said = f"answers slower than before {self.leaf.margin:+.0%} are at most twice as many over the watch"
        return f"{said}, and four times in its last minute (90 % sure)"

    def _failure(self, seen: Evidence, look: Look, at_once: str, tried: Trial | None) -> Finding:
        first = tried.window.first if tried else max(len(seen.watch) - round(immediate.HUGE_S / seen.block_s), 0)
        now, since_s = self._value(blocks.with_data(seen.watch[first:])), self._since_s(seen)
        reason = f"{self._change(now)}, and more than {self.leaf.margin:+.0%} is bad; since {since_s:g} s"
        return self._finding(
            FAIL,
            now,
            f"{at_once}: {reason}" if at_once else reason,
            tried,
            decided_at_s=look.at_s,
            since_s=since_s,
            worst=worst(seen.probes, self.leaf.quantile is not None),
        )

    def _since_s(self, seen: Evidence) -> float:
        old, new = ([None if each is None else self._height(each) for each in cut] for cut in (seen.before, seen.watch))
        return onset.change_point([each for each in old if each is not None], new) * seen.block_s

    def _height(self, block: Block) -> float:
        """What of a block is high when the rule fails: its errors, or its mean score."""
        return self.scores[-1].of(block) if self.scores else block.bad_share

    def _finding(self, verdict: Decision, now: float | None, reason: str, tried: Trial | None, **more: Any) -> Finding:
        if tried:
            test = tried.test
            more |= {"p": test.p, "needed": test.level, "statistic": f"{test.name}, {_window_name(tried.window)}"}
        return Finding(verdict=verdict, reason=reason, baseline=self._old, watch=now, unit=self._unit, **more)

    def _change(self, now: float | None) -> str:
        return words.change(self._old, now, self._unit)

    @property
    def _unit(self) -> str:
        return "ratio" if self.leaf.quantile is None else "ms"

    def _value_so_far(self, seen: Evidence) -> float | None:
        """The value of the whole watch. What was sorted at the last look is merged with what is new."""
        if self.leaf.quantile is None:
            return self._value(seen.after)
        self._ordered += blocks.pool(seen.after[self._sorted :])
        self._ordered.sort()
        self._sorted = len(seen.after)
        return words.finite(blocks.quantile(self._ordered, self.leaf.quantile))

    def _value(self, there: Sequence[Block]) -> float | None:
        """What the rule is about, measured: a quantile in ms, or the error rate; None where no answer came."""
        if self.leaf.quantile is None:
            return blocks.error_rate(there)
        return words.finite(blocks.quantile(blocks.pool(there), self.leaf.quantile))


def _quiet_look(look: Look) -> Look:
    return replace(look, schedule=look.schedule.of_quiet_service())


def _window_name(window: Window) -> str:
    return f"the last {window.seconds:g} s" if window.trailing else "the watch so far"
