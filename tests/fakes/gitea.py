"""Gitea's and Forgejo's API for Actions: runs and jobs, or only tasks as before Gitea 1.24.

Source: go-gitea/gitea, modules/structs/repo_actions.go and routers/api/v1; forgejo/forgejo, modules/structs/action.go.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aiohttp import web

from tests.fakes.server import Fake

RUNS = re.compile(r"/api/v1/repos/([\w.-]+/[\w.-]+)/actions/(runs|tasks)(?:/(\d+)(?:/attempts/(\d+))?(/jobs)?)?")
ZERO = "0001-01-01T00:00:00Z"


def at(seconds: float | None) -> str:
    """A time as the API writes it; the year 1 for one that has not come."""
    return ZERO if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeGitea(Fake):
    """Repositories with runs. `kind`: gitea lists runs and jobs, forgejo runs alone, old only tasks."""

    def __init__(self, kind: str = "gitea") -> None:
        super().__init__()
        self.kind = kind
        self.runs: dict[str, dict[int, dict]] = {}
        self.jobs: dict[int, list[dict]] = {}
        self.attempts: dict[tuple[int, int], dict] = {}

    def add(
        self, repository: str, number: int, status: str, start_s: float, end_s: float | None = None, **more
    ) -> dict:
        """Write a run as it is."""
        conclusion = status if end_s is not None else None
        made = {
            "id": number,
            "display_title": "Mend it",
            "path": "ci.yml@refs/heads/main",
            "event": "push",
            "run_attempt": 1,
            "run_number": number,
            "head_sha": f"{number:040x}",
            "head_branch": "main",
            "status": "completed" if conclusion else status,
            "conclusion": conclusion,
            "started_at": at(start_s),
            "completed_at": at(end_s),
            "trigger_actor": {"login": "ann"},
            "html_url": f"https://gitea.example/{repository}/actions/runs/{number}",
        }
        if self.kind == "forgejo":
            made = {
                "id": number,
                "title": "Mend it",
                "workflow_id": "ci.yml",
                "index_in_repo": number,
                "prettyref": "main",
                "commit_sha": f"{number:040x}",
                "event": "push",
                "status": status,
                "started": at(start_s),
                "stopped": at(end_s),
                "created": at(start_s),
                "updated": at(end_s or start_s),
                "trigger_user": {"login": "ann"},
                "html_url": f"https://forgejo.example/{repository}/actions/runs/{number}",
            }
        self.runs.setdefault(repository, {})[number] = found = {**made, **more}
        self.attempts[number, found.get("run_attempt", 1)] = found
        self.jobs.setdefault(number, [])
        return made

    def add_job(
        self, run: int, number: int, name: str, status: str, start_s: float, end_s: float | None = None
    ) -> None:
        """Write a job, or write it anew."""
        made = {
            "id": number,
            "run_id": run,
            "name": name,
            "status": "completed" if end_s else status,
            "conclusion": status if end_s else None,
            "created_at": at(start_s),
            "started_at": at(start_s),
            "completed_at": at(end_s),
            "runner_name": "runner-1",
        }
        self.jobs[run] = [each for each in self.jobs[run] if each["id"] != number] + [made]

    def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"token {self.token}":
            return self.plain({"message": "user does not exist [uid: 0, name: ]"}, 401)
        if request.path == "/api/v1/user":
            return self.plain({"login": "robot"})
        if match := re.fullmatch(r"/api/v1/(?:orgs|users)/([\w.-]+)/repos", request.path):
            names = [each for each in self.runs if each.startswith(f"{match[1]}/")]
            return self.paged(request, [{"full_name": each, "archived": False} for each in names], list)
        match = RUNS.fullmatch(request.path)
        if not match or match[1] not in self.runs or (self.kind == "old") == (match[2] == "runs"):
            return self.plain({"message": "The target couldn't be found."}, 404)
        return self.of_repository(request, match)

    def of_repository(self, request: web.Request, match: re.Match[str]) -> web.Response:
        runs, number = self.runs[match[1]], int(match[3] or 0)
        has_no_such = number not in runs or (match[5] and self.kind != "gitea")
        if match[4]:
            has_no_such = has_no_such or (number, int(match[4])) not in self.attempts
        if number and has_no_such:
            return self.plain({"message": "The target couldn't be found."}, 404)
        if match[4] and not match[5]:
            return self.plain(self.attempts[number, int(match[4])])
        if match[5]:
            return self.plain({"jobs": self.jobs[number], "total_count": len(self.jobs[number])})
        if number:
            return self.plain(runs[number])
        rows = self.tasks(runs) if self.kind == "old" else sorted(runs.values(), key=lambda each: -each["id"])
        return self.paged(request, rows, lambda part: {"workflow_runs": part or None, "total_count": len(rows)})

    def tasks(self, runs: dict[int, dict]) -> list[dict]:
        """Each job as a task, which names its run by number alone."""
        found = [
            {
                "id": job["id"],
                "name": job["name"],
                "head_branch": run["head_branch"],
                "head_sha": run["head_sha"],
                "run_number": run["run_number"],
                "event": "push",
                "display_title": "Mend it",
                "status": job["conclusion"] or job["status"],
                "workflow_id": "ci.yml",
                "created_at": job["created_at"],
                "updated_at": job["completed_at"] if job["conclusion"] else job["started_at"],
                "run_started_at": job["started_at"],
            }
            for run in runs.values()
            for job in self.jobs[run["id"]]
        ]
        return sorted(found, key=lambda each: -each["id"])

    def paged(self, request: web.Request, rows: list, wrap) -> web.Response:
        most, page = min(50, int(request.query.get("limit", 30))), int(request.query.get("page", 1))
        part = rows[(page - 1) * most : page * most]
        more = {"X-Total-Count": str(len(rows))}
        if page * most < len(rows):
            more["Link"] = f'<{request.url.update_query(page=page + 1)}>; rel="next"'
        return self.plain(wrap(part), **more)

    def plain(self, body: object, status: int = 200, **headers: str) -> web.Response:
        return web.json_response(body, status=status, headers=headers)
