"""GitHub Actions, also on a GitHub Enterprise Server: workflow runs, their attempts and jobs.

Source: GitHub's REST API, 2022-11-28, "Workflow runs", "Workflow jobs", "Repositories". Runs are listed in the order of
their creation, and cannot be asked for by the time of a change. So the first page is revalidated, which is free as long
as nothing changed, and pages are read until one ends before the last look. Runs that go on are asked for by their id
when they have left that page. The list has only the last attempt of a run: the others are asked for by number.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ci_reporter.hub.runs.run import Job, Run, Status
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.upstream.client import Answer, Client
from ci_reporter.hub.upstream.fields import matches, moment_ms, text
from ci_reporter.hub.upstream.nodes.github import attempt_of, job_of, run_of
from ci_reporter.hub.upstream.problems import RefusedError, UpstreamError
from ci_reporter.hub.upstream.protocol import MOST_OPEN, OVERLAP_MS, Access, Allowance, Names, Update
from ci_reporter.hub.upstream.state import State

_MOST_PAGES = 10
_MOST_ATTEMPTS = 10
_NEEDED = ("repo", "public_repo", "workflow")  # a classic token has one of these to read runs


def headers(token: str | None) -> Mapping[str, str]:
    """How the API wants to be asked."""
    version = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    return {**version, "Authorization": f"Bearer {token}"} if token else version


class GitHub:
    """The runs of repositories, `owner/name`."""

    requests_a_poll = 1

    def __init__(self, client: Client, poll: Poll) -> None:
        self.client, self.source, self._history_ms = client, client.source, round(poll.history_s * 1000)
        self.details_s = poll.deadline_s / 3

    async def poll(self, target: str, state: State) -> Update | None:
        """Revalidate the list; read what changed, and the runs that go on."""
        path = f"/repos/{target}/actions/runs?per_page=100"
        answer = await self.client.get(path, state.etags.get(path, ""))
        if not answer.fresh and not state.open:
            return None
        nodes = await self._changed(answer, self._since_ms(state)) if answer.fresh else []
        work = _Work(self, target, state)
        for node in sorted(nodes, key=lambda each: moment_ms(each, "updated_at") or 0):
            await work.take(node)
        await work.ask_again()
        return work.result({path: answer.etag}, nodes)

    async def discover(self, pattern: str, state: State) -> Names:
        """`acme/*`: the repositories of an organisation or a user; `*`: those that the token's owner works on."""
        owner = pattern.partition("/")[0]
        if "*" in owner or "?" in owner or "/" not in pattern:
            rows = await self.client.rows("/user/repos?per_page=100", most_pages=100)
        else:
            rows = await self._of_owner(owner)
        names = [
            name
            for each in rows
            if (name := text(each, "full_name")) and not each.get("archived") and not each.get("disabled")
            if matches(name, (pattern,)) and self._has_topic(each)
        ]
        return Names(names, state)

    async def run(self, repository: str, run_id: str, attempt: int) -> Run | None:
        """An attempt with its jobs."""
        try:
            answer = await self.client.get(f"/repos/{repository}/actions/runs/{run_id}/attempts/{attempt}")
        except RefusedError as exc:
            if exc.code == "404":
                return None
            raise
        node = self.client.json(answer)
        jobs = await self.jobs(await self.client.get(_jobs_path(repository, run_id, attempt)))
        return self.run_of(repository, node, jobs)

    async def check(self) -> Access:
        """Classic tokens tell their scopes in a header; fine-grained ones tell nothing."""
        limits = self.client.json(await self.client.get("/rate_limit"))
        core = limits.get("resources", {}).get("core", {}) if isinstance(limits, dict) else {}
        access = Access(limit=core.get("limit"), remaining=core.get("remaining"))
        if not self.source.token.given:
            return replace(access, missing="without a token GitHub answers 60 times an hour, for public repositories")
        try:
            answer = await self.client.get("/user")
        except RefusedError as exc:
            if exc.code == "403":  # the token of an app, which is nobody
                return replace(access, who="an app")
            raise
        scopes = tuple(each.strip() for each in answer.headers.get("X-OAuth-Scopes", "").split(",") if each.strip())
        missing = "" if not scopes or {*scopes} & {*_NEEDED} else "the token needs the scope repo to read runs"
        expires = answer.headers.get("github-authentication-token-expiration")
        who = text(self.client.json(answer), "login")
        return replace(access, who=who, scopes=scopes, missing=missing, expires=expires)

    async def probe(self, target: str) -> None:
        """Whether it is there and may be read."""
        await self.client.get(f"/repos/{target}/actions/runs?per_page=1")

    def run_of(self, repository: str, node: Mapping[str, Any], jobs: tuple[Job, ...] = ()) -> Run:
        """A run as the API tells it. Raises UpstreamError where it has no id."""
        found = run_of(self._host, repository, node)
        if found is None:
            raise UpstreamError(f"{self.client.name} told of a run without an id", "malformed")
        return replace(found, jobs=jobs)

    @property
    def _host(self) -> str:
        """As webhooks and people call it."""
        return self.source.host.removeprefix("api.") if self.source.host == "api.github.com" else self.source.host

    def _since_ms(self, state: State) -> int:
        return state.cursor - OVERLAP_MS if state.cursor else round(time.time() * 1000) - self._history_ms

    async def _changed(self, answer: Answer, since_ms: int) -> list[dict[str, Any]]:
        """The runs that changed since then, from as many pages as it takes."""
        found: list[dict[str, Any]] = []
        for _ in range(_MOST_PAGES):
            rows = self.client.rows_of(answer, "workflow_runs")
            found += [each for each in rows if (moment_ms(each, "updated_at") or 0) >= since_ms]
            if not answer.next or not rows or (moment_ms(rows[-1], "created_at") or 0) < since_ms:
                break
            answer = await self.client.get(answer.next)
        return found

    async def _of_owner(self, owner: str) -> list[dict[str, Any]]:
        try:
            return await self.client.rows(f"/orgs/{owner}/repos?per_page=100", most_pages=100)
        except RefusedError as exc:
            if exc.code != "404":
                raise
        return await self.client.rows(f"/users/{owner}/repos?per_page=100", most_pages=100)

    def _has_topic(self, node: Mapping[str, Any]) -> bool:
        found = node.get("topics")
        return not self.source.topics or (isinstance(found, list) and bool({*found} & {*self.source.topics}))

    async def jobs(self, answer: Answer) -> tuple[Job, ...]:
        """The jobs of a list that begins with this page."""
        rows = self.client.rows_of(answer, "jobs")
        if answer.next:
            rows += await self.client.rows(answer.next, "jobs")
        return tuple(job_of(each) for each in rows if text(each, "id"))

    def wants(self, run: Run) -> bool:
        """Whether the configuration asks for runs of this branch."""
        return not self.source.branches or matches(run.branch, self.source.branches)


class _Work:
    """One look: each changed run once, within the number of requests that a look may make."""

    def __init__(self, api: GitHub, target: str, state: State) -> None:
        self._api, self._client, self._target, self._state = api, api.client, target, state
        self._allowance = Allowance(api.details_s)
        self._runs: list[Run] = []
        self._known: dict[str, str] = {}
        self._open: dict[str, None] = {}
        self._etags: dict[str, str] = {}

    async def take(self, node: Mapping[str, Any]) -> None:
        """A run that the list says has changed; one that is known as it is costs nothing."""
        number, seen = text(node, "id"), _fingerprint(node)
        run = self._api.run_of(self._target, node)
        if not number or not self._api.wants(run):
            return
        self._known[number] = seen
        if self._state.known.get(number) != seen:
            await self._detail(run)

    async def ask_again(self) -> None:
        """The runs that went on at the last look, and of which the list has said nothing new."""
        seen = {run.key.run_id for run in self._runs}
        for number in self._state.open:
            if number not in seen:
                await self._revalidate(number)

    def result(self, etags: Mapping[str, str], nodes: Sequence[Mapping[str, Any]]) -> Update | None:
        """What was found, and where the next look begins; None where it begins where this one did."""
        times_ms = [moment_ms(each, "updated_at") or 0 for each in nodes]
        cursor = max([self._state.cursor, *times_ms]) or round(time.time() * 1000)
        known = {**self._state.known, **self._known}
        kept = {
            number: seen
            for number, seen in known.items()
            if number in self._open or int(seen.split("/")[1]) >= cursor - OVERLAP_MS
        }
        # What goes on comes first; after it, what has ended and whose jobs are still to be asked for.
        still_open = tuple(sorted(self._open, key=lambda number: known.get(number, "").endswith("/completed")))
        state = State(cursor=cursor, known=kept, open=still_open[:MOST_OPEN], etags={**self._etags, **etags})
        return None if state == self._state and not self._runs else Update(self._runs, state)

    async def _detail(self, run: Run) -> None:
        """The run with its jobs and its earlier attempts, as far as there are requests left.

        The first look at a repository does not ask for the jobs of what has ended: there may be hundreds.
        """
        is_over = run.status.is_final or run.status is Status.WAITING
        wants_jobs = self._api.source.jobs and not (is_over and not self._state.cursor)
        may_ask = wants_jobs and self._allowance.take()
        if not is_over or (wants_jobs and not may_ask):
            self._open[run.key.run_id] = None
        if not may_ask:
            self._runs.append(run)
            return
        await self._earlier(run)
        path = _jobs_path(self._target, run.key.run_id, run.key.attempt)
        answer = await self._client.get(path)
        if not is_over:
            self._etags[path] = answer.etag
        self._runs.append(replace(run, jobs=await self._api.jobs(answer)))

    async def _earlier(self, run: Run) -> None:
        """The attempts before this one, from the first that was never seen as it ended."""
        attempt, _, rest = self._state.known.get(run.key.run_id, "0//completed").partition("/")
        first = int(attempt) + rest.endswith("/completed")
        for number in range(max(first, run.key.attempt - _MOST_ATTEMPTS), run.key.attempt):
            self._allowance.take()
            if found := await self._api.run(self._target, run.key.run_id, number):
                self._runs.append(found)

    async def _revalidate(self, number: str) -> None:
        """A run that goes on: first itself, then its jobs, which do not move its `updated_at`. Both are free."""
        if not self._allowance.take(2):
            self._open[number] = None
            return
        path = f"/repos/{self._target}/actions/runs/{number}"
        try:
            answer = await self._get_again(path)
            if answer.fresh:
                node = self._client.json(answer)
                self._known[number] = _fingerprint(node)
                await self._detail(self._api.run_of(self._target, node))
                return
            self._open[number] = None
            attempt = int(self._state.known.get(number, "1").partition("/")[0])
            jobs = await self._get_again(_jobs_path(self._target, number, attempt))
            if jobs.fresh:
                node = self._client.json(await self._client.get(path))
                self._runs.append(self._api.run_of(self._target, node, await self._api.jobs(jobs)))
        except RefusedError as exc:
            if exc.code != "404":
                raise
            self._open.pop(number, None)  # it was deleted

    async def _get_again(self, path: str) -> Answer:
        """Ask whether something is still as it was."""
        answer = await self._client.get(path, self._state.etags.get(path, ""))
        self._etags[path] = answer.etag
        return answer


def _jobs_path(repository: str, run_id: str, attempt: int) -> str:
    return f"/repos/{repository}/actions/runs/{run_id}/attempts/{attempt}/jobs?per_page=100"


def _fingerprint(node: Mapping[str, Any]) -> str:
    return f"{attempt_of(node)}/{moment_ms(node, 'updated_at') or 0}/{text(node, 'status')}"
