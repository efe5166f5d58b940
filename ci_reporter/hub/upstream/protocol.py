"""What every CI system's module can do: look at a target, look up a wildcard, ask for one run, check the access."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ci_reporter.hub.runs.run import Run
from ci_reporter.hub.upstream.client import Client
from ci_reporter.hub.upstream.state import State

MOST_DETAILS = 30  # runs whose jobs one look asks for; the others wait for the next one
MOST_OPEN = 100
OVERLAP_MS = 60_000  # what was changed in the last minute is listed again: clocks of a cluster differ


class Allowance:
    """How much a look may ask for beyond its list: so many requests, in so much time. The rest is for the next look.

    A look that its deadline cuts off has found nothing, so it stops asking long before.
    """

    def __init__(self, seconds: float, requests: int = MOST_DETAILS) -> None:
        self._until_s, self._left = time.monotonic() + seconds, requests

    def take(self, requests: int = 1) -> bool:
        """Whether there is something left; what is taken is gone."""
        if self._left <= 0 or time.monotonic() > self._until_s:
            return False
        self._left -= requests
        return True


class Update(NamedTuple):
    """What one look at a target has found, and where the next one begins."""

    runs: Sequence[Run]
    state: State


class Names(NamedTuple):
    """The targets that a wildcard stands for, and what is kept for the next time."""

    names: Sequence[str]
    state: State


@dataclass(frozen=True, kw_only=True)
class Access:
    """Whose token it is and what it may do, as far as the CI system tells; `missing` says what it may not."""

    who: str | None = None
    scopes: tuple[str, ...] = ()
    missing: str = ""
    expires: str | None = None
    limit: int | None = None
    remaining: int | None = None


class Upstream(Protocol):
    """A CI system, with a token. Every call raises UpstreamError, RefusedError, LimitedError."""

    client: Client
    requests_a_poll: int

    async def poll(self, target: str, state: State) -> Update | None:
        """What changed since the state was kept; None where nothing did, and nothing is to be kept."""

    async def discover(self, pattern: str, state: State) -> Names:
        """The targets that a pattern stands for."""

    async def run(self, repository: str, run_id: str, attempt: int) -> Run | None:
        """One run as it is now, with its jobs; None where there is no such run."""

    async def check(self) -> Access:
        """Whose token it is, and what it may do."""

    async def probe(self, target: str) -> None:
        """Ask whether a target is there and may be read."""
