"""What a gate leaves behind: recordings, JUnit, Markdown, a place among past gates, its part of the record."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from signal import Signals

from ci_reporter.errors import CIReporterError, StateError
from ci_reporter.gate.probing.buffer import write as write_recording
from ci_reporter.gate.report.junit import Missing, junit
from ci_reporter.gate.report.markdown import markdown
from ci_reporter.gate.run import archive
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome, sentence
from ci_reporter.gate.statistics import figures
from ci_reporter.model import Gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class EvidencePaths:
    """Where the evidence goes: files, and the folder of past gates with this gate's name in it."""

    out: str | None = None
    junit: str | None = None
    markdown: str | None = None
    archive: str | None = None
    report_id: str = ""


def summary(outcome: Outcome) -> Gate:
    """The gate as the record has it."""
    before = figures.of(outcome.reference.recording)
    after = figures.of(outcome.watch.recording if outcome.watch else None)
    verdict = outcome.verdict
    return Gate(
        verdict=outcome.word,
        decided_at_s=verdict.decided_at_s if verdict else None,
        probes=after.probes,
        rules={rule.name: rule.finding.verdict for rule in verdict.rules} if verdict else {},
        p50_ms_before=before.p50_ms,
        p95_ms_before=before.p95_ms,
        error_ratio_before=before.error_ratio,
        p50_ms=after.p50_ms,
        p95_ms=after.p95_ms,
        error_ratio=after.error_ratio,
    )


def write_evidence(
    plan: GatePlan, outcome: Outcome, paths: EvidencePaths, about: Mapping[str, Any], *, name: str = "gate"
) -> Iterator[str]:
    """Write all of it; what could not be written, as sentences. `about` is what verdict.json says."""
    attempts = (
        partial(_archive, plan, outcome, paths, about, name),
        partial(_write_recording, outcome, paths),
        partial(_write_junit, plan, outcome, paths, name),
        partial(_write_markdown, plan, outcome, paths, name),
    )
    for attempt in attempts:
        try:
            attempt()
        except CIReporterError as exc:
            yield str(exc)


def _archive(plan: GatePlan, outcome: Outcome, paths: EvidencePaths, about: Mapping[str, Any], name: str) -> None:
    if paths.archive:
        page = _markdown(plan, outcome, name)
        archive.store(paths.archive, paths.report_id, outcome.recordings, about, page)


def _write_recording(outcome: Outcome, paths: EvidencePaths) -> None:
    if paths.out and outcome.watch:
        write_recording(outcome.watch.recording, paths.out)


def _write_junit(plan: GatePlan, outcome: Outcome, paths: EvidencePaths, name: str) -> None:
    if paths.junit:
        missing = None if outcome.verdict else _missing(outcome)
        _write(paths.junit, junit(outcome.verdict, name=name, url=plan.rules.plan.address or "", missing=missing), "w")


def _missing(outcome: Outcome) -> Missing:
    """Why there is no verdict."""
    if outcome.signal:
        case, kind, headline = "gate", "error", f"interrupted by {Signals(outcome.signal).name}"
    elif outcome.error:
        case, kind, headline = "gate", "error", "nothing was decided"
    elif outcome.deploy_failed:
        case, kind, headline = "deploy", "failure", "the deploy failed"
    else:
        case, kind, headline = "converge", "failure", "not converged"
    return Missing(case=case, kind=kind, headline=headline, statement=sentence(outcome))


def _write_markdown(plan: GatePlan, outcome: Outcome, paths: EvidencePaths, name: str) -> None:
    if paths.markdown:
        _write(paths.markdown, _markdown(plan, outcome, name), "a")


def _markdown(plan: GatePlan, outcome: Outcome, name: str) -> str:
    rollback = outcome.rollback.statement if outcome.rollback else ""
    return markdown(
        outcome.verdict,
        outcome.recordings,
        title=name,
        url=plan.rules.plan.address,
        headline="" if outcome.verdict else _missing(outcome).headline,
        lines=[line for line in (_opening(outcome), *outcome.notes, rollback) if line],
    )


def _opening(outcome: Outcome) -> str:
    """What became of the rollout, or why nobody looked."""
    return outcome.statement if outcome.verdict or not (outcome.error or outcome.deploy_failed) else sentence(outcome)


def _write(path: str, text: str, mode: str) -> None:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, mode, encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as exc:
        raise StateError(f"cannot write {path}: {exc.strerror}") from exc
