"""The pull or merge request that a run is about: its number, where it is, and whether it comes from a fork."""

from __future__ import annotations

import json
import re

from ci_reporter.context import Context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.model import Run
from ci_reporter.providers import read_text


class Change(Frozen):
    """A pull or merge request. `repository` is where it is, None for the run's own. A fork has none of our secrets."""

    number: str
    repository: str | None = None
    from_fork: bool = False


def change_of(context: Context, run: Run, given: str | None = None) -> Change | None:
    """The change that is given by its number, else the one of this run; None where there is none. Raises UsageError."""
    if given is not None and not re.fullmatch(r"[0-9]{1,18}", given):
        raise UsageError(f"option --change: {given[:40]!r} is not the number of a pull or merge request")
    number = given or run.change
    if run.provider == "gitlab":
        return _of_gitlab(context, number)
    if not (number or "").isdecimal():
        return None
    return Change(number=str(number), from_fork=_is_fork_on_github(context))


def _of_gitlab(context: Context, number: str | None) -> Change | None:
    """A branch's pipeline belongs to no merge request, and knows those that are open for the branch.

    `CI_OPEN_MERGE_REQUESTS` is `acme/shop!12,other/shop!3`. Source: GitLab, "Predefined CI/CD variables reference".
    """
    env = context.env
    target, source = env.get("CI_MERGE_REQUEST_PROJECT_PATH"), env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH")
    if (number or "").isdecimal():
        return Change(number=str(number), repository=target, from_fork=bool(target and source and target != source))
    first = re.match(r"([\w./-]{1,500})!([0-9]{1,18})(?:,|$)", env.get("CI_OPEN_MERGE_REQUESTS", ""))
    return Change(number=first[2], repository=first[1]) if first else None


def _is_fork_on_github(context: Context) -> bool:
    path = context.env.get("GITHUB_EVENT_PATH")
    if not path:
        return False
    try:
        found = json.loads(read_text(path))["pull_request"]
        return bool(found["head"]["repo"]["full_name"] != found["base"]["repo"]["full_name"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return False
