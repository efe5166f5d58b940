"""What is looked at: a repository or a folder, and patterns, which are looked up now and then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ci_reporter.hub.settings.poll import Provider, Source
from ci_reporter.hub.upstream.fields import matches

_PATH = re.compile(r"[\w.~+-]+(?:/[\w.~+-]+)+")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One thing to look at. `name` is its key in the database and in metrics; a pattern's path is the pattern."""

    source: Source
    path: str
    is_pattern: bool = False

    @property
    def name(self) -> str:
        """`gitlab.example/acme/shop`; of a pattern `lookup gitlab.example/acme/*`."""
        host = self.source.host.removeprefix("api.") if self.source.provider is Provider.GITHUB else self.source.host
        name = f"{host}/{self.path.strip('/')}"
        if not self.is_pattern:
            return name
        topics = f" topics {','.join(self.source.topics)}" if self.source.topics else ""
        return f"lookup {name}{topics}"


def fixed(sources: Iterable[Source]) -> dict[str, Target]:
    """What the configuration itself names: repositories, and patterns to look up. The first of two equal ones counts.

    What Jenkins calls a job may be in a folder or be one, so all of its names are looked up.
    """
    found: dict[str, Target] = {}
    for source in sources:
        for path in source.repositories:
            is_pattern = source.provider is Provider.JENKINS or any(char in path for char in "*?")
            if is_pattern or not matches(path, source.exclude):
                target = Target(source=source, path=path, is_pattern=is_pattern)
                found.setdefault(target.name, target)
    return found


def looked_up(patterns: Iterable[Target], names: Mapping[str, Iterable[str]]) -> dict[str, Target]:
    """The repositories that the patterns stand for; `names` is by the name of the pattern's target."""
    found: dict[str, Target] = {}
    for pattern in patterns:
        for path in names.get(pattern.name, ()):
            if not _is_path(pattern.source.provider, path):
                continue
            if pattern.source.provider is Provider.JENKINS or not matches(path, pattern.source.exclude):
                target = Target(source=pattern.source, path=path)
                found.setdefault(target.name, target)
    return found


def _is_path(provider: Provider, path: str) -> bool:
    """Whether a name that a server told may be a part of an address; Jenkins' names are percent-encoded there."""
    return provider is Provider.JENKINS or (_PATH.fullmatch(path) is not None and ".." not in path)
