"""Gitea and Forgejo Actions: runs and their jobs; of a server before Gitea 1.24, tasks, from which runs are made.

Source: go-gitea/gitea, modules/structs/repo_actions.go (ActionWorkflowRun, ActionWorkflowJob, ActionTask) and
routers/api/v1/repo/action.go; forgejo/forgejo, modules/structs/action.go (ActionRun). Gitea speaks as GitHub does,
Forgejo's have names of their own. Gitea tells no time of the last change, so what a run said before counts.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ci_reporter.hub.runs.run import Job, Run, Status
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.upstream.client import Answer, Client
from ci_reporter.hub.upstream.fields import matches, moment_ms, text
from ci_reporter.hub.upstream.nodes.gitea import job_of, job_of_task, run_of
from ci_reporter.hub.upstream.problems import RefusedError, UpstreamError
from ci_reporter.hub.upstream.protocol import MOST_OPEN, Access, Allowance, Names, Update
from ci_reporter.hub.upstream.state import State

_PAGE = 50  # the most that a server gives by default (MAX_RESPONSE_ITEMS)
_MOST_PAGES = 10
_KEY = "workflow_runs"
_MOST_ATTEMPTS = 10
_LAST = 10_000  # whichever attempt is the last one
_ORDER = (Status.RUNNING, Status.QUEUED, Status.WAITING, Status.FAILURE, Status.ERROR, Status.TIMEOUT)


def headers(token: str | None) -> Mapping[str, str]:
    """How the API wants to be asked."""
    return {"Authorization": f"token {token}"} if token else {}


class Gitea:
    """The runs of repositories, `owner/name`."""

    requests_a_poll = 1

    def __init__(self, client: Client, poll: Poll) -> None:
        self.client, self.source, self._history_ms = client, client.source, round(poll.history_s * 1000)
        self.details_s = poll.deadline_s / 3
        self._has_runs = self._has_jobs = self._has_attempts = True

    async def poll(self, target: str, state: State) -> Update | None:
        """Revalidate the first page; read on where it does not reach back to the last run that was known."""
        try:
            return await self._poll(target, state)
        except RefusedError as exc:
            if exc.code != "404" or not self._has_runs:
                raise
        # Either there is no such repository, or the server is too old to list runs: the tasks tell which.
        self._has_runs = False
        try:
            return await self._poll(target, state)
        except RefusedError:
            self._has_runs = True
            raise

    async def discover(self, pattern: str, state: State) -> Names:
        """`acme/*`: the repositories of an organisation or a user; `*`: all that the token may see."""
        owner = pattern.partition("/")[0]
        if "*" in owner or "?" in owner or "/" not in pattern:
            rows = await self.client.rows(f"/repos/search?limit={_PAGE}", "data", most_pages=200)
        else:
            rows = await self._of_owner(owner)
        names = [
            name
            for each in rows
            if (name := text(each, "full_name")) and not each.get("archived") and matches(name, (pattern,))
            if not self.source.topics or {*self.source.topics} & {*(each.get("topics") or ())}
        ]
        return Names(names, state)

    async def run(self, repository: str, run_id: str, attempt: int) -> Run | None:
        """An attempt with its jobs; of a server that keeps no attempts, the last one."""
        path = f"/repos/{repository}/actions/runs/{run_id}"
        try:
            found = self.run_of(repository, self.client.json(await self.client.get(path)))
            if found.key.attempt > attempt and self._has_attempts:
                return await self._attempt(repository, f"{path}/attempts/{attempt}")
        except RefusedError as exc:
            if exc.code == "404":
                return None
            raise
        return replace(found, jobs=await self.jobs(repository, run_id))

    async def earlier(self, run: Run, known: int) -> list[Run]:
        """The attempts before this one, from the one that was known last; none of a server that keeps none (< 1.27)."""
        found = []
        path = f"/repos/{run.key.repository}/actions/runs/{run.key.run_id}/attempts"
        for number in range(max(1, known, run.key.attempt - _MOST_ATTEMPTS), run.key.attempt):
            try:
                if self._has_attempts:
                    found.append(await self._attempt(run.key.repository, f"{path}/{number}"))
            except RefusedError as exc:
                if exc.code != "404":
                    raise
                self._has_attempts = False
        return found

    async def _attempt(self, repository: str, path: str) -> Run:
        run = self.run_of(repository, self.client.json(await self.client.get(path)))
        rows = await self.client.rows(f"{path}/jobs", "jobs") if self.source.jobs else []
        provider = str(self.source.provider)
        return replace(run, jobs=tuple(job_of(provider, each) for each in rows if text(each, "id")))

    async def check(self) -> Access:
        """Whose token it is; a token may be allowed to read repositories and not its owner."""
        if not self.source.token.given:
            await self.client.get("/version")
            return Access(missing=f"without a token {self.source.provider} shows public repositories alone")
        try:
            return Access(who=text(self.client.json(await self.client.get("/user")), "login"))
        except RefusedError as exc:
            if exc.code == "403":
                return Access(who="a token without read:user")
            raise

    async def probe(self, target: str) -> None:
        """Whether it is there and may be read."""
        await self.client.get(f"/repos/{target}")

    def run_of(self, repository: str, node: Mapping[str, Any]) -> Run:
        """A run as Gitea or as Forgejo tells it. Raises UpstreamError where it has no id."""
        found = run_of(str(self.source.provider), self.source.host, repository, node)
        if found is None:
            raise UpstreamError(f"{self.client.name} told of a run without an id", "malformed")
        return found

    async def _poll(self, target: str, state: State) -> Update | None:
        path = f"/repos/{target}/actions/{'runs' if self._has_runs else 'tasks'}?limit={_PAGE}"
        answer = await self.client.get(path, state.etags.get(path, ""))
        if not answer.fresh and not (state.open and self._has_runs and self._has_jobs):
            return None
        nodes = await self._rows(answer, state) if answer.fresh else []
        cursor = max([1, state.cursor, *map(_id, nodes)])
        work = _Work(self, target, state)
        for run in sorted(self._runs(target, nodes), key=lambda each: each.updated_ms):
            await work.take(run)
        if self._has_runs:
            await work.ask_again()
        return work.result(cursor, {path: answer.etag}, is_whole=answer.fresh)

    async def _rows(self, answer: Answer, state: State) -> list[dict[str, Any]]:
        """The runs of as many pages as it takes."""
        nodes = self.client.rows_of(answer, _KEY)
        while nodes and answer.next and len(nodes) < _PAGE * _MOST_PAGES and self._wants_more(nodes, state):
            answer = await self.client.get(answer.next)
            nodes += self.client.rows_of(answer, _KEY)
        return nodes

    def _wants_more(self, nodes: Sequence[Mapping[str, Any]], state: State) -> bool:
        """Whether there may be runs between this page and the last look."""
        if state.cursor:
            return min(map(_id, nodes)) > state.cursor + 1
        times = (moment_ms(nodes[-1], key) for key in ("created_at", "created", "started_at"))
        oldest_ms = next((each for each in times if each), 0)
        return oldest_ms >= time.time() * 1000 - self._history_ms

    def _runs(self, target: str, nodes: Sequence[Mapping[str, Any]]) -> list[Run]:
        if self._has_runs:
            return [self.run_of(target, each) for each in nodes]
        by_run: dict[str, list[Mapping[str, Any]]] = {}
        for each in nodes:
            by_run.setdefault(text(each, "run_number") or "", []).append(each)
        return [self._run_of_tasks(target, number, tasks) for number, tasks in by_run.items() if number]

    def wants(self, run: Run, state: State) -> bool:
        """Whether the configuration asks for runs of this branch, and the first look for runs that old."""
        if self.source.branches and not matches(run.branch, self.source.branches):
            return False
        if state.cursor or not run.status.is_final:
            return True
        return run.updated_ms >= time.time() * 1000 - self._history_ms

    async def jobs(self, repository: str, number: str) -> tuple[Job, ...]:
        """The jobs of a run, where the server lists them (Gitea 1.25)."""
        if not (self._has_runs and self._has_jobs and self.source.jobs):
            return ()
        try:
            rows = await self.client.rows(f"/repos/{repository}/actions/runs/{number}/jobs", "jobs")
        except RefusedError as exc:
            if exc.code not in ("404", "405"):
                raise
            self._has_jobs = False
            return ()
        return tuple(job_of(str(self.source.provider), each) for each in rows if text(each, "id"))

    def _run_of_tasks(self, repository: str, number: str, tasks: Sequence[Mapping[str, Any]]) -> Run:
        """A run of its tasks, each of which is a job. Its own id is not told, only its number."""
        provider = str(self.source.provider)
        jobs = tuple(job_of_task(provider, each) for each in tasks)
        status = next((each for each in _ORDER if any(job.status is each for job in jobs)), jobs[0].status)
        updated_ms = max(job.updated_ms for job in jobs)
        started = [job.started_ms for job in jobs if job.started_ms]
        first = tasks[0]
        run = self.run_of(repository, {**first, "id": f"number-{number}", "run_attempt": 1})
        return replace(
            run,
            status=status,
            updated_ms=updated_ms,
            started_ms=min(started, default=None),
            finished_ms=updated_ms if status.is_final else None,
            jobs=jobs,
        )

    async def _of_owner(self, owner: str) -> list[dict[str, Any]]:
        try:
            return await self.client.rows(f"/orgs/{owner}/repos?limit={_PAGE}", most_pages=200)
        except RefusedError as exc:
            if exc.code != "404":
                raise
        return await self.client.rows(f"/users/{owner}/repos?limit={_PAGE}", most_pages=200)


class _Work:
    """One look: each run that is not as it was known, within the number of requests that a look may make."""

    def __init__(self, api: Gitea, target: str, state: State) -> None:
        self._api, self._target, self._state = api, target, state
        self._allowance = Allowance(api.details_s)
        self._runs: list[Run] = []
        self._known: dict[str, str] = {}
        self._open: dict[str, None] = {}
        self._etags: dict[str, str] = {}

    async def take(self, run: Run) -> None:
        """A run of the list."""
        number = run.key.run_id
        self._known[number] = seen = _fingerprint(run)
        if not self._api.wants(run, self._state):
            return
        if run.status is Status.RUNNING:
            self._open[number] = None
        before = self._state.known.get(number, "0/")
        if before != seen and run.key.attempt > 1 and self._allowance.take():
            self._runs += await self._api.earlier(run, int(before.partition("/")[0]))
        if before == seen:
            if number in self._state.open:
                await self._ask(number)
        elif run.jobs or not self._allowance.take():
            self._runs.append(run)
        else:
            self._runs.append(replace(run, jobs=await self._api.jobs(self._target, number)))

    async def ask_again(self) -> None:
        """The runs that went on, and that the list has not shown."""
        for number in self._state.open:
            if number not in self._known:
                self._open[number] = None
                await self._ask(number)

    def result(self, cursor: int, etags: Mapping[str, str], *, is_whole: bool) -> Update | None:
        """What was found; `is_whole` says whether the list was read, and not the same as before."""
        known = self._known if is_whole else {**self._state.known, **self._known}
        state = State(cursor=cursor, known=known, open=tuple(self._open)[-MOST_OPEN:], etags={**self._etags, **etags})
        return None if state == self._state and not self._runs else Update(self._runs, state)

    async def _ask(self, number: str) -> None:
        """A run that goes on: its jobs, and itself when they have changed."""
        if not self._allowance.take():
            return
        path = f"/repos/{self._target}/actions/runs/{number}/jobs"
        try:
            answer = await self._api.client.get(path, self._state.etags.get(path, ""))
        except RefusedError as exc:
            if exc.code != "404":
                raise
            self._open.pop(number, None)  # it was deleted, or this server lists no jobs
            return
        self._etags[path] = answer.etag
        if answer.fresh and (run := await self._api.run(self._target, number, _LAST)):
            self._runs.append(run)
            if run.status.is_final:
                self._open.pop(number, None)


def _id(node: Mapping[str, Any]) -> int:
    found = node.get("id")
    return found if isinstance(found, int) else 0


def _fingerprint(run: Run) -> str:
    told = f"{run.status}/{run.started_ms}/{run.finished_ms}/{run.updated_ms}"
    return f"{run.key.attempt}/{hashlib.sha256(told.encode()).hexdigest()[:12]}"
