"""JSON of a CI system → texts, times, refs and commits; what is not one is None, and never trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Any

from ci_reporter.http.rest import text, web_address

__all__ = ["branch_of", "change_of", "duration_ms", "matches", "moment_ms", "ref", "sha", "text", "web_address"]

_SHA = re.compile(r"[0-9a-f]{40}")
_REF_FAULT = re.compile(r"\.\.|[\x00-\x20\x7f~^:?*\[\\]|@\{|//|\.lock(?:/|$)|^[-/.]|/$|\.$|/\.")
_CHANGE = re.compile(r"refs/(?:pull|merge-requests)/(\d+)/(?:head|merge|train)")


def moment_ms(node: Any, *keys: str) -> int | None:
    """A time in milliseconds since the epoch. Gitea writes the year 1 or 1970 for one that has not come yet."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, str) or len(node) > 40:
        return None
    try:
        found = datetime.fromisoformat(node)
        at_s = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return round(at_s * 1000) if at_s > 0 else None


def duration_ms(node: Any, key: str) -> int | None:
    """A duration in milliseconds, of seconds as a number."""
    found = node.get(key) if isinstance(node, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e9:
        return None
    return round(found * 1000)


def sha(value: object) -> str | None:
    """A commit's full hash."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) else None


def ref(value: object) -> str | None:
    """The name of a branch or tag that git can have. Source: git-check-ref-format(1)."""
    if not isinstance(value, str) or not 0 < len(value) <= 250 or value == "@":
        return None
    return None if _REF_FAULT.search(value) else value


def branch_of(value: object) -> str | None:
    """The branch that a ref names; None for a tag's or a change's."""
    name = ref(value)
    if name is None or name.startswith(("refs/tags/", "refs/pull/", "refs/merge-requests/")):
        return None
    return name.removeprefix("refs/heads/")


def change_of(value: object) -> str | None:
    """The number of the pull or merge request that a ref names."""
    match = _CHANGE.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else None


def matches(name: str | None, patterns: Iterable[str]) -> bool:
    """Whether a name is one of these, or fits one of their patterns; `*` is also for slashes."""
    return name is not None and any(fnmatchcase(name, each) for each in patterns)


def before_wildcard(pattern: str) -> str:
    """The group or folder that a pattern begins with: `a/b/*` is in `a/b`; empty for `*`."""
    parents = pattern.strip("/").split("/")[:-1]
    return "/".join(takewhile(lambda part: "*" not in part and "?" not in part, parents))
