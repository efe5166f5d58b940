"""GitLab's API: the jobs of a pipeline and of its child pipelines, the comments (notes) of a merge request.

Source: GitLab's REST API, "Jobs API", "Notes API", "Users API". A job's own token, CI_JOB_TOKEN, may do none of this:
GitLab's documentation, "CI/CD job token access".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.http import Access
from ci_reporter.http.rest import Api, ask, moment, names, pages, request, rows, text, unlike, web_address
from ci_reporter.http.upstream import Change, Comment, Comparison, Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.system.deadline import Deadline

URL = "https://gitlab.com/api/v4"
LONGEST_COMMENT = 1_000_000
_ENDED = ("success", "failed", "canceled", "skipped")
# Failures that are not the script's: of the machine, of GitLab, of the settings. Others are its `script_failure`.
_ERRORS = (
    *("runner_system_failure", "runner_unsupported", "runner_provisioning_timeout", "api_failure", "unknown_failure"),
    *("scheduler_failure", "data_integrity_failure", "stale_schedule", "missing_dependency_failure"),
    *("unmet_prerequisites", "forward_deployment_failure", "ci_quota_exceeded", "no_matching_runner"),
    *("archived_failure", "environment_creation_failure", "failed_outdated_deployment_job", "user_blocked"),
)
_TIMEOUTS = ("job_execution_timeout", "stuck_or_timeout_failure", "job_execution_server_timeout")
_MOST_PIPELINES = 50


def gitlab_api(url: str, token: str | None, remedies: Mapping[int, str] = EMPTY) -> Api:
    """The API at an address; without a token it answers for public projects."""
    return Api(name="gitlab", url=url.rstrip("/"), access=Access(token=token), remedies=remedies)


class GitLab(Frozen):
    """A project on GitLab, by its path or number. Each call raises DeliveryError, and Rejected for a no that lasts."""

    api: Api
    project: str
    longest_comment: int = LONGEST_COMMENT

    def jobs(self, run_id: str, attempt: str, deadline: Deadline) -> list[Job]:  # noqa: ARG002  it has no attempts
        """The jobs of a pipeline and of its child pipelines, retried ones too; not those of other projects."""
        found: list[Job] = []
        known = [run_id]
        for at in range(_MOST_PIPELINES):
            if at == len(known):
                return found
            path = f"{self._path('pipelines')}/{known[at]}"
            for page in pages(self.api, f"{path}/jobs?include_retried=true&per_page=100", deadline):
                found += [_job(self.api, each) for each in rows(self.api, page)]
            for page in pages(self.api, f"{path}/bridges?per_page=100", deadline):
                known += [child for each in rows(self.api, page) if (child := _child(each)) and child not in known]
        raise DeliveryError(f"{self.api.name}: pipeline {run_id} has more than {_MOST_PIPELINES} child pipelines")

    def comments(self, change: str, deadline: Deadline) -> Iterator[Comment]:
        """The comments on a merge request, oldest first."""
        path = f"{self._path('merge_requests')}/{change}/notes?order_by=created_at&sort=asc&per_page=100"
        for page in pages(self.api, path, deadline):
            yield from (_comment(self.api, each) for each in rows(self.api, page) if not each.get("system"))

    def create_comment(self, change: str, body: str, deadline: Deadline) -> Comment:
        """Write a comment."""
        path = f"{self._path('merge_requests')}/{change}/notes"
        return _comment(self.api, ask(self.api, request(self.api, "POST", path, {"body": body}), deadline))

    def update_comment(self, change: str, number: int, body: str, deadline: Deadline) -> None:
        """Give a comment another text."""
        path = f"{self._path('merge_requests')}/{change}/notes/{number}"
        ask(self.api, request(self.api, "PUT", path, {"body": body}), deadline)

    def delete_comment(self, change: str, number: int, deadline: Deadline) -> None:
        """Delete a comment."""
        path = f"{self._path('merge_requests')}/{change}/notes/{number}"
        ask(self.api, request(self.api, "DELETE", path), deadline)

    def compare(self, base: str, head: str, deadline: Deadline) -> Comparison:
        """What is between two revisions."""
        query = urlencode({"from": base, "to": head})
        found = ask(self.api, request(self.api, "GET", f"{self._path('repository/compare')}?{query}"), deadline)
        return _comparison(self.api, found)

    def author(self, deadline: Deadline) -> str:
        """Whose token it is."""
        login = text(ask(self.api, request(self.api, "GET", "/user"), deadline), "username")
        if login is None:
            raise DeliveryError(f"{self.api.name} does not say whose token it is")
        return login

    def _path(self, what: str) -> str:
        return f"/projects/{quote(self.project, safe='')}/{what}"


def _job(api: Api, node: Mapping[str, Any]) -> Job:
    number, name, status = text(node, "id"), text(node, "name", most=500), text(node, "status")
    if number is None or name is None or status is None:
        raise unlike(api, "the id, name or status of a job")
    reason = text(node, "failure_reason") if status == "failed" else None
    return Job(
        id=number,
        name=name,
        status=word_of(status, reason),
        ended=status in _ENDED,
        started_at=moment(node, "started_at"),
        finished_at=moment(node, "finished_at"),
        reason=None if reason == "script_failure" else reason,
        url=web_address(node, "web_url"),
        stage=text(node, "stage"),
        runner=text(node, "runner", "description"),
        labels=names(node, "tag_list"),
        pipeline_id=text(node, "pipeline", "id"),
        pipeline_url=web_address(node, "pipeline", "web_url"),
    )


def word_of(status: str, reason: str | None) -> str:
    """The word for how a job ended: `timed_out` and `error` where the reason says that it was not the script."""
    return "timed_out" if reason in _TIMEOUTS else "error" if reason in _ERRORS else status


def _child(bridge: Mapping[str, Any]) -> str | None:
    """The pipeline that a trigger job started, where it is in the same project: their addresses differ in the number.

    A bridge names no project itself, and older servers do not name the downstream pipeline's either.
    """
    ours, theirs = (web_address(bridge, key, "web_url") or "" for key in ("pipeline", "downstream_pipeline"))
    number = text(bridge, "downstream_pipeline", "id")
    is_same = bool(ours) and ours.rpartition("/")[0] == theirs.rpartition("/")[0]
    return number if is_same and number and number.isdecimal() else None


def _comparison(api: Api, node: Any) -> Comparison:
    """Source: "Compare branches, tags or commits"; the lines of each file are to be counted in its diff."""
    if not isinstance(node, dict) or not isinstance(node.get("commits"), list):
        raise unlike(api, "the commits of a comparison")
    changes = tuple(
        Change(
            revision=text(each, "id") or "", subject=text(each, "title") or "", author=text(each, "author_name") or ""
        )
        for each in rows(api, node["commits"])
    )
    diffs = [str(each.get("diff") or "").splitlines() for each in rows(api, node.get("diffs") or [])]
    whole = not node.get("compare_timeout")
    return Comparison(
        changes=changes,
        total=len(changes),
        url=web_address(node, "web_url"),
        files=len(diffs) if whole else None,
        additions=sum(line.startswith("+") for diff in diffs for line in diff) if whole else None,
        deletions=sum(line.startswith("-") for diff in diffs for line in diff) if whole else None,
    )


def _comment(api: Api, node: Any) -> Comment:
    number = node.get("id") if isinstance(node, dict) else None
    if not isinstance(number, int):
        raise unlike(api, "the id of a comment")
    body = node.get("body")
    return Comment(id=number, author=text(node, "author", "username") or "", body=body if isinstance(body, str) else "")
