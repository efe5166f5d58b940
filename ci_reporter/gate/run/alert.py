"""What people are told of a gate: verdict, rule, figures, the worst answers, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ci_reporter.gate.report.chart import FEWEST_POINTS, points
from ci_reporter.gate.report.sparkline import sparkline
from ci_reporter.gate.run.conclusion import rows
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome
from ci_reporter.gate.statistics import figures, words
from ci_reporter.gate.verdict import FAIL, PASS
from ci_reporter.model import Run
from ci_reporter.notify.alert import Alert, Chart, Commit, Curve, Field, Level

_MOST_WORST = 3


def gate_alert(plan: GatePlan, outcome: Outcome, run: Run, commit: Commit | None = None) -> Alert:
    """The alert of an outcome; its rollback, if there was one, is told in the same message."""
    service = _service(plan)
    where = " ".join(part for part in (service, f"in {plan.environment}" if plan.environment else "") if part)
    return Alert(
        title=f"gate: {_word(outcome)}{f', {where}' if where else ''}",
        text="\n".join([*_sentences(outcome), *_worst(outcome)]),
        level=_level(outcome),
        service=service,
        environment=plan.environment,
        run=run,
        fields=tuple(_fields(outcome)),
        commit=commit,
        charts=tuple(_charts(outcome)),
        dedup_key=f"gate {service or ''} {plan.environment or ''}".strip(),
    )


def _word(outcome: Outcome) -> str:
    """`fail, rolled back` for somebody who reads only the first line."""
    if outcome.rollback:
        return f"{outcome.word}, {'rolled back' if outcome.rollback.verified else 'NOT rolled back'}"
    return "the deploy failed" if outcome.deploy_failed else outcome.word


def _level(outcome: Outcome) -> Level:
    if outcome.word == PASS:
        return Level.INFO
    if outcome.rollback and not outcome.rollback.verified:
        return Level.CRITICAL
    return Level.ERROR if outcome.word == FAIL else Level.WARNING


def _sentences(outcome: Outcome) -> list[str]:
    return [f"{heading}: {text}" for heading, text in rows(outcome) if text]


def _worst(outcome: Outcome) -> Iterator[str]:
    """The worst answers that the rules which failed have seen."""
    failed = [rule for rule in outcome.verdict.rules if rule.finding.verdict == FAIL] if outcome.verdict else []
    worst = [dict(each) for rule in failed for each in rule.finding.worst][:_MOST_WORST]
    for each in worst:
        latency = each.get("latency_ms")
        took = f"{latency:.0f} ms" if isinstance(latency, int | float) else "no answer"
        said = f", {each['reason']}" if each.get("reason") else ""
        yield f"at {each.get('t')} s: {took}{said}"


def _fields(outcome: Outcome) -> Iterator[Field]:
    before = figures.of(outcome.reference.recording)
    after = figures.of(outcome.watch.recording if outcome.watch else None)
    yield Field(name="Verdict", value=outcome.word)
    for name, old, new, unit in (
        ("p95", before.p95_ms, after.p95_ms, "ms"),
        ("Errors", before.error_ratio, after.error_ratio, "ratio"),
    ):
        if new is not None:
            yield Field(name=name, value=words.change(old, new, unit) if old is not None else words.value(new, unit))
    if outcome.watch:
        yield Field(name="p95 over the watch", value=sparkline(outcome.watch.recording, outcome.reference.recording))
    if outcome.convergence and outcome.convergence.expected:
        yield Field(name="Revision", value=outcome.convergence.expected[:12])


def _charts(outcome: Outcome) -> Iterator[Chart]:
    """Before and after: latency, and errors where there were any."""
    windows = [points(outcome.reference.recording), points(outcome.watch.recording if outcome.watch else None)]
    every = [point for window in windows for point in window]
    if len(every) < FEWEST_POINTS or not windows[1]:
        return
    p95, p50, bad = ([getattr(point, name) for point in every] for name in ("p95_ms", "p50_ms", "bad_pct"))
    latency = (Curve(name="p95", values=tuple(p95)), Curve(name="p50", values=tuple(p50)))
    if any(value is not None for value in p95):
        yield Chart(title="latency, ms", curves=latency, split=len(windows[0]))
    if any(bad):
        yield Chart(title="errors, %", curves=(Curve(name="errors", values=tuple(bad)),), split=len(windows[0]))


def _service(plan: GatePlan) -> str | None:
    """The server's name: what people call the service."""
    return urlsplit(plan.rules.plan.address or "").hostname
