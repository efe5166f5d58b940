"""What of the command's own words goes into its record: its line, its measures, its last output, without secrets."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace

from ci_reporter.cli.place import Place
from ci_reporter.config import values
from ci_reporter.model import Report
from ci_reporter.redaction import masks_in, redacted, secrets_of

_LARGEST = 1024 * 1024


def completed(place: Place, report: Report, command: Sequence[str]) -> tuple[Report, list[str]]:
    """The report with measures and redacted texts, and what was wrong with the measures."""
    measures, warnings = _measures(place.journal.measures_path(report.report_id))
    tail = report.step.output_tail
    secrets = secrets_of(place.env) | masks_in((tail or "").encode())
    line = shlex.join(redacted(word, secrets) for word in command) if place.config.record_command else command[0]
    step = replace(
        report.step,
        command=redacted(line, secrets),
        reason=redacted(report.step.reason, secrets) if report.step.reason else None,
        output_tail=redacted(tail, secrets) if tail is not None else None,
    )
    return replace(report, step=step, measures={**report.measures, **measures}), warnings


def _measures(path: str) -> tuple[dict[str, float], list[str]]:
    """Read the `name=value` lines the command wrote; lines that are none are counted and said."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file.read(_LARGEST).splitlines()]
        os.unlink(path)
    except OSError:
        return {}, []
    found, wrong = {}, []
    for line in filter(None, lines):
        try:
            name, value = values.measure(line)
            found[name] = value
        except ValueError as exc:
            wrong.append(f"{line[:60]!r} {exc}")
    return found, [f"$CI_REPORTER_MEASURES: {len(wrong)} lines left out, the first: {wrong[0]}"] if wrong else []
