"""GitHub's and GitLab's APIs for one repository, on 127.0.0.1: they refuse what the real ones refuse, in their words.

Sources: GitHub's REST API, 2022-11-28 (pagination, rate limits, "Workflow jobs", "Issue comments"); GitLab's REST API
(pagination, "Jobs API", "Notes API", "Personal access token scopes").
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

GITHUB_TOKEN = "ghs_0123456789abcdef0123456789abcdef0123"
GITLAB_TOKEN = "glpat-0123456789abcdef0123"
OURS = "github-actions[bot]"

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """The address of a server that answers as the function says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            address = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(address.query))
            asked = Asked(method=self.command, path=address.path, query=query, headers=headers, body=body)
            status, more, content = answer(asked)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def said(status: int, body: object, **headers: str) -> Answer:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return status, {**kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, json.dumps(body).encode()


def github_job(number=1, name="lint", conclusion="success", **more):
    """A job of a run as GitHub lists it."""
    ended = conclusion is not None
    return {
        "id": number,
        "run_id": 17012345678,
        "run_attempt": 1,
        "name": name,
        "status": "completed" if ended else "in_progress",
        "conclusion": conclusion,
        "started_at": "2026-01-31T12:00:00Z",
        "completed_at": "2026-01-31T12:01:30Z" if ended else None,
        "html_url": f"https://github.com/acme/shop/actions/runs/17012345678/job/{number}",
        "runner_name": f"runner {number}",
        "labels": ["ubuntu-latest"],
    } | more


def gitlab_job(number=1, name="lint", status="success", pipeline=4711, **more):
    """A job of a pipeline as GitLab lists it."""
    ended = status in ("success", "failed", "canceled", "skipped")
    return {
        "id": number,
        "name": name,
        "stage": "test",
        "status": status,
        "started_at": "2026-01-31T12:00:00.123Z",
        "finished_at": "2026-01-31T12:01:30.123Z" if ended else None,
        "duration": 90.0 if ended else None,
        "failure_reason": "script_failure" if status == "failed" else None,
        "web_url": f"https://gitlab.example/acme/shop/-/jobs/{number}",
        "runner": {"id": 1, "description": "docker-1"},
        "tag_list": ["docker"],
        "pipeline": {"id": pipeline, "web_url": f"https://gitlab.example/acme/shop/-/pipelines/{pipeline}"},
    } | more


@dataclass
class Vendor:
    """What both have: a repository, its comments, and what was asked. `before` may answer first, or harm something."""

    comments: list[dict] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], Answer | None] = lambda asked: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            return self.before(asked) or self.answer(asked)

    def seen(self, method: str) -> list[Asked]:
        """The requests of a method, those for a name of the token left out."""
        return [each for each in self.asked if each.method == method and not each.path.endswith(("/graphql", "/user"))]


@dataclass
class GitHub(Vendor):
    """github.com with the private repository acme/shop, its run 17012345678 and its pull request 7."""

    jobs: list[dict] = field(default_factory=list)
    may: tuple[str, ...] = ("actions: read", "pull-requests: write")
    private: bool = True
    login: str = OURS

    def turned_away(self, asked: Asked) -> Answer | None:
        """What is said before anything is looked at: the REST API tells an app's token no name."""
        token = asked.headers.get("authorization")
        status, message = {
            not asked.headers.get("user-agent"): (403, "Request forbidden by administrative rules."),
            asked.headers.get("accept") != "application/vnd.github+json": (415, "Unsupported 'Accept' header"),
            asked.path == "/user": (403, "Resource not accessible by integration"),
            token is None and (self.private or asked.path == "/graphql"): (404, "Not Found"),
            token not in (None, f"Bearer {GITHUB_TOKEN}"): (401, "Bad credentials"),
        }.get(True, (0, ""))
        return said(status, {"message": message}) if status else None

    def answer(self, asked: Asked) -> Answer:
        if refused := self.turned_away(asked):
            return refused
        if asked.path == "/graphql":
            return said(200, {"data": {"viewer": {"login": self.login}}})
        if asked.path == "/repos/acme/shop/actions/runs/17012345678/attempts/1/jobs":
            return self.page(asked, self.jobs, "actions: read", key="jobs")
        if asked.path == "/repos/acme/shop/issues/7/comments":
            return self.create(asked) if asked.method == "POST" else self.page(asked, self.comments)
        if match := re.fullmatch(r"/repos/acme/shop/issues/comments/(\d+)", asked.path):
            return self.change(asked, int(match[1]))
        return said(404, {"message": "Not Found"})

    def page(self, asked: Asked, found: list[dict], needs: str = "", key: str = "") -> Answer:
        if needs and needs not in self.may:
            return said(403, {"message": "Resource not accessible by integration"})
        size, page = min(100, int(asked.query.get("per_page", 30))), int(asked.query.get("page", 1))
        rows = found[(page - 1) * size : page * size]
        more = {}
        if page * size < len(found):
            # The real one names the repository by its number, and itself by its own name.
            following = f"https://api.github.com/repositories/1{asked.path[16:]}?per_page={size}&page={page + 1}"
            more = {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'}
        body = {"total_count": len(found), key: rows} if key else rows
        return said(200, body, X_RateLimit_Remaining="4999", **more)

    def refused(self, body: str | None = None) -> Answer | None:
        if "pull-requests: write" not in self.may:
            return said(403, {"message": "Resource not accessible by integration"})
        if body is not None and len(body) > 65_536:
            errors = [{"resource": "IssueComment", "code": "unprocessable", "field": "data"}]
            return said(422, {"message": "Body is too long (maximum is 65536 characters)", "errors": errors})
        return None

    def create(self, asked: Asked) -> Answer:
        if refused := self.refused(asked.json["body"]):
            return refused
        self.comments.append({"id": 9000 + len(self.comments), "user": {"login": self.login}, **asked.json})
        return said(201, self.comments[-1])

    def change(self, asked: Asked, number: int) -> Answer:
        found = next((each for each in self.comments if each["id"] == number), None)
        if refused := self.refused(asked.json["body"] if asked.body else None):
            return refused
        if found is None:
            return said(404, {"message": "Not Found"})
        if asked.method == "DELETE":
            self.comments.remove(found)
            return 204, {}, b""
        found["body"] = asked.json["body"]
        return said(200, found)


@dataclass
class GitLab(Vendor):
    """gitlab.example with the private project acme/shop, its pipelines and its merge request 7."""

    pipelines: dict[int, list[dict]] = field(default_factory=dict)
    bridges: dict[int, list[dict]] = field(default_factory=dict)
    scope: str = "api"
    login: str = "project_1_bot"

    def turned_away(self, asked: Asked) -> Answer | None:
        """What is said before anything is looked at."""
        token = asked.headers.get("private-token") or asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in ("", GITLAB_TOKEN):
            return said(401, {"message": "401 Unauthorized"})
        if not token:
            return said(404, {"message": "404 Project Not Found"})
        if asked.method != "GET" and self.scope != "api":
            return said(403, {"error": "insufficient_scope", "error_description": "more privileges", "scope": "api"})
        return None

    def answer(self, asked: Asked) -> Answer:
        if refused := self.turned_away(asked):
            return refused
        project = f"/api/v4/projects/{quote('acme/shop', safe='')}"
        if asked.path == "/api/v4/user":
            return said(200, {"id": 1, "username": self.login})
        if match := re.fullmatch(rf"{project}/pipelines/(\d+)/(jobs|bridges)", asked.path):
            rows = (self.pipelines if match[2] == "jobs" else self.bridges).get(int(match[1]), [])
            return (
                self.page(asked, rows) if int(match[1]) in self.pipelines else said(404, {"message": "404 Not found"})
            )
        if asked.path == f"{project}/merge_requests/7/notes":
            return self.create(asked) if asked.method == "POST" else self.page(asked, self.comments)
        if match := re.fullmatch(rf"{project}/merge_requests/7/notes/(\d+)", asked.path):
            return self.change(asked, int(match[1]))
        return said(404, {"message": "404 Project Not Found"})

    def page(self, asked: Asked, found: list[dict]) -> Answer:
        size, page = min(100, int(asked.query.get("per_page", 20))), int(asked.query.get("page", 1))
        rows = found[(page - 1) * size : page * size]
        more = {}
        if page * size < len(found):
            following = f"https://gitlab.example{asked.path}?page={page + 1}&per_page={size}"
            more = {"Link": f'<{following}>; rel="next"', "X-Next-Page": str(page + 1)}
        return said(200, rows, RateLimit_Remaining="1999", **more)

    def refused(self, asked: Asked) -> Answer | None:
        if asked.body and len(asked.json["body"]) > 1_000_000:
            return said(400, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}})
        return None

    def create(self, asked: Asked) -> Answer:
        if refused := self.refused(asked):
            return refused
        made = {"id": 9000 + len(self.comments), "author": {"username": self.login}, "system": False, **asked.json}
        self.comments.append(made)
        return said(201, made)

    def change(self, asked: Asked, number: int) -> Answer:
        found = next((each for each in self.comments if each["id"] == number), None)
        if refused := self.refused(asked):
            return refused
        if found is None:
            return said(404, {"message": "404 Not found"})
        if asked.method == "DELETE":
            self.comments.remove(found)
            return 204, {}, b""
        found["body"] = asked.json["body"]
        return said(200, found)
