"""What a configuration would poll: which CI systems answer, what their tokens may do, what it costs an hour."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ci_reporter.errors import UsageError
from ci_reporter.hub.poll import targets
from ci_reporter.hub.poll.targets import Target
from ci_reporter.hub.settings.poll import Poll, Provider, Source
from ci_reporter.hub.upstream.connect import Connections
from ci_reporter.hub.upstream.meter import Meter
from ci_reporter.hub.upstream.problems import UpstreamError
from ci_reporter.hub.upstream.protocol import Access, Upstream
from ci_reporter.hub.upstream.state import State

_SHOWN = 5
_MOST_ASKED = 20  # repositories that are named one by one: whether they are there
_PAGE = 100


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence about a target of the configuration."""

    level: Level
    line: int
    text: str


async def findings(poll: Poll, environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """What there is to say of each target, as soon as it is known."""
    connections = Connections(poll, environ, Meter())
    try:
        for source in poll.sources:
            try:
                upstream = connections.upstream(source)
                async for each in _of_source(poll, source, upstream):
                    yield each
            except (UpstreamError, UsageError) as exc:
                yield Finding(level=Level.FAILURE, line=source.line, text=str(exc))
    finally:
        await connections.close()


async def _of_source(poll: Poll, source: Source, upstream: Upstream) -> AsyncIterator[Finding]:
    began_s = time.monotonic()
    access = await upstream.check()
    request_s = time.monotonic() - began_s
    yield Finding(level=Level.OK, line=source.line, text=_who(source, access))
    if access.missing:
        yield Finding(level=Level.WARNING, line=source.line, text=f"{_name(source)}: {access.missing}")
    found, lookups = await _expand(source, upstream)
    yield _what(source, found)
    for target in [each for each in found if each.path in source.repositories][:_MOST_ASKED]:
        try:
            await upstream.probe(target.path)
        except UpstreamError as exc:
            yield Finding(level=Level.FAILURE, line=source.line, text=f"{target.name}: {exc}")
    yield _cost(poll, source, len(found) * upstream.requests_a_poll, lookups)
    round_s = len(found) * upstream.requests_a_poll * request_s / source.at_once
    if round_s > source.interval_s:
        yield Finding(
            level=Level.WARNING,
            line=source.line,
            text=f"{_name(source)}: a round takes about {round_s:.0f} s, at {request_s * 1000:.0f} ms a request, so"
            f" data will be older than the interval of {source.interval_s:g} s (raise interval or concurrency)",
        )


async def _expand(source: Source, upstream: Upstream) -> tuple[list[Target], int]:
    """The targets, and how many requests it takes to look the patterns up."""
    fixed = targets.fixed([source])
    patterns = [each for each in fixed.values() if each.is_pattern]
    names = {each.name: (await upstream.discover(each.path, State())).names for each in patterns}
    found = {
        **targets.looked_up(patterns, names),
        **{name: each for name, each in fixed.items() if not each.is_pattern},
    }
    lookups = sum(max(1, math.ceil(len(each) / _PAGE)) for each in names.values())
    return list(found.values()), lookups


def _cost(poll: Poll, source: Source, requests_a_round: int, lookups: int) -> Finding:
    """What the targets cost an hour while nothing changes."""
    an_hour = round(requests_a_round * 3600 / source.interval_s + lookups * 3600 / poll.discover_s)
    free = "; what has not changed is free" if source.provider is Provider.GITHUB and source.token.given else ""
    text = f"{_name(source)}: {an_hour:,} requests an hour, at a look every {source.interval_s:g} s{free}"
    return Finding(level=Level.OK, line=source.line, text=text)


def _who(source: Source, access: Access) -> str:
    who = f"answers, and {source.token.where} is {access.who}'s" if access.who else "answers"
    scopes = f", with the scopes {', '.join(access.scopes)}" if access.scopes else ""
    expires = f", until {access.expires}" if access.expires else ""
    left = f"; {access.remaining:,} of {access.limit:,} requests are left" if access.limit and access.remaining else ""
    return f"{_name(source)} {who}{scopes}{expires}{left}"


def _what(source: Source, found: Sequence[Target]) -> Finding:
    if not found:
        asked = ", ".join(source.repositories[:_SHOWN])
        return Finding(
            level=Level.WARNING,
            line=source.line,
            text=f"{_name(source)}: nothing fits {asked} (may the token see it? are topics and exclude right?)",
        )
    names = ", ".join(each.path for each in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    one, many = ("folder", "folders") if source.provider is Provider.JENKINS else ("repository", "repositories")
    counted = f"{len(found)} {one if len(found) == 1 else many}"
    return Finding(level=Level.OK, line=source.line, text=f"{_name(source)}: {counted}: {names}{more}")


def _name(source: Source) -> str:
    return f"{source.provider} at {source.host}"
