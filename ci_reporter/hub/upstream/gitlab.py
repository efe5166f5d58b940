"""GitLab: pipelines, those of merge requests and child pipelines among them, and their jobs.

Source: GitLab's REST API, "Pipelines", "Jobs", "Projects", "Groups", "Personal access tokens". Pipelines are listed by
the time of their last change, so none is missed that began and ended between two looks; child pipelines are only in the
list of `source=parent_pipeline`. A pipeline that is retried keeps its id: its attempts are its jobs, `include_retried`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ci_reporter.hub.runs.run import Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.upstream.client import Client
from ci_reporter.hub.upstream.fields import (
    before_wildcard,
    matches,
    moment_ms,
    text,
    web_address,
)
from ci_reporter.hub.upstream.nodes.gitlab import job_of, run_of
from ci_reporter.hub.upstream.problems import RefusedError, UpstreamError
from ci_reporter.hub.upstream.protocol import MOST_OPEN, OVERLAP_MS, Access, Allowance, Names, Update
from ci_reporter.hub.upstream.state import State

_MOST_PAGES = 20
_PAGE = 100
_LISTS = ("", "&source=parent_pipeline")


def headers(token: str | None) -> Mapping[str, str]:
    """How the API wants to be asked."""
    return {"PRIVATE-TOKEN": token} if token else {}


class GitLab:
    """The pipelines of projects, by their path."""

    requests_a_poll = len(_LISTS)

    def __init__(self, client: Client, poll: Poll) -> None:
        self.client, self.source, self._history_ms = client, client.source, round(poll.history_s * 1000)
        self.details_s = poll.deadline_s / 3

    async def poll(self, target: str, state: State) -> Update | None:
        """List what changed since the last look, a minute of overlap included; then each of these."""
        cursor = state.cursor or round(time.time() * 1000) - self._history_ms + OVERLAP_MS
        nodes: dict[str, dict[str, Any]] = {}
        etags: dict[str, str] = {}
        for more in _LISTS:
            async for node in self._changed(target, cursor - OVERLAP_MS, more, state.etags, etags):
                nodes[text(node, "id") or ""] = node
        if not nodes and not state.open and state.cursor and etags == state.etags:
            return None
        work = _Work(self, target, state)
        for node in sorted(nodes.values(), key=lambda each: moment_ms(each, "updated_at") or 0):
            await work.take(node)
        await work.ask_again()
        return work.result(cursor, nodes.values(), etags)

    async def discover(self, pattern: str, state: State) -> Names:
        """`platform/*`: the projects of a group and its subgroups; `*`: those that the token's owner is a member of."""
        group = before_wildcard(pattern)
        usual = "archived=false&simple=true&per_page=100"
        if group:
            path = f"/groups/{quote(group, safe='')}/projects?include_subgroups=true&with_shared=false&{usual}"
        else:
            path = f"/projects?membership=true&{usual}"
        wanted = {*self.source.topics}
        names = [
            name
            for each in await self.client.rows(path, most_pages=200)
            if (name := text(each, "path_with_namespace")) and matches(name, (pattern,))
            if not wanted or wanted & {*(each.get("topics") or each.get("tag_list") or ())}
        ]
        return Names(names, state)

    async def run(self, repository: str, run_id: str, attempt: int) -> Run | None:  # noqa: ARG002  it has no attempts
        """A pipeline with its jobs."""
        try:
            return (await self.details(repository, run_id, with_jobs=True))[0]
        except RefusedError as exc:
            if exc.code == "404":
                return None
            raise

    async def check(self) -> Access:
        """A token tells of itself, if it may; else its owner."""
        if not self.source.token.given:
            await self.client.get("/projects?per_page=1")
            return Access(missing="without a token GitLab shows public projects alone")
        try:
            found = self.client.json(await self.client.get("/personal_access_tokens/self"))
        except RefusedError as exc:
            if exc.code == "401":
                raise
            found = {}
        scopes = tuple(each for each in found.get("scopes", ()) if isinstance(each, str))
        who = text(found, "name") or text(self.client.json(await self.client.get("/user")), "username")
        missing = "" if not scopes or {*scopes} & {"api", "read_api"} else "the token needs the scope read_api"
        budget = self.client.budget
        return Access(
            who=who,
            scopes=scopes,
            missing=missing,
            expires=text(found, "expires_at"),
            limit=budget.limit,
            remaining=budget.remaining,
        )

    def wants(self, run: Run) -> bool:
        """Whether the configuration asks for runs of this branch."""
        return not self.source.branches or matches(run.branch, self.source.branches)

    async def details(self, target: str, number: str, *, with_jobs: bool) -> tuple[Run, tuple[str, ...]]:
        """A pipeline, and the numbers of its child pipelines in the same project."""
        path = f"{_project(target)}/pipelines/{number}"
        run = self.run_of(target, self.client.json(await self.client.get(path)))
        if not with_jobs:
            return run, ()
        jobs = await self.client.rows(f"{path}/jobs?include_retried=true&per_page=100")
        bridges = await self.client.rows(f"{path}/bridges?per_page=100")
        children = tuple(child for each in bridges if (child := _child(each)))
        return replace(run, jobs=tuple(job_of(each) for each in (*jobs, *bridges) if text(each, "id"))), children

    async def probe(self, target: str) -> None:
        """Whether it is there and may be read."""
        await self.client.get(f"{_project(target)}/pipelines?order_by=updated_at&per_page=1")

    def run_of(self, target: str, node: Mapping[str, Any]) -> Run:
        """A pipeline as a list or its own address tells it. Raises UpstreamError where it has no id."""
        found = run_of(self.source.host, target, node)
        if found is None:
            raise UpstreamError(f"{self.client.name} told of a pipeline without an id", "malformed")
        return found

    async def _changed(
        self, target: str, since_ms: int, more: str, before: Mapping[str, str], after: dict[str, str]
    ) -> AsyncIterator[dict[str, Any]]:
        """The pipelines that changed since then, oldest change first.

        A page by its number would skip pipelines: one that changes moves to the end, and the others move up. So the
        next page begins at the time of this one's last row; only a hundred of the same time need page numbers.
        """
        first = path = _list_path(target, since_ms, more)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = await self.client.get(path, before.get(path, ""))
            if path == first:
                after[path] = answer.etag
            rows = self.client.rows_of(answer) if answer.fresh else []
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            new = {text(row, "id") or "" for row in rows} - seen
            seen |= new
            path = _list_path(target, (moment_ms(rows[-1], "updated_at") or 0) - 1, more) if new else answer.next
            after.pop(first, None)  # the list has several pages, and the first alone says nothing of the others
            if not path:
                return


class _Work:
    """One look: each changed pipeline once, within the number of requests that a look may make."""

    def __init__(self, api: GitLab, target: str, state: State) -> None:
        self._api, self._target, self._state = api, target, state
        self._allowance = Allowance(api.details_s)
        self._runs: dict[str, Run] = {}
        self._known: dict[str, str] = {}
        self._open: dict[str, None] = {}
        self._parents: dict[str, str] = {}
        self._etags: dict[str, str] = {}

    async def take(self, node: Mapping[str, Any]) -> None:
        """A pipeline that the list says has changed; one that is known as it is costs nothing."""
        number = text(node, "id")
        if number is None or not self._api.wants(self._api.run_of(self._target, node)):
            return
        self._known[number] = seen = _fingerprint(node)
        if self._state.known.get(number) != seen:
            await self._detail(node, number)

    async def ask_again(self) -> None:
        """The pipelines that went on, and of which the list says nothing new: their jobs may have changed."""
        for number in self._state.open:
            if number in self._runs:
                continue
            if self._allowance.take() and await self._has_new_jobs(number):
                await self._detail({"id": number}, number)
            else:
                self._open[number] = None

    async def _has_new_jobs(self, number: str) -> bool:
        path = f"{_project(self._target)}/pipelines/{number}/jobs?include_retried=true&per_page=100"
        try:
            answer = await self._api.client.get(path, self._state.etags.get(path, ""))
        except RefusedError as exc:
            if exc.code == "404":  # the details say so, too
                return True
            raise
        self._etags[path] = answer.etag
        return answer.fresh

    def result(self, since: int, nodes: Collection[Mapping[str, Any]], etags: Mapping[str, str]) -> Update | None:
        """What was found, and where the next look begins."""
        cursor = max([since, *(moment_ms(each, "updated_at") or 0 for each in nodes)])
        known = {**self._state.known, **self._known}
        kept = {number: seen for number, seen in known.items() if _seen_ms(seen) >= cursor - OVERLAP_MS}
        etags = {**etags, **{path: etag for path, etag in self._etags.items() if path.split("/")[4] in self._open}}
        state = State(cursor=cursor, known=kept, open=tuple(self._open)[-MOST_OPEN:], etags=etags)
        runs = [replace(run, parent_run_id=self._parents.get(number)) for number, run in self._runs.items()]
        return None if state == self._state and not runs else Update(runs, state)

    async def _detail(self, node: Mapping[str, Any], number: str) -> None:
        """The pipeline with its jobs. The first look asks for no jobs of what has ended: there may be hundreds."""
        status = status_of("gitlab", text(node, "status"))
        with_jobs = self._api.source.jobs and not (status.is_final and not self._state.cursor)
        if not self._allowance.take():
            self._open[number] = None
            if len(node) > 1:
                self._runs[number] = self._api.run_of(self._target, node)
            return
        try:
            run, children = await self._api.details(self._target, number, with_jobs=with_jobs)
        except RefusedError as exc:
            if exc.code == "404":  # it was deleted
                return
            raise
        self._runs[number] = run
        self._parents |= dict.fromkeys(children, number)
        if run.status is Status.RUNNING:
            self._open[number] = None
        for child in children:
            if child not in self._runs and child not in self._known and child not in self._state.known:
                await self._detail({"id": child}, child)


def _child(bridge: Mapping[str, Any]) -> str | None:
    """The pipeline that a trigger job started, where it is in the same project: only the addresses' numbers differ."""
    ours, theirs = (web_address(bridge, key, "web_url") or "" for key in ("pipeline", "downstream_pipeline"))
    number = text(bridge, "downstream_pipeline", "id")
    return number if ours and number and ours.rpartition("/")[0] == theirs.rpartition("/")[0] else None


def _list_path(target: str, since_ms: int, more: str) -> str:
    since = quote(datetime.fromtimestamp(since_ms / 1000, UTC).isoformat(timespec="milliseconds"), safe="")
    return f"{_project(target)}/pipelines?updated_after={since}&order_by=updated_at&sort=asc&per_page={_PAGE}{more}"


def _project(target: str) -> str:
    return f"/projects/{quote(target, safe='')}"


def _fingerprint(node: Mapping[str, Any]) -> str:
    return f"{moment_ms(node, 'updated_at') or 0}/{text(node, 'status')}"


def _seen_ms(fingerprint: str) -> int:
    return int(fingerprint.partition("/")[0])
