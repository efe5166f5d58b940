"""What of the command's own words goes into its record: its line, its measures, its last output, without secrets."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace

from ci_reporter.cli.place import Place, first_word
from ci_reporter.config import Config, settings, values
from ci_reporter.model import Report
from ci_reporter.system.masking import masks_in, redacted, redacted_tail, secrets_of, worth_hiding

_LARGEST = 1024 * 1024


def completed(place: Place, report: Report, command: Sequence[str], masks: frozenset[str]) -> tuple[Report, list[str]]:
    """The report with measures and redacted texts, and what was wrong with the measures.

    `masks` are values that the command has told GitHub to mask.
    """
    measures, warnings = _measures(place.journal.measures_path(report.report_id))
    config, tail = place.config, report.step.output_tail
    ours = worth_hiding(filter(None, (getattr(config, each.field) for each in settings() if each.secret)))
    secrets = secrets_of(place.env) | ours | masks | masks_in((tail or "").encode())
    step = replace(
        report.step,
        command=_line(config, command, secrets),
        reason=redacted(report.step.reason, secrets) if report.step.reason else None,
        output_tail=redacted_tail(tail, secrets) if tail is not None else None,
    )
    tags = {name: redacted(value, secrets) for name, value in report.tags.items()}
    return replace(report, step=step, tags=tags, measures={**report.measures, **measures}), warnings


def _line(config: Config, command: Sequence[str], secrets: frozenset[str]) -> str:
    """What is recorded of the command: its first word, all of it when asked."""
    if not config.record_command:
        return redacted(first_word(config, command), secrets)
    words = [redacted(word, secrets) for word in command]
    return " ".join(words) if config.shell else shlex.join(words)


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
