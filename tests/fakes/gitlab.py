"""GitLab's REST API for pipelines: a token, scopes, keyset-free pages by X-Next-Page, ETags that do not save quota.

Source: GitLab's REST API, "Pipelines", "Jobs", "Projects", "Groups"; GitLab documentation, "Rate limits".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web

from tests.fakes.server import Fake

PIPELINES = re.compile(r"/api/v4/projects/([^/]+)/pipelines(?:/(\d+)(?:/(jobs|bridges))?)?")


def at(seconds: float) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FakeGitLab(Fake):
    """Projects with pipelines, their jobs and bridges."""

    limit_headers = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    free_304 = False

    def __init__(self) -> None:
        super().__init__()
        self.pipelines: dict[str, dict[int, dict]] = {}
        self.jobs: dict[int, list[dict]] = {}
        self.bridges: dict[int, list[dict]] = {}
        self.topics: dict[str, list[str]] = {}
        self.scopes = ["read_api"]

    def add(self, project: str, number: int, status: str, at_s: float, **more) -> dict:
        """Write a pipeline as it is at a time."""
        known = self.pipelines.setdefault(project, {}).get(number, {"created_at": at(at_s), "started_at": at(at_s)})
        ended = status in ("success", "failed", "canceled", "skipped")
        self.jobs.setdefault(number, [])
        self.bridges.setdefault(number, [])
        self.pipelines[project][number] = {
            **known,
            "id": number,
            "iid": number,
            "ref": "main",
            "tag": False,
            "sha": f"{number:040x}",
            "status": status,
            "source": "push",
            "name": None,
            "web_url": f"https://gitlab.example/{project}/-/pipelines/{number}",
            "updated_at": at(at_s),
            "finished_at": at(at_s) if ended else None,
            "queued_duration": 4,
            "coverage": "91.5" if ended else None,
            "user": {"username": "ann"},
            **more,
        }
        return self.pipelines[project][number]

    def add_job(self, pipeline: int, number: int, name: str, status: str, at_s: float, **more) -> None:
        """Write a job, or write it anew."""
        ended = status in ("success", "failed", "canceled", "skipped")
        jobs = self.jobs[pipeline]
        made = {
            "id": number,
            "name": name,
            "stage": "test",
            "status": status,
            "created_at": at(at_s - 10),
            "started_at": at(at_s),
            "finished_at": at(at_s + 30) if ended else None,
            "queued_duration": 2.5,
            "web_url": f"https://gitlab.example/-/jobs/{number}",
            "runner": {"description": "docker-1"},
            **more,
        }
        jobs[:] = [each for each in jobs if each["id"] != number] + [made]

    def add_child(self, project: str, parent: int, child: int) -> None:
        """A bridge of the parent that started the child."""
        web_url = f"https://gitlab.example/{project}/-/pipelines"
        self.bridges[parent] = [
            {
                "id": child * 10,
                "name": "trigger",
                "status": "success",
                "stage": "deploy",
                "pipeline": {"id": parent, "web_url": f"{web_url}/{parent}"},
                "downstream_pipeline": {"id": child, "web_url": f"{web_url}/{child}"},
            }
        ]

    def answer(self, request: web.Request) -> web.Response:  # noqa: PLR0911  a table of addresses
        token = request.headers.get("PRIVATE-TOKEN")
        if token != self.token:
            return self.said(request, {"message": "401 Unauthorized" if token else "404 Project Not Found"}, 401)
        if self.remaining <= 0:
            return web.Response(status=429, text="Retry later\n", headers={"Retry-After": "60"})
        path = request.rel_url.raw_path
        if path == "/api/v4/personal_access_tokens/self":
            return self.said(request, {"name": "poller", "scopes": self.scopes, "expires_at": "2027-01-01"})
        if path == "/api/v4/user":
            return self.said(request, {"username": "robot"})
        if match := re.fullmatch(r"/api/v4/groups/([^/]+)/projects|/api/v4/projects", path):
            return self.projects(request, unquote(match[1] or ""))
        match = PIPELINES.fullmatch(path)
        project = unquote(match[1]) if match else ""
        if match is None or project not in self.pipelines:
            return self.said(request, {"message": "404 Project Not Found"}, 404)
        if match[2] is None:
            return self.listed(request, list(self.pipelines[project].values()))
        if int(match[2]) not in self.pipelines[project]:
            return self.said(request, {"message": "404 Not found"}, 404)
        if match[3]:
            rows = (self.jobs if match[3] == "jobs" else self.bridges)[int(match[2])]
            return self.paged(
                request, [each for each in rows if request.query.get("include_retried") or not each.get("retried")]
            )
        return self.said(request, self.pipelines[project][int(match[2])])

    def projects(self, request: web.Request, group: str) -> web.Response:
        names = [each for each in self.pipelines if not group or each.startswith(f"{group}/")]
        if group and not names:
            return self.said(request, {"message": "404 Group Not Found"}, 404)
        return self.paged(
            request, [{"path_with_namespace": each, "topics": self.topics.get(each, [])} for each in names]
        )

    def listed(self, request: web.Request, rows: list[dict]) -> web.Response:
        """Child pipelines only where they are asked for; a list's rows have fewer fields than a pipeline."""
        source = request.query.get("source")
        found = [each for each in rows if (each["source"] == source if source else each["source"] != "parent_pipeline")]
        if since := request.query.get("updated_after"):
            since_s = datetime.fromisoformat(since).timestamp()
            found = [each for each in found if datetime.fromisoformat(each["updated_at"]).timestamp() > since_s]
        assert request.query.get("order_by") == "updated_at", "the default order is by id"
        found.sort(key=lambda each: each["updated_at"], reverse=request.query.get("sort") != "asc")
        fields = ("id", "iid", "ref", "sha", "status", "source", "name", "web_url", "updated_at", "created_at")
        return self.paged(request, [{name: each[name] for name in fields} for each in found])

    def paged(self, request: web.Request, rows: list[dict]) -> web.Response:
        most, page = min(100, int(request.query.get("per_page", 20))), int(request.query.get("page", 1))
        more = {"X-Next-Page": str(page + 1) if page * most < len(rows) else ""}
        return self.said(request, rows[(page - 1) * most : page * most], **more)
