"""`poll:` of the hub's configuration file: which CI systems to look at, which repositories there, how often.

poll:
  interval: 60s
  targets:
    - provider: github
      repositories: [acme/*]
      exclude: [acme/sandbox-*]
      token_env: GITHUB_TOKEN
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from ci_reporter.config import values, yaml
from ci_reporter.config.yaml import Node, kind, read
from ci_reporter.errors import UsageError
from ci_reporter.hub.settings.tokens import Token, token_of

FLOOR_S = 10.0
POLL_KEYS = ("interval", "deadline", "timeout", "history", "discover", "targets")
SOURCE_KEYS: tuple[str, ...] = (
    *("provider", "url", "repositories", "topics", "exclude", "branches", "interval", "concurrency"),
    *("token_env", "token_file", "username", "ca", "reserve", "jobs"),
)
_MOST_PATTERNS = 2000
_MOST_AT_ONCE = 32
_PATTERN = re.compile(r"[\w.*?~+-][\w .*?~+%-]*(?:/[\w.*?~+%-][\w .*?~+%-]*)*")


class Provider(StrEnum):
    """The CI systems that can be polled."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    GITEA = "gitea"
    FORGEJO = "forgejo"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A CI system and the repositories that are looked at there; for Jenkins these are folders and jobs."""

    provider: Provider
    url: str
    repositories: tuple[str, ...]
    topics: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    token: Token = field(default_factory=Token)
    username: str | None = None
    ca: str | None = None
    interval_s: float = 60.0
    at_once: int = 1
    reserve: float = 0.1
    jobs: bool = True
    line: int = 0

    @property
    def host(self) -> str:
        """The server's name, and its port where it is not the usual one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class Poll:
    """What to look at. One look at one target may take `deadline_s`; the first look goes `history_s` back."""

    sources: tuple[Source, ...] = ()
    deadline_s: float = 30.0
    timeout_s: float = 8.0
    history_s: float = 86_400.0
    discover_s: float = 600.0


def poll_of(node: Node) -> Poll:
    """Read the section. Raises UsageError."""
    keys = yaml.mapping(node, POLL_KEYS)
    usual_s = read(keys, "interval", _interval, 60.0)
    targets = yaml.items(keys["targets"]) if "targets" in keys else []
    return Poll(
        sources=tuple(_source(each, usual_s) for each in targets),
        deadline_s=read(keys, "deadline", _within(1.0, 600.0), 30.0),
        timeout_s=read(keys, "timeout", _within(0.1, 60.0), 8.0),
        history_s=read(keys, "history", _within(0.0, 30 * 86_400.0), 86_400.0),
        discover_s=read(keys, "discover", _within(FLOOR_S, 7 * 86_400.0), 600.0),
    )


def _source(node: Node, usual_s: float) -> Source:
    keys = yaml.mapping(node, SOURCE_KEYS)
    for needed, example in (("provider", "github"), ("repositories", "[acme/*]")):
        if needed not in keys:
            raise UsageError(f"{node.where}: a target has no {needed}: (write {needed}: {example})")
    provider = Provider(yaml.one_of(tuple(Provider))(keys["provider"]))
    if "username" in keys and provider is not Provider.JENKINS:
        raise UsageError(f"{keys['username'].where}: only Jenkins wants a name beside the token (leave it out)")
    return Source(
        provider=provider,
        url=_url(keys.get("url"), provider, node),
        repositories=_patterns(keys["repositories"]),
        topics=yaml.names(keys.get("topics")),
        exclude=_patterns(keys["exclude"]) if "exclude" in keys else (),
        branches=tuple(_branch(each) for each in _nodes(keys.get("branches"))),
        token=token_of(keys),
        username=read(keys, "username", yaml.text, None),
        ca=read(keys, "ca", kind(values.certificates), None),
        interval_s=read(keys, "interval", _interval, usual_s),
        at_once=read(keys, "concurrency", kind(_at_once), 1),
        reserve=read(keys, "reserve", kind(values.share), 0.1),
        jobs=read(keys, "jobs", yaml.flag, True),
        line=node.line,
    )


def _interval(node: Node) -> float:
    seconds = float(kind(values.duration_with_unit_s)(node))
    if seconds < FLOOR_S:
        raise UsageError(f"{node.where}: {yaml.describe(node)} is below {FLOOR_S:g}s, the least (webhooks are faster)")
    return seconds


def _within(least_s: float, most_s: float) -> Callable[[Node], float]:
    def of(node: Node) -> float:
        seconds = float(kind(values.duration_with_unit_s)(node)) if yaml.text(node) != "0" else 0.0
        if not least_s <= seconds <= most_s:
            raise UsageError(f"{node.where}: {yaml.describe(node)} is not between {least_s:g}s and {most_s:g}s")
        return seconds

    return of


def _at_once(text: str) -> int:
    found = values.count(text)
    if not 1 <= found <= _MOST_AT_ONCE:
        raise ValueError(f"is not a number from 1 to {_MOST_AT_ONCE}")
    return found


def _nodes(node: Node | None) -> list[Node]:
    """One node, or those of a list."""
    if node is None:
        return []
    return node.value if isinstance(node.value, list) else [node]


def _patterns(node: Node) -> tuple[str, ...]:
    found = tuple(_pattern(each, node) for each in _nodes(node))
    if not found:
        raise UsageError(f"{node.where}: the list is empty (write acme/shop, or acme/* for all of acme)")
    if len(found) > _MOST_PATTERNS:
        raise UsageError(f"{node.where}: has more than {_MOST_PATTERNS} names (use a wildcard: acme/*)")
    return found


def _pattern(node: Node, inside: Node) -> str:
    text = yaml.text(node).strip("/")
    if not _PATTERN.fullmatch(text) or ".." in text:
        raise UsageError(
            f"{node.place}: {inside.key}: {yaml.describe(node)} is not a repository or a pattern of them"
            " (write acme/shop or acme/*)"
        )
    return text


def _branch(node: Node) -> str:
    """A branch or a pattern of them. Source: git-check-ref-format(1); `*` and `?` are ours."""
    text = yaml.text(node)
    if re.search(r"\.\.|[\x00-\x20\x7f~^:\\]|@\{|//|\.lock(/|$)|^[-/.]|/$|\.$|/\.", text):
        raise UsageError(f"{node.place}: branches: {yaml.describe(node)} is not a name that a branch can have")
    return text


# The address of the API on the host of the pages, where a path is not given.
_API_PATHS: Mapping[Provider, str] = {
    Provider.GITHUB: "/api/v3",
    Provider.GITLAB: "/api/v4",
    Provider.JENKINS: "",
    Provider.GITEA: "/api/v1",
    Provider.FORGEJO: "/api/v1",
}
_USUAL_URLS: Mapping[Provider, str] = {
    Provider.GITHUB: "https://api.github.com",
    Provider.GITLAB: "https://gitlab.com/api/v4",
}


def _url(node: Node | None, provider: Provider, inside: Node) -> str:
    """The API's address: `https://gitlab.example` is `https://gitlab.example/api/v4`."""
    if node is None:
        if provider not in _USUAL_URLS:
            raise UsageError(f"{inside.where}: a target at {provider} has no url: (write url: https://ci.example)")
        return _USUAL_URLS[provider]
    url = str(kind(values.url)(node))
    if values.has_user(url):
        raise UsageError(f"{node.where}: has a user in it (write username: and token_env:)")
    if url in ("https://github.com", "https://www.github.com", "https://api.github.com"):
        return _USUAL_URLS[Provider.GITHUB]
    path = _API_PATHS[provider]
    return url if url.endswith(path) else f"{url}{path}"
