"""An alert as the status of a commit: what GitHub and GitLab have in common."""

from __future__ import annotations

import re
from enum import StrEnum

from ci_reporter.errors import Rejected
from ci_reporter.model import Result
from ci_reporter.notify.alert import Alert, Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.fitting import fit_key
from ci_reporter.notify.language import Language
from ci_reporter.system.text import clip, one_line

_ERRORS = (Result.ERROR, Result.TIMEOUT)
_LONGEST_CONTEXT = 200
_REPOSITORY = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Outcome(StrEnum):
    """What the alert says of the commit, in GitHub's words but for `cancelled`."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    CANCELLED = "cancelled"


def outcome(alert: Alert) -> Outcome:
    """Success, where it is resolved or nothing is broken: a warning alone keeps no commit from being merged."""
    if alert.state is State.RESOLVED:
        return Outcome.SUCCESS
    if alert.result is Result.CANCELLATION:
        return Outcome.CANCELLED
    if alert.result in _ERRORS:
        return Outcome.ERROR
    if alert.result is Result.FAILURE or alert.level in (Level.ERROR, Level.CRITICAL):
        return Outcome.FAILURE
    return Outcome.SUCCESS


def context_name(alert: Alert, given: str | None) -> str:
    """What tells this status from the others of the commit: the setting, else what the alert is about.

    Not the job: its next alert would take the place of the one that said it failed.
    """
    return given or fit_key(one_line(f"ci-reporter/{alert.dedup_key or alert.title}"), _LONGEST_CONTEXT)


def description(alert: Alert, language: Language, most: int) -> str:
    """The title, cut."""
    return clip(content(alert, language).title, most)


def page(alert: Alert, most: int) -> str | None:
    """Where to read on: the run's page, else the alert's first link that is short enough."""
    return next((each.url for each in content(alert).links if len(each.url) <= most), None)


def commit_of(alert: Alert, repository: str | None, channel: str) -> tuple[str, str]:
    """Repository and revision. Raises Rejected where the alert does not know them."""
    name, revision = repository or (alert.run and alert.run.repository) or "", (alert.run and alert.run.revision) or ""
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise Rejected(f"the repository is not known (set CI_REPORTER_{channel.upper()}_REPOSITORY to OWNER/NAME)")
    if not _REVISION.fullmatch(revision):
        raise Rejected("the commit is not known, so it cannot have a status (run this in its checkout)")
    return name, revision
