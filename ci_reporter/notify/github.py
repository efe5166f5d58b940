"""GitHub: the status of the commit, and of the deployment where there is one. Gitea and Forgejo take the first, too.

Source: GitHub's REST API, version 2022-11-28, "Commit statuses", "Deployments", "Deployment statuses",
"Rate limits".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import Frozen
from ci_reporter.notify import commitstatus
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.commitstatus import Outcome
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import Rate, json_body, preview_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request
    from ci_reporter.http.rest import Api
    from ci_reporter.system.deadline import Deadline

_RATE = Rate(count=60, per_s=60.0)  # of 80 a minute for what makes content
_API = "https://api.github.com"
_LONGEST_DESCRIPTION, _LONGEST_ADDRESS = 140, 2000
_CREATE = "create"
_STATES = {Outcome.CANCELLED: "error"}
_REMEDIES = {
    401: "check CI_REPORTER_GITHUB_TOKEN",
    403: "the token needs `statuses: write`, and `deployments: write` for deployments: see `permissions:` of the job",
    404: "the token has to see the repository, and the deployment has to be there",
    422: "the commit has to be pushed",
}


def deployment(value: str) -> str:
    """The number of a deployment, or `create`."""
    if value != _CREATE and not (value.isascii() and value.isdigit()):
        raise ValueError("is not a deployment (write its number, or create)")
    return value


class GitHubSettings(Settings, group="github"):
    """The token; where the job's own environment does not say them, the API and the repository."""

    token: str | None = setting(
        None, values.text, "", "GitHub: a token that may write commit statuses, such as the job's own.", secret=True
    )
    context: str | None = setting(
        None, values.text, "NAME", "GitHub: the name of the commit status. Default: ci-reporter/ and the alert's key."
    )
    deployment: str | None = setting(
        None,
        deployment,
        "NUMBER|create",
        "GitHub: for alerts of an environment, the deployment that gets a status too; with `create`, the one of this"
        " commit in this environment, which is made if need be.",
    )
    repository: str | None = setting(
        None, values.text, "OWNER/NAME", "GitHub: the repository. Default: the one of the run."
    )
    api: str | None = setting(None, values.url, "URL", f"GitHub: the API. Default: GITHUB_API_URL, else {_API}.")

    @property
    def is_set(self) -> bool:
        """The token switches it on: a job of a fork has none."""
        return bool(self.token)

    def notifier(self, env: Mapping[str, str], language: Language) -> GitHub:
        """Make the notifier."""
        api = (self.api or env.get("GITHUB_API_URL") or _API).rstrip("/")
        return GitHub(settings=self, api=api, language=language)


class GitHub(Frozen):
    """Posts statuses. The same one twice does no harm, so a failure in between may be tried again."""

    settings: GitHubSettings
    api: str
    language: Language
    name: str = "github"
    rate: Rate = _RATE
    incidents: bool = True

    def send(self, alert: Alert, deadline: Deadline) -> None:
        """Set the commit's status, then the deployment's. Raises DeliveryError, Rejected."""
        self._exchange(self._commit_status(alert), deadline)
        if not self._has_deployment(alert):
            return
        number = self.settings.deployment or ""
        if number == _CREATE:
            number = self._find(alert, deadline) or self._create(alert, deadline)
        self._exchange(self._deployment_status(alert, number), deadline)

    def preview(self, alert: Alert) -> str:
        """Show the requests; the number of a deployment that is not known yet is 0."""
        return "\n\n".join(preview_request(each, self.settings.secrets()) for each in self._all(alert))

    def _all(self, alert: Alert) -> Iterator[Request]:
        yield self._commit_status(alert)
        if self._has_deployment(alert):
            if self.settings.deployment == _CREATE:
                yield self._creation(alert)
            number = (self.settings.deployment or "").replace(_CREATE, "0")
            yield self._deployment_status(alert, number)

    def _has_deployment(self, alert: Alert) -> bool:
        return bool(self.settings.deployment and alert.environment)

    def _commit_status(self, alert: Alert) -> Request:
        name, revision = self._commit(alert)
        status = self._status(alert)
        context = commitstatus.context_name(alert, self.settings.context)
        page = commitstatus.page(alert, _LONGEST_ADDRESS)
        target = {"target_url": page} if page else {}
        return self._post(f"/repos/{name}/statuses/{revision}", {**status, "context": context, **target})

    def _deployment_status(self, alert: Alert, number: str) -> Request:
        name, _ = self._commit(alert)
        page = commitstatus.page(alert, _LONGEST_ADDRESS)
        log = {"log_url": page} if page else {}
        return self._post(f"/repos/{name}/deployments/{number}/statuses", {**self._status(alert), **log})

    def _creation(self, alert: Alert) -> Request:
        """What is deployed is not up to us: no merge into it, and no checks to wait for."""
        name, revision = self._commit(alert)
        made: dict[str, Any] = {
            "ref": revision,
            "environment": alert.environment,
            "auto_merge": False,
            "required_contexts": [],
            "description": "made by ci-reporter",
        }
        return self._post(f"/repos/{name}/deployments", made)

    def _create(self, alert: Alert, deadline: Deadline) -> str:
        return str(json_body(self._exchange(self._creation(alert), deadline))["id"])

    def _find(self, alert: Alert, deadline: Deadline) -> str | None:
        """The newest deployment of this commit in this environment."""
        from urllib.parse import urlencode

        from ci_reporter.http import rest

        name, revision = self._commit(alert)
        query = urlencode({"sha": revision, "environment": alert.environment, "per_page": 1})
        asked = rest.request(self._api(), "GET", f"/repos/{name}/deployments?{query}")
        found = rest.ask(self._api(), asked, deadline)
        return str(found[0]["id"]) if isinstance(found, list) and found and "id" in found[0] else None

    def _status(self, alert: Alert) -> dict[str, str]:
        state = commitstatus.outcome(alert)
        text = commitstatus.description(alert, self.language, _LONGEST_DESCRIPTION)
        return {"state": _STATES.get(state, str(state)), "description": text}

    def _commit(self, alert: Alert) -> tuple[str, str]:
        return commitstatus.commit_of(alert, self.settings.repository, self.name)

    def _api(self) -> Api:
        from ci_reporter.http.github import github_api

        return github_api(self.api, self.settings.token, _REMEDIES)

    def _post(self, path: str, payload: Mapping[str, Any]) -> Request:
        from ci_reporter.http import rest

        return rest.request(self._api(), "POST", path, payload)

    def _exchange(self, request: Request, deadline: Deadline) -> Answer:
        """Send it. GitHub has made what was asked for when it gives its id."""
        from ci_reporter.http import rest, send

        api = self._api()

        def problem(answer: Answer) -> DeliveryError | None:
            if found := rest.problem(api, request, answer):
                return found
            is_made = 200 <= answer.status < 300 and "id" in json_body(answer)
            return None if is_made or not 200 <= answer.status < 300 else rest.refusal(api, answer)

        return send(request, deadline, retries=2, problem=problem)
