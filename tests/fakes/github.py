"""GitHub's REST API for Actions: strict about headers and tokens, pages by Link, a 304 is free.

Source: GitHub's REST API, 2022-11-28, "Workflow runs", "Rate limits", "Using pagination".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aiohttp import web

from tests.fakes.server import Fake

RUN = re.compile(r"/api/v3/repos/([\w.-]+/[\w.-]+)/actions/runs(?:/(\d+))?(?:/attempts/(\d+))?(/jobs)?")


def at(seconds: float) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeGitHub(Fake):
    """Repositories with runs; each run's attempts, newest last, each with its jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, dict[int, list[dict]]] = {}
        self.jobs: dict[tuple[str, int, int], list[dict]] = {}
        self.scopes = "repo, read:org"
        self.topics: dict[str, list[str]] = {}
        self.archived: set[str] = set()

    def add(self, repository: str, number: int, status: str, at_s: float, **more) -> dict:
        """Write a run as it is at a time; a higher `attempt` is a new attempt of it."""
        attempts = self.runs.setdefault(repository, {}).setdefault(number, [])
        attempt = more.pop("attempt", max(1, len(attempts)))
        created_s = more.pop("created_s", at_s)
        if attempt > len(attempts):
            attempts.append({"created_at": at(created_s), "run_started_at": at(at_s)})
            self.jobs[repository, number, attempt] = []
        conclusion = status if status not in ("queued", "in_progress", "waiting") else None
        attempts[attempt - 1] |= {
            "id": number,
            "name": "CI",
            "status": "completed" if conclusion else status,
            "conclusion": conclusion,
            "run_attempt": attempt,
            "head_branch": "main",
            "head_sha": f"{number:040x}",
            "event": "push",
            "display_title": "Mend it",
            "actor": {"login": "ann"},
            "html_url": f"https://github.com/{repository}/actions/runs/{number}",
            "updated_at": at(at_s),
            "pull_requests": [],
            **more,
        }
        attempts[0]["created_at"] = attempts[0].get("created_at", at(at_s))
        attempts[attempt - 1]["created_at"] = attempts[0]["created_at"]
        return attempts[attempt - 1]

    def add_job(self, repository: str, number: int, name: str, status: str, at_s: float, attempt: int = 1) -> None:
        """Write a job of an attempt, or write it anew."""
        jobs = self.jobs[repository, number, attempt]
        job_id = (
            number * 100 + attempt * 10 + next((n for n, each in enumerate(jobs) if each["name"] == name), len(jobs))
        )
        conclusion = status if status not in ("queued", "in_progress") else None
        made = {
            "id": job_id,
            "run_id": number,
            "run_attempt": attempt,
            "name": name,
            "status": "completed" if conclusion else status,
            "conclusion": conclusion,
            "created_at": at(at_s),
            "started_at": at(at_s),
            "completed_at": at(at_s + 30) if conclusion else None,
            "html_url": f"https://github.com/{repository}/actions/runs/{number}/job/{job_id}",
            "runner_name": "runner-1",
        }
        jobs[:] = [each for each in jobs if each["name"] != name] + [made]

    def refusal(self, request: web.Request) -> web.Response | None:
        """What is said before anything is looked at."""
        if not request.headers.get("User-Agent"):
            return self.said(request, {"message": "Request forbidden by administrative rules."}, 403)
        if request.headers.get("Accept") != "application/vnd.github+json":
            return self.said(request, {"message": "Unsupported 'Accept' header"}, 415)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.said(request, {"message": "Bad credentials"}, 401)
        if self.remaining <= 0 and request.path != "/api/v3/rate_limit":
            return self.said(request, {"message": "API rate limit exceeded for user ID 1. ann@acme.example"}, 403)
        return None

    def answer(self, request: web.Request) -> web.Response:
        if refused := self.refusal(request):
            return refused
        if request.path == "/api/v3/rate_limit":
            core = {"limit": self.limit, "remaining": self.remaining}
            return self.said(request, {"resources": {"core": core}})
        if request.path == "/api/v3/user":
            return self.said(request, {"login": "robot"}, X_OAuth_Scopes=self.scopes)
        if match := re.fullmatch(r"/api/v3/(?:orgs|users)/([\w.-]+)/repos|/api/v3/user/repos", request.path):
            return self.repositories(request, match[1])
        match = RUN.fullmatch(request.path)
        if not match or match[1] not in self.runs:
            return self.said(request, {"message": "Not Found"}, 404)
        return self.of_repository(request, match)

    def repositories(self, request: web.Request, owner: str | None) -> web.Response:
        names = [each for each in self.runs if owner is None or each.startswith(f"{owner}/")]
        if not names:
            return self.said(request, {"message": "Not Found"}, 404)
        rows = [
            {"full_name": each, "archived": each in self.archived, "topics": self.topics.get(each, [])}
            for each in names
        ]
        return self.page(request, rows)

    def of_repository(self, request: web.Request, match: re.Match[str]) -> web.Response:
        repository, number, attempt, jobs = match.groups()
        if number is None:
            runs = sorted((each[-1] for each in self.runs[repository].values()), key=lambda each: -each["id"])
            return self.page(request, runs, lambda rows: {"total_count": len(runs), "workflow_runs": rows})
        attempts = self.runs[repository].get(int(number), [])
        if not attempts or int(attempt or 1) > len(attempts):
            return self.said(request, {"message": "Not Found"}, 404)
        if jobs:
            rows = self.jobs[repository, int(number), int(attempt)]
            return self.page(request, rows, lambda found: {"total_count": len(rows), "jobs": found})
        return self.said(request, attempts[int(attempt) - 1 if attempt else -1])
