"""Bitbucket's events, of the cloud and of a Data Center.

Sources: Bitbucket Cloud documentation, "Event payloads"; Bitbucket Data Center documentation, "Event payload". A commit
status is all that it tells of a build, whoever built: its key names the pipeline, and its address the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.hub.runs.change import Change
from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.runs.words import status_of
from ci_reporter.hub.upstream.fields import moment_ms, sha, text, web_address
from ci_reporter.hub.webhooks.event import Event, Payload, child, children, host_of, move

_PROVIDER = "bitbucket"
# `/shop2/builds/17?tab=log`, where the 2 is of the repository; Bamboo writes `/browse/SHOP-CI-17`.
_NUMBERS = (re.compile(r"/(\d+)(?=[/?#]|$)"), re.compile(r"-(\d+)(?=[?#]|$)"))


def translate(event: str, payload: Payload) -> Event:
    """What an event says."""
    repository = text(payload, "repository", "full_name") or _of_data_center(payload)
    if not repository:
        return Event(ignored=f"the event {event!r} names no repository")
    if event == "repo:push":
        return _event(repository, tuple(_pushes(repository, payload)))
    if event == "repo:refs_changed":
        return _event(repository, tuple(_changed_refs(repository, payload)))
    if event in ("repo:commit_status_created", "repo:commit_status_updated"):
        return _status(repository, payload)
    return Event(repository=repository, ignored=f"nothing here needs the event {event!r}")


def _event(repository: str, moves: tuple[Change, ...]) -> Event:
    return Event(repository=repository, moves=moves, ignored="" if moves else "the push names no ref")


def _pushes(repository: str, payload: Payload) -> Iterator[Change]:
    actor = text(payload, "actor", "nickname") or text(payload, "actor", "display_name")
    for each in children(child(payload, "push"), "changes"):
        new, old = child(each, "new"), child(each, "old")
        named = new or old
        kind = "tags" if text(named, "type") == "tag" else "heads"
        ends = text(old, "target", "hash"), text(new, "target", "hash")
        title = (text(new, "target", "message") or "").partition("\n")[0][:200] or None
        details = {"actor": actor, "title": title, "url": web_address(child(each, "links", "html"), "href")}
        if found := move(repository, f"refs/{kind}/{text(named, 'name') or ''}", ends, details):
            yield found


def _changed_refs(repository: str, payload: Payload) -> Iterator[Change]:
    actor = text(payload, "actor", "name")
    for each in children(payload, "changes"):
        ends = text(each, "fromHash"), text(each, "toHash")
        if found := move(repository, text(each, "ref", "id"), ends, {"actor": actor}):
            yield found


def _status(repository: str, payload: Payload) -> Event:
    node = child(payload, "commit_status")
    address, word, name = web_address(node, "url"), text(node, "state") or "", text(node, "key")
    revision = sha(child(node, "commit").get("hash"))
    run_id = _number(address) or "-".join(filter(None, (name, (revision or "")[:12])))
    if not run_id:
        return Event(repository=repository, ignored="the event has no commit_status")
    status = status_of(_PROVIDER, word)
    updated_ms = moment_ms(node, "updated_on") or moment_ms(node, "created_on") or 0
    run = Run(
        key=Key(_PROVIDER, _host(payload), repository, run_id, 1),
        # The statuses of Bitbucket's own pipelines have names such as `Pipeline #17 for main`.
        pipeline=repository if (text(node, "name") or "").startswith("Pipeline #") else name or repository,
        status=status,
        updated_ms=updated_ms,
        branch=text(node, "refname"),
        revision=revision,
        title=text(node, "description"),
        url=address,
        queued_ms=moment_ms(node, "created_on"),
        finished_ms=updated_ms if status.is_final else None,
    )
    return Event(repository=repository, runs=(run,), words=(word,) if status is Status.UNKNOWN and word else ())


def _number(address: str | None) -> str | None:
    """The number of a build: the last part of its address that is one, else that ends with one."""
    for pattern in _NUMBERS:
        if found := pattern.findall(address or ""):
            return str(found[-1])
    return None


def _of_data_center(payload: Payload) -> str:
    project, slug = text(payload, "repository", "project", "key"), text(payload, "repository", "slug")
    return f"{project}/{slug}" if project and slug else ""


def _host(payload: Payload) -> str:
    return host_of(text(payload, "repository", "links", "html", "href")) or "bitbucket.org"
