"""What the command line says at the end of a step: warnings, missed limits, one line; a machine gets the record."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from ci_reporter.cli.output import colour, fail, result, say, warn
from ci_reporter.context import Context
from ci_reporter.schema import to_json
from ci_reporter.step.finish import Conclusion
from ci_reporter.surfaces import github, terminal
from ci_reporter.system.files import append


def show(conclusion: Conclusion, context: Context, *, as_json: bool = False) -> None:
    """Say all that a conclusion has to say; `as_json` prints the record on stdout."""
    config = context.config
    for note in () if config.quiet else conclusion.notes:
        say(f"ci-reporter: {note}")
    for warning in conclusion.warnings:
        warn(warning, context.env)
    for limit in conclusion.missed:
        fail(limit, context.env)
    if config.ci_summary and context.env.get("GITHUB_ACTIONS") == "true":
        _show_on_github(conclusion, context.env)
    if not config.quiet:
        painted = colour(sys.stderr, context.env)
        say(terminal.last_line(conclusion.report, conclusion.fate, colour=painted))
    if as_json:
        result(json.dumps(to_json(conclusion.report)))
    for preview in conclusion.previews:
        result(preview)


def _show_on_github(conclusion: Conclusion, env: Mapping[str, str]) -> None:
    """Annotate failed tests, and append to the page of the run; that it cannot be written is worth a warning."""
    for line in github.annotate(conclusion.failed, github.MOST_ANNOTATIONS - len(conclusion.missed)):
        say(line)
    path = env.get(github.SUMMARY)
    if not path:
        return
    try:
        append(path, github.summary(conclusion.report, conclusion.failed))
    except OSError as exc:
        warn(f"cannot write the summary to {github.SUMMARY} ({path}): {exc.strerror}", env)
