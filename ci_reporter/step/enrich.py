"""What of the command's own words goes into its record: its line, its measures, its last output, without secrets."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.config import Config
from ci_reporter.context import Context, masking_of
from ci_reporter.frozen import replace
from ci_reporter.model import Report
from ci_reporter.step.draft import Draft
from ci_reporter.step.measures import take_measures
from ci_reporter.step.start import mask_run, program
from ci_reporter.system.masking import Masking, masks_in


def enrich(context: Context, draft: Draft, argv: Sequence[str], masks: frozenset[str]) -> Draft:
    """Add the measures that the command wrote, and its line; take secrets out of every text.

    `masks` are values that the command has told GitHub to mask.
    """
    report = draft.report
    measures, warnings = take_measures(context.journal.measures_path(report.report_id))
    masking = masking_of(context, masks | masks_in((report.step.output_tail or "").encode()))
    step = replace(report.step, command=_line(context.config, argv, masking))
    report = replace(report, step=step, measures={**report.measures, **measures})
    draft = replace(draft, report=mask(report, masking, context.config.tail_bytes))
    return draft.with_warnings(*warnings)


def mask(report: Report, masking: Masking, tail_bytes: int) -> Report:
    """The report without secrets in its run, its reason, its tags and its output, whose last `tail_bytes` were kept."""
    reason, tail = report.step.reason, report.step.output_tail
    step = replace(
        report.step,
        reason=masking.mask(reason) if reason else None,
        output_tail=_tail(tail, tail_bytes, masking) if tail is not None else None,
    )
    tags = {name: masking.mask(value) for name, value in report.tags.items()}
    return replace(report, run=mask_run(report.run), step=step, tags=tags)


def _tail(text: str, size: int, masking: Masking) -> str:
    """The end of the output, masked; where it is shorter than it may be, nothing was cut off."""
    return masking.mask(text) if len(text.encode()) < size else masking.mask_tail(text)


def _line(config: Config, argv: Sequence[str], masking: Masking) -> str:
    """What is recorded of the command: its first word, all of it when asked."""
    if not config.record_command:
        return masking.mask(program(config, argv))
    import shlex

    words = [masking.mask(word) for word in argv]
    return " ".join(words) if config.shell else shlex.join(words)
