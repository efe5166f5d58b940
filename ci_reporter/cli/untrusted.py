"""What `ci-reporter collect --untrusted` says: how many records it took of the run that started this one."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from ci_reporter.cli import output
from ci_reporter.context import Context
from ci_reporter.errors import DeliveryError
from ci_reporter.providers import read_text
from ci_reporter.providers.workflow_run import triggering_run
from ci_reporter.schema import to_json
from ci_reporter.step.untrusted import collect_untrusted
from ci_reporter.surfaces import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def collect_from_untrusted(context: Context, patterns: Sequence[str]) -> NoReturn:
    """Record what files tell of the run that started this one, say so, exit. Raises UsageError, StateError."""
    run, started = triggering_run(context.env, read_text)
    found = collect_untrusted(context, run, started, patterns)
    for warning in found.warnings:
        output.warn(warning, context.env)
    if not context.config.quiet:
        left_out = f", {found.left_out} left out: of another time, twice, or too many" if found.left_out else ""
        of = f"{terminal.plain(run.ci_run_id)} ({terminal.plain(run.event or 'unknown')})"
        output.say(f"ci-reporter: {_count(len(found.reports))} of {of} taken{left_out}")
    for report in found.reports if context.config.json else ():
        output.result(json.dumps(to_json(report)))
    sys.exit(DeliveryError.exit_code if found.undelivered and context.config.strict else 0)


def _count(records: int) -> str:
    return "1 record" if records == 1 else f"{records} records"
