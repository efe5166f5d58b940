"""The API of the CI system that a run is in: where it is, and the token for it.

The token is the one that the channels of the same name use, else the variable that GitHub's and GitLab's own command
line tools read. It comes from a variable or a file, never from an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.config import secrets
from ci_reporter.context import Context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.http.github import URL as GITHUB_URL
from ci_reporter.http.github import GitHub, github_api
from ci_reporter.http.gitlab import URL as GITLAB_URL
from ci_reporter.http.gitlab import GitLab, gitlab_api
from ci_reporter.model import Run

_REPOSITORY = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_CHECK_GITHUB = "check the token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN"
_CHECK_GITLAB = (
    "check the token in CI_REPORTER_GITLAB_TOKEN or GITLAB_TOKEN; the job's own token, CI_JOB_TOKEN, will not do"
)


class Purpose(Frozen):
    """What the API is needed for, and what a token for it must be allowed, in a sentence for each CI system."""

    command: str
    github: str
    gitlab: str


READ_JOBS = Purpose(
    command="collect --from-api",
    github="to read a run's jobs, the token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN needs `actions: read`: see"
    " `permissions:` of the job",
    gitlab="to read a pipeline's jobs, CI_REPORTER_GITLAB_TOKEN has to hold a project access token with the scope"
    " `read_api` and the role Reporter; CI_JOB_TOKEN may not list jobs",
)
COMMENT = Purpose(
    command="comment",
    github="to comment, the token in CI_REPORTER_GITHUB_TOKEN or GITHUB_TOKEN needs `pull-requests: write`: see"
    " `permissions:` of the job; for a pull request from a fork it can only read",
    gitlab="to comment, CI_REPORTER_GITLAB_TOKEN has to hold a project access token with the scope `api` and the role"
    " Reporter; CI_JOB_TOKEN may not comment",
)


def token_of(context: Context, run: Run) -> str | None:
    """The token for the API of this run's CI system, if there is one. Raises UsageError."""
    settings = context.config.notifiers.get(run.provider)
    return (settings.token if settings else None) or secrets.read(f"{run.provider.upper()}_TOKEN", context.env)


def upstream(context: Context, run: Run, purpose: Purpose, repository: str | None = None) -> GitHub | GitLab:
    """The run's repository at its CI system, or another one. Raises UsageError where there is no API that we know."""
    if run.provider not in ("github", "gitlab"):
        raise UsageError(
            f"{purpose.command}: {run.provider!r} has no API that we know (only GitHub Actions and GitLab CI)"
        )
    name = repository or run.repository or ""
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise UsageError(f"{purpose.command}: the repository is not known (set CI_REPORTER_REPOSITORY to OWNER/NAME)")
    make = _github if run.provider == "github" else _gitlab
    return make(context, run, name, purpose)


def _github(context: Context, run: Run, name: str, purpose: Purpose) -> GitHub:
    remedies = {401: _CHECK_GITHUB, 403: purpose.github, 404: purpose.github}
    url = _url(context, run, "GITHUB_API_URL", GITHUB_URL)
    return GitHub(api=github_api(url, token_of(context, run), remedies), repository=name)


def _gitlab(context: Context, run: Run, name: str, purpose: Purpose) -> GitLab:
    remedies: Mapping[int, str] = {401: _CHECK_GITLAB, 403: purpose.gitlab, 404: purpose.gitlab}
    url = _url(context, run, "CI_API_V4_URL", GITLAB_URL)
    return GitLab(api=gitlab_api(url, token_of(context, run), remedies), project=name)


def _url(context: Context, run: Run, variable: str, default: str) -> str:
    """The API: the channel's setting, else what the CI system tells its jobs."""
    settings = context.config.notifiers.get(run.provider)
    return (settings.api if settings else None) or context.env.get(variable) or default
