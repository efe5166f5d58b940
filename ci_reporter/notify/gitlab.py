"""GitLab: the status of the commit, which shows as a job of its pipeline.

Source: GitLab's documentation, "Commits API", "Set commit pipeline status". The job's own token may not set one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify import commitstatus
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.commitstatus import Outcome
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import HttpNotifier, Rate, json_body, json_request
from ci_reporter.notify.refusal import refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request
    from ci_reporter.system.deadline import Deadline

_RATE = Rate(count=60, per_s=60.0)
_API = "https://gitlab.com/api/v4"
_LONGEST_DESCRIPTION, _LONGEST_ADDRESS = 255, 255
_STATES = {
    Outcome.SUCCESS: "success",
    Outcome.FAILURE: "failed",
    Outcome.ERROR: "failed",
    Outcome.CANCELLED: "canceled",
}
_REMEDIES = {
    401: "check CI_REPORTER_GITLAB_TOKEN; the job's own token, CI_JOB_TOKEN, will not do",
    403: "the token needs the scope `api` and the role Developer",
    404: "the token has to see the project, and the commit has to be pushed",
}
# `Cannot transition status via :drop from :failed (…)`: the status has that state already.
_TRANSITION = re.compile(r"Cannot transition status via :(\w+) from :(\w+)")
_TARGETS = {"success": "success", "drop": "failed", "cancel": "canceled"}


class GitLabSettings(Settings, group="gitlab"):
    """The token; where the job's own environment does not say them, the API and the project."""

    token: str | None = setting(
        None,
        values.text,
        "",
        "GitLab: a project or personal access token with the scope `api`.",
        secret=True,
    )
    context: str | None = setting(
        None, values.text, "NAME", "GitLab: the name of the commit status. Default: ci-reporter/ and the alert's key."
    )
    repository: str | None = setting(
        None, values.text, "GROUP/NAME", "GitLab: the project's path. Default: the one of the run."
    )
    api: str | None = setting(None, values.url, "URL", f"GitLab: the API. Default: CI_API_V4_URL, else {_API}.")

    @property
    def is_set(self) -> bool:
        """The token switches it on."""
        return bool(self.token)

    def notifier(self, env: Mapping[str, str], language: Language) -> GitLab:
        """Make the notifier."""
        api = (self.api or env.get("CI_API_V4_URL") or _API).rstrip("/")
        return GitLab(
            name="gitlab",
            rate=_RATE,
            incidents=True,
            secrets=self.secrets(),
            request=partial(_request, self, api, language),
            problem=_problem,
        )


class GitLab(HttpNotifier):
    """Sets a status; GitLab refuses one that the commit has already, and that is as good."""

    def send(self, alert: Alert, deadline: Deadline) -> None:
        """Set it. Raises DeliveryError, Rejected."""
        try:
            super().send(alert, deadline)
        except Rejected as exc:
            match = _TRANSITION.search(str(exc))
            if not match or _TARGETS.get(match[1]) != match[2]:
                raise


def _request(settings: GitLabSettings, api: str, language: Language, alert: Alert) -> Request:
    from urllib.parse import quote

    name, revision = commitstatus.commit_of(alert, settings.repository, "gitlab")
    address = f"{api}/projects/{quote(name, safe='')}/statuses/{revision}"
    return json_request(address, payload(alert, settings.context, language), {"PRIVATE-TOKEN": settings.token or ""})


def payload(alert: Alert, context: str | None = None, language: Language = Language.EN) -> dict[str, Any]:
    """The status. Of several pipelines of a commit GitLab takes the newest, unless it is told which one."""
    run = alert.run
    known: dict[str, Any] = {
        "state": _STATES[commitstatus.outcome(alert)],
        "name": commitstatus.context_name(alert, context),
        "description": commitstatus.description(alert, language, _LONGEST_DESCRIPTION),
        "target_url": commitstatus.page(alert, _LONGEST_ADDRESS),
    }
    if run and run.provider == "gitlab" and (run.pipeline_id or "").isdecimal():
        known |= {"pipeline_id": int(run.pipeline_id or 0), "ref": run.tag or run.branch}
    return {name: value for name, value in known.items() if value}


def _problem(answer: Answer) -> DeliveryError | None:
    """It has made the status when it gives its id."""
    from ci_reporter.http import rest

    if answer.status in (200, 201) and "id" in json_body(answer):
        return None
    return refusal("gitlab", answer, rest.words(answer), _REMEDIES.get(answer.status, ""))
