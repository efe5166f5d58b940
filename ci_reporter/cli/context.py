"""`ci-reporter context`: where are we? For a person, a shell, a dotenv file or a program."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import current_run
from ci_reporter.providers import git


@click.command("context", epilog='Example:  eval "$(ci-reporter context --shell)"; echo "$CI_RUN_ID"')
@click.option("--json", "style", flag_value="json", help="One flat JSON object.")
@click.option(
    "--shell", "style", flag_value="shell", help="export lines for a POSIX shell: CI_RUN_ID and CI_REPORTER_*."
)
@click.option("--dotenv", "style", flag_value="dotenv", help="NAME=value lines, as GitLab's dotenv reports take them.")
@report_errors
def command(style: str | None) -> None:
    """Show where we are: run, job, branch, revision. What is unknown is absent."""
    context = current_context()
    run = git.fill(current_run(context), context.folder, context.env)
    known = {key: value for key, value in vars(run).items() if value is not None}
    known |= {"step": context.config.name} if context.config.name else {}
    known |= {"environment": context.config.environment} if context.config.environment else {}
    output.result(_STYLES[style or "table"](known))


def _table(known: Mapping[str, str]) -> str:
    width = max(map(len, known))
    return "\n".join(f"{key.ljust(width)}  {value}" for key, value in known.items())


def _json(known: Mapping[str, str]) -> str:
    return json.dumps(known, ensure_ascii=False, indent=2)


def _shell(known: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in _variables(known))


def _dotenv(known: Mapping[str, str]) -> str:
    """What holds for the whole run, one line each, no quotes; later jobs get it, so nothing of this job is in it.

    GitLab takes 20 variables and 5 KB (its documentation, "artifacts:reports:dotenv").
    """
    shared = {key: value for key, value in known.items() if key not in _OF_THE_JOB}
    return "\n".join(f"{name}={value[:200]}" for name, value in _variables(shared))


def _variables(known: Mapping[str, str]) -> list[tuple[str, str]]:
    """CI_RUN_ID, and the rest as the variables that a later call reads back."""
    return [
        ("CI_RUN_ID" if key == "ci_run_id" else f"CI_REPORTER_{key.upper()}", value) for key, value in known.items()
    ]


_OF_THE_JOB = frozenset(
    {
        "job_name",
        "job_id",
        "job_url",
        "stage",
        "matrix",
        "node",
        "labels",
        "workspace",
        "step",
        "environment",
        "commit_message",
    }
)
_STYLES = {"table": _table, "json": _json, "shell": _shell, "dotenv": _dotenv}
