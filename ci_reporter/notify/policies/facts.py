"""The names that a condition and a message may use, and what each reads from a report."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ci_reporter.config.hint import hint
from ci_reporter.frozen import Frozen
from ci_reporter.model import Gate, Report, Result, Tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    Value = str | float | None

VERDICTS = ("pass", "fail", "inconclusive")
STUCK = "stuck"
OVERDUE = ("no", "queued", "running", "silent", "lost")
_FAMILIES = ("tags", "measures")


class Kind(StrEnum):
    """What the values of a name are, and so how they are written."""

    TEXT = "text"
    WORD = "word"
    DURATION = "duration"  # seconds
    PERCENT = "percent"  # 0 to 100
    NUMBER = "number"
    SIZE = "size"  # bytes


class Fact(Frozen):
    """A name: its kind, what it reads, the words it can be where these are few, whether it can be compared with before.

    `points` says that it is compared with before by difference, not by share: coverage.
    """

    kind: Kind
    read: Callable[[Report], Value]
    words: tuple[str, ...] = ()
    relative: bool = False
    points: bool = False


def _tests(name: str) -> Fact:
    def read(report: Report) -> Value:
        tests: Tests | None = report.tests
        return None if tests is None else float(getattr(tests, name))

    return Fact(kind=Kind.NUMBER, read=read, relative=True)


def _gate(read: Callable[[Gate], Value], kind: Kind, words: tuple[str, ...] = ()) -> Fact:
    return Fact(kind=kind, read=lambda report: read(report.gate) if report.gate else None, words=words)


def _text(read: Callable[[Report], Value]) -> Fact:
    return Fact(kind=Kind.TEXT, read=read)


def _number(read: Callable[[Report], Value]) -> Fact:
    return Fact(kind=Kind.NUMBER, read=read)


def _known_to_hub(kind: Kind, words: tuple[str, ...] = ()) -> Fact:
    return Fact(kind=kind, read=lambda report: None, words=words)  # noqa: ARG005


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


FACTS = {
    "result": Fact(kind=Kind.WORD, read=lambda report: report.step.result, words=tuple(Result)),
    "duration": Fact(kind=Kind.DURATION, read=lambda report: _seconds(report.step.duration_ms), relative=True),
    "coverage": Fact(kind=Kind.PERCENT, read=lambda report: report.coverage_pct, relative=True, points=True),
    "exit_code": _number(lambda report: report.step.exit_code),
    "attempts": _number(lambda report: report.step.attempts),
    "memory": Fact(kind=Kind.SIZE, read=lambda report: report.step.max_rss_bytes, relative=True),
    **{f"tests.{name}": _tests(name) for name in ("total", "passed", "failed", "errors", "skipped", "flaky")},
    "gate.verdict": _gate(lambda gate: gate.verdict, Kind.WORD, VERDICTS),
    "gate.p50": _gate(lambda gate: _seconds(gate.p50_ms), Kind.DURATION),
    "gate.p95": _gate(lambda gate: _seconds(gate.p95_ms), Kind.DURATION),
    "gate.error_rate": _gate(lambda gate: None if gate.error_ratio is None else gate.error_ratio * 100, Kind.PERCENT),
    "step": _text(lambda report: report.step.name),
    "signal": _text(lambda report: report.step.signal),
    "reason": _text(lambda report: report.step.reason),
    "branch": _text(lambda report: report.run.branch),
    "tag": _text(lambda report: report.run.tag),
    "change": _text(lambda report: report.run.change),
    "target_branch": _text(lambda report: report.run.target_branch),
    "revision": _text(lambda report: report.run.revision),
    "repository": _text(lambda report: report.run.repository),
    "pipeline": _text(lambda report: report.run.pipeline),
    "job": _text(lambda report: report.run.job_name),
    "stage": _text(lambda report: report.run.stage),
    "event": _text(lambda report: report.run.event),
    "actor": _text(lambda report: report.run.actor),
    "environment": _text(lambda report: report.environment),
    STUCK: Fact(kind=Kind.DURATION, read=lambda report: None),  # noqa: ARG005  no report has it: see `evaluate`
}

# What only a hub knows, of many runs: no report has it, see `View.facts`.
HUB_FACTS = {
    "overdue": _known_to_hub(Kind.WORD, OVERDUE),
    "flaky": _known_to_hub(Kind.PERCENT),
    "duration.rose": _known_to_hub(Kind.PERCENT),
    "coverage.fell": _known_to_hub(Kind.PERCENT),
    "dora.change_failure_rate": _known_to_hub(Kind.PERCENT),
    "dora.deployment_frequency": _known_to_hub(Kind.NUMBER),
    "dora.lead_time": _known_to_hub(Kind.DURATION),
    "dora.time_to_restore": _known_to_hub(Kind.DURATION),
}
FACTS |= HUB_FACTS


def fact(name: str) -> Fact:
    """What a name stands for. Raises ValueError with the rest of a sentence that begins with the condition."""
    family, dot, member = name.partition(".")
    if dot and member and family == "tags":
        return _text(lambda report: report.tags.get(member))
    if dot and member and family == "measures":
        return Fact(kind=Kind.NUMBER, read=lambda report: report.measures.get(member), relative=True)
    if name not in FACTS:
        raise ValueError(f"has no fact named {name!r} ({hint(name, [*FACTS, 'tags.NAME', 'measures.NAME'])})")
    return FACTS[name]
