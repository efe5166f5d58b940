"""What a gate leaves behind: the verdict on the terminal or as JSON, JUnit, Markdown, the recording, the record."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial

from ci_reporter.cli import output
from ci_reporter.cli.gate import text
from ci_reporter.cli.gate.session import Seen
from ci_reporter.errors import CIReporterError, StateError
from ci_reporter.frozen import replace
from ci_reporter.gate.probing.buffer import write as write_recording
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.run import archive
from ci_reporter.gate.run.outcome import Outcome, as_json, sentence
from ci_reporter.gate.statistics import figures
from ci_reporter.model import Gate as GateNoun
from ci_reporter.model import Result, Step, rfc3339, seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.cli.gate.run import Gate

_SUMMARY = "GITHUB_STEP_SUMMARY"


def step(begun: Step, outcome: Outcome, now_s: float) -> Step:
    """The gate as a step that has ended: a gate that is inconclusive and fails the job is an error, not a verdict."""
    code = outcome.exit_code
    result = Result.SUCCESS if not code else Result.ERROR if outcome.word == "inconclusive" else Result.FAILURE
    duration_ms = round((now_s - (seconds_of(begun.started_at) or now_s)) * 1000)
    reason = None if not code else f"gate: {outcome.word}" if outcome.verdict else "gate: not converged"
    return replace(
        begun,
        result=result,
        exit_code=code,
        reason=reason,
        finished_at=rfc3339(now_s),
        duration_ms=duration_ms,
        attempts=1,
    )


def noun(seen: Seen, outcome: Outcome) -> GateNoun:
    """The gate as the record has it."""
    watch = seen.watched.watch if seen.watched else None
    before, after = figures.of(seen.before.recording), figures.of(watch)
    verdict = outcome.verdict
    return GateNoun(
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


def write(gate: Gate, seen: Seen, outcome: Outcome) -> list[str]:
    """Show and write all of it; what could not be written, as sentences."""
    found = _about(gate, outcome)
    problems = [*_problems(gate, seen, outcome, found)]
    if outcome.exit_code and gate.context.env.get("GITHUB_ACTIONS") == "true":
        output.fail(sentence(outcome), gate.context.env)  # the job's page shows it; elsewhere the verdict says it
    if gate.given["as_json"]:
        output.result(json.dumps(found, allow_nan=False))
    else:
        colour = output.colour(sys.stdout, gate.context.env)
        output.result(text.outcome(outcome, colour=colour))
    return problems


def _about(gate: Gate, outcome: Outcome) -> dict[str, object]:
    plan, run = gate.session.rules.plan, gate.run
    return as_json(
        outcome,
        url=plan.url,
        environment=gate.session.environment,
        ci_run_id=run.ci_run_id,
        finished_at=rfc3339(time.time()),
    )


def _problems(gate: Gate, seen: Seen, outcome: Outcome, found: dict[str, object]) -> Iterator[str]:
    attempts = (
        partial(_keep, gate, seen, found),
        partial(_recording, gate, seen),
        partial(_junit, gate, outcome),
        partial(_markdown, gate, seen, outcome),
    )
    for attempt in attempts:
        try:
            attempt()
        except CIReporterError as exc:
            yield str(exc)


def _keep(gate: Gate, seen: Seen, found: dict[str, object]) -> None:
    there: dict[str, Recording | None] = {
        "baseline": seen.before.recording,
        "watch": seen.watched.watch if seen.watched else None,
    }
    recordings = {phase: each for phase, each in there.items() if each}
    archive.keep(gate.session.kept, gate.begun.report_id, recordings, found)


def _recording(gate: Gate, seen: Seen) -> None:
    if gate.given["out"] and seen.watched:
        write_recording(seen.watched.watch, gate.given["out"])


def _junit(gate: Gate, outcome: Outcome) -> None:
    from ci_reporter.gate.report.junit import junit

    if gate.given["junit"]:
        url = gate.session.rules.plan.url or ""
        text = junit(outcome.verdict, name=gate.begun.step.name, url=url, statement=outcome.statement)
        _file(gate.given["junit"], text, "w")


def _markdown(gate: Gate, seen: Seen, outcome: Outcome) -> None:
    from ci_reporter.gate.report.markdown import markdown

    path = gate.given["markdown"] or gate.context.env.get(_SUMMARY)
    if not path:
        return
    rollback = outcome.rollback.statement if outcome.rollback else ""
    text = markdown(
        outcome.verdict,
        seen.before.recording,
        seen.watched.watch if seen.watched else None,
        title=gate.begun.step.name,
        url=gate.session.rules.plan.url,
        lines=[line for line in (outcome.statement, *outcome.notes, rollback) if line],
    )
    _file(path, text, "a")


def _file(path: str, text: str, mode: str) -> None:
    try:
        with open(path, mode, encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as exc:
        raise StateError(f"cannot write {os.path.basename(path)}: {exc.strerror}") from exc
