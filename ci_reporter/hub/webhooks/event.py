"""What a delivery tells, in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ci_reporter.hub.runs.change import Change, Kind
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.run import Key, Run, Status
from ci_reporter.hub.upstream.fields import text

Payload = Mapping[str, Any]

_NO_COMMIT = re.compile("0+")


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a delivery tells. `ignored`: why nothing of it is of use here. `words`: statuses that nobody knows."""

    repository: str = ""
    runs: tuple[Run, ...] = ()
    moves: tuple[Change, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    ignored: str = ""
    words: tuple[str, ...] = ()


def host_of(*addresses: str | None) -> str:
    """The server that the first of these addresses is on, as the poller names it."""
    for address in addresses:
        try:
            if address and (found := urlsplit(address).netloc.rpartition("@")[2]):
                return found.lower()
        except ValueError:
            continue
    return ""


def child(node: object, *keys: str) -> dict[str, Any]:
    """The object at a path of keys, an empty one where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def children(node: object, key: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    found = node.get(key) if isinstance(node, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def attempt_of(node: Payload) -> int:
    """The number of a run's attempt; the first one where that is not told."""
    found = node.get("run_attempt")
    return found if isinstance(found, int) and 0 < found < 10_000 else 1


def move(repository: str, ref: str | None, ends: tuple[str | None, str | None], details: Payload) -> Change | None:
    """A branch or a tag that is at another commit now; without a commit it was made, or deleted."""
    is_tag = (ref or "").startswith("refs/tags/")
    name = (ref or "").removeprefix("refs/tags/").removeprefix("refs/heads/")
    before, after = (None if not each or _NO_COMMIT.fullmatch(each) else each for each in ends)
    if not name or before == after:
        return None
    return Change(
        kind=Kind.TAG if is_tag else Kind.PUSH,
        repository=repository,
        subject=name,
        was=before,
        became=after,
        body={key: value for key, value in details.items() if value is not None},
    )


def run_of_job(key: Key, pipeline: str, **more: Any) -> Run:
    """What an event of a job says of its run: that it is there, and nothing of where it stands."""
    return Run(key=key, pipeline=pipeline, status=Status.UNKNOWN, updated_ms=0, **more)


def push_of(repository: str, payload: Payload) -> Event:
    """A push as GitHub, Gitea, Forgejo and GitLab tell it."""
    head = child(payload, "head_commit") or (children(payload, "commits") or [{}])[-1]
    commits = payload.get("commits")
    details = {
        "actor": text(payload, "pusher", "login") or text(payload, "pusher", "name") or text(payload, "user_username"),
        "title": (text(head, "message") or "").partition("\n")[0][:200] or None,
        "commits": len(commits) if isinstance(commits, list) else None,
        "url": text(payload, "compare") or text(payload, "compare_url"),
    }
    ends = text(payload, "before"), text(payload, "after")
    found = move(repository, text(payload, "ref"), ends, details)
    return Event(repository=repository, moves=(found,)) if found else Event(ignored="the push names no ref")
