"""What of the command's own words goes into its record: its line, its measures, its last output, without secrets."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.config import Config
from ci_reporter.context import Context
from ci_reporter.frozen import replace
from ci_reporter.model import Report
from ci_reporter.step.command import program
from ci_reporter.step.draft import Draft
from ci_reporter.step.measures import take_measures
from ci_reporter.system.masking import masks_in, redacted, redacted_tail, secrets_of, worth_hiding


def enrich(context: Context, draft: Draft, argv: Sequence[str], masks: frozenset[str]) -> Draft:
    """Add the measures that the command wrote, and its line; take secrets out of every text.

    `masks` are values that the command has told GitHub to mask.
    """
    report = draft.report
    measures, warnings = take_measures(context.journal.measures_path(report.report_id))
    secrets = _secrets(context, report, masks)
    step = replace(report.step, command=_line(context.config, argv, secrets))
    report = redact(replace(report, step=step, measures={**report.measures, **measures}), secrets)
    return replace(draft, report=report).warned(*warnings)


def redact(report: Report, secrets: frozenset[str]) -> Report:
    """The report without secrets in its reason, its output and its tags."""
    reason, tail = report.step.reason, report.step.output_tail
    step = replace(
        report.step,
        reason=redacted(reason, secrets) if reason else None,
        output_tail=redacted_tail(tail, secrets) if tail is not None else None,
    )
    return replace(report, step=step, tags={name: redacted(value, secrets) for name, value in report.tags.items()})


def _secrets(context: Context, report: Report, masks: frozenset[str]) -> frozenset[str]:
    """Of the environment, of our own settings, and what the command told GitHub to mask."""
    config = context.config
    ours = worth_hiding(config.secrets())
    return secrets_of(context.env) | ours | masks | masks_in((report.step.output_tail or "").encode())


def _line(config: Config, argv: Sequence[str], secrets: frozenset[str]) -> str:
    """What is recorded of the command: its first word, all of it when asked."""
    if not config.record_command:
        return redacted(program(config, argv), secrets)
    import shlex

    words = [redacted(word, secrets) for word in argv]
    return " ".join(words) if config.shell else shlex.join(words)
