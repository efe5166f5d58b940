"""Jenkins: the builds of all jobs of a folder by one call; the branches of a multibranch job are such a folder, too.

Source: Jenkins' Remote access API, `tree` (without it every build there ever was is loaded) and its ranges `{0,20}`;
jenkinsci/jenkins, hudson.model.Run.getEnvironment (BUILD_TAG) and Job.getBuilds (at most a hundred; `allBuilds` has
all). There are no ETags: a body with the same digest is the same.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, unquote

from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.upstream.client import Client
from ci_reporter.hub.upstream.fields import before_wildcard, matches, ref, sha, text, web_address
from ci_reporter.hub.upstream.problems import RefusedError, UpstreamError
from ci_reporter.hub.upstream.protocol import MOST_OPEN, Access, Names, Update
from ci_reporter.hub.upstream.state import State

_BUILD = "number,url,result,building,timestamp,duration,estimatedDuration,actions[lastBuiltRevision[SHA1]]"
_FOLDER = f"_class,jobs[name,url,color,builds[{_BUILD}]{{0,20}}]"
_TREE = "_class,jobs[name,color,jobs[name]{0,1}]"
_AT_FIRST, _MOST_BUILDS = 20, 500
_MOST_FOLDERS = 2_000
_LONGEST_MS = 365 * 86_400_000


def headers(username: str | None) -> Any:
    """How the API wants to be asked: a user and an API token, which needs no crumb; or nothing."""

    def of(token: str | None) -> Mapping[str, str]:
        if not token:
            return {}
        pair = token if username is None else f"{username}:{token}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    return of


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A job of a folder: its path, and the pipeline and branch that it is."""

    path: str
    pipeline: str
    branch: str | None
    change: str | None


class Jenkins:
    """The builds of folders, by their path; the root is `/`."""

    requests_a_poll = 1

    def __init__(self, client: Client, poll: Poll) -> None:
        self.client, self.source, self._history_ms = client, client.source, round(poll.history_s * 1000)

    async def poll(self, target: str, state: State) -> Update | None:
        """Read the folder; of each job, the builds since the last one that was known."""
        path = f"{_folder_path(target)}/api/json?tree={_FOLDER}"
        answer = await self.client.get(path, state.etags.get("", ""))
        if not answer.fresh:
            return None
        body = self.client.json(answer)
        runs: list[Run] = []
        known: dict[str, str] = {}
        still_open: list[str] = []
        for node, job in self._jobs(target, body):
            builds = await self._builds(node, job, state)
            found = [self.run_of(job, each) for each in builds if self._is_new(job, each, state)]
            runs += found
            still_open += [f"{job.path}#{run.key.run_id}" for run in found if not run.status.is_final]
            newest = max([int(state.known.get(job.path, "0")), *(_number(each) for each in builds)])
            if newest:
                known[job.path] = str(newest)
        opened = tuple(sorted(still_open))[-MOST_OPEN * 10 :]
        state = State(cursor=state.cursor or 1, known=known, open=opened, etags={"": answer.etag})
        return Update(sorted(runs, key=lambda each: each.updated_ms), state)

    async def discover(self, pattern: str, state: State) -> Names:
        """The folders with jobs that a pattern stands for: `platform/*` is all that is in it, to any depth."""
        found: list[str] = []
        waiting = [before_wildcard(pattern)]
        for _ in range(_MOST_FOLDERS):
            if not waiting:
                return Names(found, state)
            folder = waiting.pop()
            body = self.client.json(await self.client.get(f"{_folder_path(folder)}/api/json?tree={_TREE}"))
            children = [each for each in body.get("jobs") or () if isinstance(each, dict) and text(each, "name")]
            below = [_join(folder, str(each["name"])) for each in children if "jobs" in each]
            waiting += [each for each in below if may_hold(pattern, each)]
            leaves = [_join(folder, str(each["name"])) for each in children if "jobs" not in each]
            if any(covers(pattern, leaf) for leaf in leaves):
                found.append(folder or "/")
        raise UpstreamError(f"{self.client.name} has more than {_MOST_FOLDERS} folders below {pattern}", "too many")

    async def run(self, repository: str, run_id: str, attempt: int) -> Run | None:  # noqa: ARG002  it has no attempts
        """A build. Its id has no address in it, so its folder is read, and the build is looked for there."""
        for folder in (repository, repository.rpartition("/")[0]):
            try:
                answer = await self.client.get(f"{_folder_path(folder)}/api/json?tree={_FOLDER}")
            except RefusedError as exc:
                if exc.code == "404":
                    continue
                raise
            for node, job in self._jobs(folder or "/", self.client.json(answer)):
                runs = [self.run_of(job, each) for each in node.get("builds") or ()]
                if found := next((each for each in runs if each.key.run_id == run_id), None):
                    return found
        return None

    async def check(self) -> Access:
        """Who we are there."""
        if not self.source.token.given:
            await self.client.get("/api/json?tree=mode")
            return Access(who="anonymous")
        return Access(who=text(self.client.json(await self.client.get("/me/api/json?tree=id")), "id"))

    async def probe(self, target: str) -> None:
        """Whether it is there and may be read."""
        await self.client.get(f"{_folder_path(target)}/api/json?tree=_class")

    def run_of(self, job: _Job, node: Mapping[str, Any]) -> Run:
        """A build as the API tells it."""
        number, started_ms = _number(node), _ms(node, "timestamp")
        result, duration_ms = text(node, "result"), _ms(node, "duration") or 0
        status = Status.RUNNING if node.get("building") or result is None else status_of("jenkins", result)
        finished_ms = started_ms + duration_ms if started_ms and status.is_final else None
        tag = f"jenkins-{job.path.replace('/', '-')}-{number}"  # BUILD_TAG, as the build's own steps report it
        return Run(
            key=Key("jenkins", self.source.host, job.pipeline, tag, 1),
            pipeline=job.pipeline,
            status=status,
            updated_ms=finished_ms or started_ms or 0,
            branch=job.branch,
            revision=_revision(node),
            change=job.change,
            url=web_address(node, "url"),
            started_ms=started_ms,
            finished_ms=finished_ms,
            estimated_ms=_ms(node, "estimatedDuration") or None,  # -1: it never ran before
        )

    def _jobs(self, target: str, body: Any) -> Iterable[tuple[Mapping[str, Any], _Job]]:
        """The jobs of a folder that the configuration asks for."""
        folder = target.strip("/")
        is_multibranch = "MultiBranch" in str(body.get("_class")) if isinstance(body, dict) else False
        for node in (body.get("jobs") if isinstance(body, dict) else None) or ():
            name = text(node, "name", most=500)
            path = _join(folder, name or "")
            if not name or not any(covers(each, path) for each in self.source.repositories):
                continue
            if any(covers(each, path) for each in self.source.exclude):
                continue
            job = _job(folder, name, is_multibranch=is_multibranch)
            if not self.source.branches or matches(job.branch, self.source.branches):
                yield node, job

    async def _builds(self, node: Mapping[str, Any], job: _Job, state: State) -> list[Mapping[str, Any]]:
        """A job's builds, newest first, back to the last one that was known; the folder's answer has twenty."""
        builds = [each for each in node.get("builds") or () if _number(each)]
        known = int(state.known.get(job.path, "0"))
        if not known or len(builds) < _AT_FIRST or _number(builds[-1]) <= known + 1:
            return builds
        path = f"{_folder_path(job.path)}/api/json?tree=allBuilds[{_BUILD}]{{{_AT_FIRST},{_MOST_BUILDS}}}"
        rows = self.client.rows_of(await self.client.get(path), "allBuilds")
        return [*builds, *(each for each in rows if _number(each) > known)]

    def _is_new(self, job: _Job, node: Mapping[str, Any], state: State) -> bool:
        """Whether this build is younger than what was known, or went on then."""
        if not state.cursor:
            since_ms = time.time() * 1000 - self._history_ms
            return bool(node.get("building")) or (_ms(node, "timestamp") or 0) >= since_ms
        tag = f"jenkins-{job.path.replace('/', '-')}-{_number(node)}"
        return _number(node) > int(state.known.get(job.path, "0")) or f"{job.path}#{tag}" in state.open


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern stands for a job: by its name, or by a folder that it is in."""
    pattern = pattern.strip("/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*")


def may_hold(pattern: str, folder: str) -> bool:
    """Whether there may be jobs below a folder that a pattern stands for: `a` may hold some of `a/b/*`."""
    depth = folder.count("/") + 1
    return covers(pattern, folder) or fnmatchcase(folder, "/".join(pattern.strip("/").split("/")[:depth]))


def _job(folder: str, name: str, *, is_multibranch: bool) -> _Job:
    """In a multibranch job each job is a branch, percent-encoded; `PR-12` or `MR-12` is a change."""
    path = _join(folder, name)
    if not is_multibranch:
        return _Job(path=path, pipeline=path, branch=None, change=None)
    branch = unquote(name)
    kind, _, number = branch.partition("-")
    change = number if kind in ("PR", "MR") and number.isdecimal() else None
    return _Job(path=path, pipeline=folder, branch=None if change else ref(branch), change=change)


def _folder_path(folder: str) -> str:
    """`platform/shop` is at /job/platform/job/shop; a branch's `%2F` is percent-encoded once more."""
    return "".join(f"/job/{quote(part, safe='')}" for part in folder.strip("/").split("/") if part)


def _join(folder: str, name: str) -> str:
    return f"{folder.strip('/')}/{name}".strip("/")


def _number(node: Any) -> int:
    found = node.get("number") if isinstance(node, dict) else None
    return found if isinstance(found, int) and found > 0 else 0


def _ms(node: Mapping[str, Any], key: str) -> int | None:
    found = node.get(key)
    return (
        found
        if isinstance(found, int) and 0 <= found < 10**15 and (key == "timestamp" or found < _LONGEST_MS)
        else None
    )


def _revision(node: Mapping[str, Any]) -> str | None:
    """The commit that was checked out; the first of several, which is the job's own repository."""
    for action in node.get("actions") or ():
        if isinstance(action, dict) and isinstance(built := action.get("lastBuiltRevision"), dict):
            return sha(built.get("SHA1"))
    return None
