"""GitHub's API, also that of a GitHub Enterprise Server: the jobs of a run, the comments of a pull request.

Source: GitHub's REST API, version 2022-11-28, "Workflow jobs", "Issue comments"; GraphQL API, `viewer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.http import Access
from ci_reporter.http.rest import Api, ask, moment, names, pages, request, rows, text, unlike, web_address
from ci_reporter.http.upstream import Change, Comment, Comparison, Job
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.system.deadline import Deadline

URL = "https://api.github.com"
LONGEST_COMMENT = 65_536
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_LONGEST_BODY = 1_000_000
_MOST_FILES = 300
_LONGEST_SUBJECT = 200
# A conclusion in a word of `providers.status`. `action_required` waits for an approval and has not run.
_CONCLUSIONS = {"neutral": "success", "action_required": "skipped"}


def github_api(url: str, token: str | None, remedies: Mapping[int, str] = EMPTY) -> Api:
    """The API at an address; without a token it answers for public repositories."""
    return Api(name="github", url=url.rstrip("/"), access=Access(token=token), headers=_HEADERS, remedies=remedies)


class GitHub(Frozen):
    """A repository on GitHub, `owner/name`. Each call raises DeliveryError, and Rejected for a no that lasts."""

    api: Api
    repository: str
    longest_comment: int = LONGEST_COMMENT

    def jobs(self, run_id: str, attempt: str, deadline: Deadline) -> list[Job]:
        """The jobs of an attempt of a run. A job that this attempt took over from an earlier one has that attempt."""
        path = f"/repos/{self.repository}/actions/runs/{run_id}/attempts/{attempt}/jobs?per_page=100"
        return [_job(self.api, each) for page in pages(self.api, path, deadline) for each in _jobs(self.api, page)]

    def comments(self, change: str, deadline: Deadline) -> Iterator[Comment]:
        """The comments on a pull request, oldest first; those on lines of its code are not among them."""
        path = f"/repos/{self.repository}/issues/{change}/comments?per_page=100"
        for page in pages(self.api, path, deadline):
            yield from (_comment(self.api, each) for each in rows(self.api, page))

    def create_comment(self, change: str, body: str, deadline: Deadline) -> Comment:
        """Write a comment."""
        asked = request(self.api, "POST", f"/repos/{self.repository}/issues/{change}/comments", {"body": body})
        return _comment(self.api, ask(self.api, asked, deadline))

    def update_comment(self, change: str, number: int, body: str, deadline: Deadline) -> None:  # noqa: ARG002
        """Give a comment another text."""
        ask(self.api, request(self.api, "PATCH", self._comment_path(number), {"body": body}), deadline)

    def delete_comment(self, change: str, number: int, deadline: Deadline) -> None:  # noqa: ARG002
        """Delete a comment."""
        ask(self.api, request(self.api, "DELETE", self._comment_path(number)), deadline)

    def compare(self, base: str, head: str, deadline: Deadline) -> Comparison:
        """What is between two revisions. Of many commits and files the API tells some, and the number of commits."""
        path = f"/repos/{self.repository}/compare/{quote(base)}...{quote(head)}"
        return _comparison(self.api, ask(self.api, request(self.api, "GET", path), deadline))

    def author(self, deadline: Deadline) -> str:
        """Whose token it is: `github-actions[bot]` for that of a job.

        By GraphQL, as the REST API refuses `GET /user` to the token of an app, which a job's is.
        """
        # https://api.github.com and /graphql; on a server of one's own /api/v3 and /api/graphql.
        api = replace(self.api, url=self.api.url.removesuffix("/v3"))
        found = ask(api, request(api, "POST", "/graphql", {"query": "{viewer{login}}"}), deadline)
        login = text(found, "data", "viewer", "login")
        if login is None:
            raise DeliveryError(f"{api.name} does not say whose token it is")
        return login

    def _comment_path(self, number: int) -> str:
        return f"/repos/{self.repository}/issues/comments/{number}"


def _jobs(api: Api, page: Any) -> list[Mapping[str, Any]]:
    return rows(api, page.get("jobs") if isinstance(page, dict) else None)


def _job(api: Api, node: Mapping[str, Any]) -> Job:
    number, name, status = text(node, "id"), text(node, "name", most=500), text(node, "status")
    if number is None or name is None or status is None:
        raise unlike(api, "the id, name or status of a job")
    conclusion = text(node, "conclusion") or "unknown"
    ended = status == "completed"
    return Job(
        id=number,
        name=name,
        status=_CONCLUSIONS.get(conclusion, conclusion) if ended else status,
        ended=ended,
        attempt=text(node, "run_attempt"),
        started_at=moment(node, "started_at"),
        finished_at=moment(node, "completed_at"),
        url=web_address(node, "html_url"),
        runner=text(node, "runner_name"),
        labels=names(node, "labels"),
        pipeline_id=text(node, "run_id"),
    )


def _comparison(api: Api, node: Any) -> Comparison:
    """Source: "Compare two commits"; up to 250 commits, oldest first, and 300 files."""
    if not isinstance(node, dict) or not isinstance(node.get("commits"), list):
        raise unlike(api, "the commits of a comparison")
    files = rows(api, node.get("files") or [])
    total = node.get("total_commits")
    whole = len(files) < _MOST_FILES
    return Comparison(
        changes=tuple(_change(each) for each in rows(api, node["commits"])),
        total=total if isinstance(total, int) else len(node["commits"]),
        url=web_address(node, "html_url"),
        files=len(files) if whole else None,
        additions=_sum(files, "additions") if whole else None,
        deletions=_sum(files, "deletions") if whole else None,
    )


def _change(node: Mapping[str, Any]) -> Change:
    commit = node.get("commit")
    message = commit.get("message") if isinstance(commit, dict) else None
    subject = message.partition("\n")[0] if isinstance(message, str) else ""
    author = text(node, "commit", "author", "name") or text(node, "author", "login") or ""
    return Change(revision=text(node, "sha") or "", subject=one_line(subject, _LONGEST_SUBJECT), author=author)


def _sum(nodes: Iterable[Mapping[str, Any]], key: str) -> int:
    return sum(found for each in nodes if isinstance(found := each.get(key), int))


def _comment(api: Api, node: Any) -> Comment:
    number = node.get("id") if isinstance(node, dict) else None
    if not isinstance(number, int):
        raise unlike(api, "the id of a comment")
    body = node.get("body")
    known = body[:_LONGEST_BODY] if isinstance(body, str) else ""
    return Comment(id=number, author=text(node, "user", "login") or "", body=known)
