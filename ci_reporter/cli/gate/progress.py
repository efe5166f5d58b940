"""How a gate shows how far it is: one live line on a terminal, a line now and then in a CI log."""

from __future__ import annotations

import time
from itertools import takewhile

from ci_reporter.cli import output
from ci_reporter.cli.progress import ProgressLine, bar, clock
from ci_reporter.gate.recording import Count
from ci_reporter.gate.report.sparkline import sparkline
from ci_reporter.gate.run.progress import Moment, Phase
from ci_reporter.gate.statistics import figures
from ci_reporter.gate.statistics.figures import Figures
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOG_EVERY_S = 10.0
_NEAR = 0.2  # of what a rule needs: below that it is noise


class ProgressDisplay:
    """Tells where the gate is, on stderr; silent when `quiet`."""

    def __init__(self, env: Mapping[str, str], *, quiet: bool) -> None:
        self._line = ProgressLine(env, log_every_s=_LOG_EVERY_S)
        self._quiet = quiet
        self._phases: list[Phase] = []  # those before, and the one that goes on
        self._not_before = 0.0

    def show(self, moment: Moment) -> None:
        """Show the moment, if it is time to."""
        now = time.monotonic()
        begins = self._phases[-1:] != [moment.phase]
        if self._quiet or (not begins and now < self._not_before):
            return
        if begins:
            self._phases = [*takewhile(lambda phase: phase != moment.phase, self._phases), moment.phase]
        self._not_before = now + self._line.every_s
        if self._line.is_live:
            self._line.draw(live_line(moment, self._phases[:-1]))
        elif not begins:
            output.say(f"gate: {line(moment)}")

    def say(self, sentence: str) -> None:
        """Say something that stays."""
        if not self._quiet:
            output.say(f"gate: {terminal.plain(sentence, 1000)}")

    def clear(self) -> None:
        """Leave the line to others."""
        self._line.clear()


def line(moment: Moment) -> str:
    """Phase, time, and what is seen: `watch 0:35 of 5:00  5.0/s  p50 121 ms (+1 %) …`."""
    return "  ".join([f"{moment.phase} {clock(moment.elapsed_s)} of {clock(moment.of_s)}", *_observations(moment)])


def live_line(moment: Moment, done: Sequence[Phase]) -> str:
    """The phases and where we are in them, p95 as a sparkline against the baseline, and the time that is left."""
    before = [f"{phase} ✓" for phase in done]
    left = f"{bar(moment.elapsed_s / moment.of_s if moment.of_s else 1.0)} {clock(moment.of_s - moment.elapsed_s)} left"
    drawn = sparkline(moment.recording, moment.baseline) if moment.phase == Phase.WATCH else ""
    return "  ".join(
        part for part in (" ".join([*before, f"▸ {moment.phase}"]), left, drawn, *_observations(moment)) if part
    )


def _observations(moment: Moment) -> list[str]:
    if moment.convergence:
        seen = moment.convergence
        served = [f"{count} × {name}" for name, count in seen.served[:3]]
        return [f"{seen.run} of {seen.needed} in a row", *served]
    now, before = figures.of(moment.recording), figures.of(moment.baseline)
    parts = [*_figures(now, before), *_counts(moment), *_values(moment)]
    near = figures.nearest(moment.verdict) if moment.verdict else None
    if near and near[1] >= _NEAR:
        parts.append(f"nearest: {near[0].name} ({near[1]:.0%} of what it needs)")
    return parts


def _counts(moment: Moment) -> list[str]:
    """What Prometheus has counted so far, beside what it counted before."""
    signals = moment.recording.signals if moment.recording else {}
    before = moment.baseline.signals if moment.baseline else {}
    return [
        f"{name} {_share(signal.counts)} bad{f' (baseline {_share(before[name].counts)})' if name in before else ''}"
        for name, signal in signals.items()
        if signal.counts
    ]


def _values(moment: Moment) -> list[str]:
    """The latest value of each signal that is one."""
    signals = moment.recording.signals if moment.recording else {}
    return [f"{name} {signal.values[-1].value:g}" for name, signal in signals.items() if signal.values]


def _share(counts: Sequence[Count]) -> str:
    total = sum(each.total for each in counts)
    return f"{sum(each.bad for each in counts) / total:.2%}" if total else "nothing"


def _figures(now: Figures, before: Figures) -> list[str]:
    if not now.probes:
        return []
    return [
        f"{now.probes / now.seconds:.1f}/s",
        f"p50 {_ms(now.p50_ms)}{_change(now.p50_ms, before.p50_ms)}",
        f"p95 {_ms(now.p95_ms)}{_change(now.p95_ms, before.p95_ms)}",
        f"errors {now.errors} of {now.probes}{_errors(before)}",
    ]


def _errors(before: Figures) -> str:
    return "" if before.error_ratio is None else f" (baseline {before.error_ratio:.2%})"


def _ms(value: float | None) -> str:
    return "no answer" if value is None else f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"


def _change(now: float | None, before: float | None) -> str:
    return f" ({now / before - 1:+.0%})" if now is not None and before else ""
