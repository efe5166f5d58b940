"""`ci-reporter init`: look at the repository and write a start: a workflow, settings, rules for a gate."""

from __future__ import annotations

import os
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import repository_root
from ci_reporter.errors import StateError
from ci_reporter.init.diff import patch, patch_in_colour
from ci_reporter.init.given import source
from ci_reporter.init.plan import WRITES, Plan, plan
from ci_reporter.init.survey import Survey, survey
from ci_reporter.init.systems import name
from ci_reporter.init.write import write
from ci_reporter.surfaces.terminal import plain


@click.command("init", epilog="Example:  ci-reporter init --yes && git add --all && git diff --cached")
@click.option("--yes", "-y", "agreed", is_flag=True, help="Write the new files without asking.")
@click.option("--ci", "system", metavar="NAME", help=f"For this CI system: {' or '.join(WRITES)}. Default: as found.")
@click.option(
    "--source",
    "of",
    metavar="REPOSITORY[@REF]",
    help="Use the action or the GitLab components of this repository, such as OWNER/ci-reporter@v1. Default: install"
    " the package with pipx or pip.",
)
@report_errors
def command(agreed: bool, system: str | None, of: str | None) -> None:
    """Look at this repository and write a start: a workflow, .ci-reporter.yml, and a gate.yml if it deploys.

    First it shows what it would write, as a diff. It asks before it writes; without a terminal it only shows. It never
    changes a file that is there: for those it shows a diff that `ci-reporter init | git apply` applies.
    """
    root = repository_root(_folder())
    found = survey(root)
    todo = plan(found, system, source(of) if of else None)
    _tell(found)
    if todo.changes:
        output.result(_diff(todo))
    for note in todo.notes:
        output.say(f"ci-reporter: {plain(note, 500)}")
    if not todo.changes:
        output.say("ci-reporter: nothing to do")
    elif todo.new and (agreed or _asks(todo)):
        write(root, todo.new)
        output.say(f"ci-reporter: wrote {_names(todo)}; commit what you want to keep")
    elif todo.new:
        output.say("ci-reporter: nothing was written (`ci-reporter init --yes` writes the new files)")
    if todo.proposed:
        paths = ", ".join(plain(each.path, 200) for each in todo.proposed)
        output.say(f"ci-reporter: {paths}: yours to change (`ci-reporter init | git apply` does what is shown)")


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError as exc:
        raise StateError("the working directory has been deleted") from exc


def _tell(found: Survey) -> None:
    """Say what was found."""
    systems = ", ".join(map(name, found.systems)) or "no CI files"
    tests = ", ".join(f"{each.name} in {each.folder}" if each.folder else each.name for each in found.suites)
    output.say(f"ci-reporter: found {systems}; {f'tests by {tests}' if tests else 'no tests'}")


def _diff(todo: Plan) -> str:
    """The changes, as the one who reads them takes them: a terminal or a program."""
    return patch_in_colour(todo.changes) if output.colour(sys.stdout, os.environ) else patch(todo.changes).rstrip("\n")


def _asks(todo: Plan) -> bool:
    """Ask a person; where there is none, the answer is no."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return False
    return click.confirm(f"ci-reporter: write {_names(todo)}?", err=True)


def _names(todo: Plan) -> str:
    return ", ".join(each.path for each in todo.new)
