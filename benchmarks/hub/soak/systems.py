"""CI systems whose runs go from queued to over: what each tells by webhooks, and what its API says when it is polled.

The fakes of GitHub, GitLab and Gitea answer polls of the same runs that their webhooks tell of, so both ways have to
end in one row. Forgejo tells only of the end, Bitbucket and `generic` are not polled here, and Jenkins sends nothing.
"""

from __future__ import annotations

import hmac
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ci_reporter.hub.runs.record import usual_name
from ci_reporter.hub.runs.run import Key
from ci_reporter.system.standardwebhooks import signed_headers
from tests.fakes.gitea import FakeGitea
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.jenkins import FakeJenkins

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
_SHOWN = 30  # runs that a fake has of a repository: the newest


class Phase(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    OVER = "over"


@dataclass(kw_only=True)
class Life:
    """One run on its way."""

    vendor: str
    repository: str
    number: int
    is_good: bool
    queued_s: float = field(default_factory=time.time)

    @property
    def pipeline(self) -> str:
        """The name of its pipeline, as the vendor's events have it."""
        return {"gitlab": self.repository, "gitea": "ci.yml", "forgejo": "ci.yml", "bitbucket": "build"}.get(
            self.vendor, "CI"
        )

    @property
    def ci_run_id(self) -> str:
        """The id that the reports of its steps have."""
        return usual_name(Key(self.vendor, "", self.repository, str(self.number), 1))

    @property
    def revision(self) -> str:
        """The commit."""
        return f"{self.number:040x}"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A webhook, ready to be sent, as often as one likes."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Systems:
    """The fakes, to be served, and the webhooks of each vendor."""

    def __init__(self) -> None:
        self.github, self.gitlab, self.gitea, self.jenkins = FakeGitHub(), FakeGitLab(), FakeGitea(), FakeJenkins()
        self.fakes = (self.github, self.gitlab, self.gitea, self.jenkins)
        for each in self.fakes:
            each.limit = each.remaining = 10**9
        self._tell: Mapping[str, Callable[[Life, Phase], tuple[str, Any]]] = {
            "github": self._github,
            "gitlab": self._gitlab,
            "gitea": self._gitea,
            "forgejo": _forgejo,
            "bitbucket": _bitbucket,
            "generic": _generic,
        }
        self.vendors = tuple(self._tell)

    def request(self, life: Life, phase: Phase) -> Request | None:
        """The webhook that tells of a phase; None where the vendor has none."""
        if life.vendor == "forgejo" and phase is not Phase.OVER:
            return None
        event, payload = self._tell[life.vendor](life, phase)
        return _signed(life.vendor, event, json.dumps(payload).encode())

    def know(self, life: Life, phase: Phase) -> None:
        """Let the API say it, too. The fakes forget the oldest runs, as lists have an end."""
        now_s, end = time.time(), "success" if life.is_good else "failure"
        repository, number = life.repository, life.number
        if life.vendor == "github":
            word = {Phase.QUEUED: "queued", Phase.RUNNING: "in_progress"}.get(phase, end)
            self.github.add(repository, number, word, now_s, created_s=life.queued_s)
            self.github.add_job(repository, number, "unit", word, life.queued_s)
            _trim(self.github.runs[repository], lambda old: self.github.jobs.pop((repository, old, 1), None))
        elif life.vendor == "gitlab":
            word = {Phase.QUEUED: "pending", Phase.RUNNING: "running"}.get(
                phase, "success" if life.is_good else "failed"
            )
            self.gitlab.add(
                repository, number, word, now_s, web_url=f"{self.gitlab.url}/{repository}/-/pipelines/{number}"
            )
            self.gitlab.add_job(number, number, "unit", word, now_s)
            _trim(self.gitlab.pipelines[repository], self._forget_gitlab)
        elif life.vendor == "gitea":
            word = {Phase.QUEUED: "queued", Phase.RUNNING: "in_progress"}.get(phase, end)
            self.gitea.add(repository, number, word, life.queued_s, now_s if phase is Phase.OVER else None)
            _trim(self.gitea.runs[repository], lambda old: self.gitea.jobs.pop(old, None))

    def is_polled(self, vendor: str) -> bool:
        """Whether the end of a run is found without its webhook."""
        return vendor in ("github", "gitlab", "gitea")

    def build(self, job: str, number: int, *, is_good: bool) -> None:
        """A build of Jenkins', which is over when it is first seen."""
        self.jenkins.add(job, number, "SUCCESS" if is_good else "FAILURE", time.time() - 1, 1.0)
        del self.jenkins.builds[job][_SHOWN:]

    def _forget_gitlab(self, old: int) -> None:
        self.gitlab.jobs.pop(old, None)
        self.gitlab.bridges.pop(old, None)

    def _github(self, life: Life, phase: Phase) -> tuple[str, Any]:
        page = f"{self.github.url}/{life.repository}"
        run = {
            "id": life.number,
            "name": "CI",
            "head_branch": "main",
            "head_sha": life.revision,
            "event": "push",
            "status": {Phase.QUEUED: "queued", Phase.RUNNING: "in_progress"}.get(phase, "completed"),
            "conclusion": _end(life, phase),
            "html_url": f"{page}/actions/runs/{life.number}",
            "pull_requests": [],
            "created_at": _at(life.queued_s),
            "run_started_at": _at(life.queued_s),
            "updated_at": _at(),
            "run_attempt": 1,
            "actor": {"login": "ann"},
        }
        return "workflow_run", {"workflow_run": run, "workflow": {"name": "CI"}, "repository": _repository(life, page)}

    def _gitlab(self, life: Life, phase: Phase) -> tuple[str, Any]:
        end = "success" if life.is_good else "failed"
        project = {"path_with_namespace": life.repository, "web_url": f"{self.gitlab.url}/{life.repository}"}
        attributes = {
            "id": life.number,
            "ref": "main",
            "tag": False,
            "sha": life.revision,
            "source": "push",
            "status": {Phase.QUEUED: "pending", Phase.RUNNING: "running"}.get(phase, end),
            "created_at": _at(life.queued_s, "%Y-%m-%d %H:%M:%S UTC"),
            "finished_at": _at(None, "%Y-%m-%d %H:%M:%S UTC") if phase is Phase.OVER else None,
            "queued_duration": 0,
        }
        more = {"project": {**project, "default_branch": "main"}, "user": {"username": "ann"}, "builds": []}
        return "Pipeline Hook", {"object_kind": "pipeline", "object_attributes": attributes, **more}

    def _gitea(self, life: Life, phase: Phase) -> tuple[str, Any]:
        page = f"{self.gitea.url}/{life.repository}"
        run = {
            "id": life.number,
            "path": "ci.yml@refs/heads/main",
            "event": "push",
            "run_attempt": 1,
            "run_number": life.number,
            "head_sha": life.revision,
            "head_branch": "main",
            "status": {Phase.QUEUED: "queued", Phase.RUNNING: "in_progress"}.get(phase, "completed"),
            "conclusion": _end(life, phase),
            "html_url": f"{page}/actions/runs/{life.number}",
            "started_at": _at(life.queued_s),
            "completed_at": _at() if phase is Phase.OVER else "1970-01-01T00:00:00Z",
            "actor": {"login": "ann"},
        }
        return "workflow_run", {"workflow_run": run, "repository": _repository(life, page)}


def _forgejo(life: Life, _: Phase) -> tuple[str, Any]:
    page = f"https://code.example.com/{life.repository}"
    run = {
        "id": life.number,
        "repository": _repository(life, page),
        "workflow_id": "ci.yml",
        "index_in_repo": life.number,
        "prettyref": "main",
        "commit_sha": life.revision,
        "event": "push",
        "status": "success" if life.is_good else "failure",
        "started": _at(life.queued_s),
        "stopped": _at(),
        "created": _at(life.queued_s),
        "updated": _at(),
        "html_url": f"{page}/actions/runs/{life.number}",
    }
    return f"action_run_{run['status']}", {"action": run["status"], "run": run}


def _bitbucket(life: Life, phase: Phase) -> tuple[str, Any]:
    page = f"https://bitbucket.org/{life.repository}"
    end = "SUCCESSFUL" if life.is_good else "FAILED"
    status = {
        "key": "build",
        "name": "the build",
        "state": {Phase.QUEUED: "PENDING", Phase.RUNNING: "INPROGRESS"}.get(phase, end),
        "url": f"{page}/builds/{life.number}",
        "refname": "main",
        "created_on": _at(life.queued_s),
        "updated_on": _at(),
        "commit": {"hash": life.revision},
    }
    where = {"full_name": life.repository, "links": {"html": {"href": page}}}
    return "repo:commit_status_updated", {"commit_status": status, "repository": where}


def _generic(life: Life, phase: Phase) -> tuple[str, Any]:
    data = {
        "repository": life.repository,
        "run_id": str(life.number),
        "pipeline": "CI",
        "status": _end(life, phase) or str(phase),
        "branch": "main",
        "default_branch": "main",
        "revision": life.revision,
        "queued_at": _at(life.queued_s),
        **({"finished_at": _at()} if phase is Phase.OVER else {}),
    }
    return "", {"type": "ci.run", "timestamp": _at(), "data": data}


def _signed(vendor: str, event: str, body: bytes) -> Request:
    digest, delivery = hmac.digest(SECRET.encode(), body, "sha256").hex(), str(uuid.uuid4())
    hub = f"sha256={digest}"
    named: Mapping[str, Mapping[str, str]] = {
        "github": {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": hub},
        "gitlab": {"X-Gitlab-Event": event, "X-Gitlab-Event-UUID": delivery, "X-Gitlab-Token": SECRET},
        "gitea": {"X-Gitea-Event": event, "X-Gitea-Delivery": delivery, "X-Gitea-Signature": digest},
        "forgejo": {"X-Forgejo-Event": event, "X-Forgejo-Delivery": delivery, "X-Forgejo-Signature": digest},
        "bitbucket": {"X-Event-Key": event, "X-Request-UUID": delivery, "X-Hub-Signature": hub},
    }
    headers = named.get(vendor) or signed_headers([SECRET], delivery, int(time.time()), body)
    return Request(path=f"/webhooks/{vendor}", headers={**headers, "Content-Type": "application/json"}, body=body)


def _repository(life: Life, page: str) -> dict[str, str]:
    return {"full_name": life.repository, "default_branch": "main", "html_url": page}


def _end(life: Life, phase: Phase) -> str | None:
    return ("success" if life.is_good else "failure") if phase is Phase.OVER else None


def _at(seconds: float | None = None, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC).strftime(form)


def _trim(runs: dict[int, Any], forget: Callable[[int], object]) -> None:
    for old in sorted(runs)[:-_SHOWN]:
        del runs[old]
        forget(old)
