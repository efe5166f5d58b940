"""What a gate is to do: where it looks, how often, how long, and with what it compares. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log

from ci_reporter.gate.probing.target import Expect


@dataclass(frozen=True, kw_only=True)
class Converge:
    """When a rollout is over: the share of old replicas is at most `old_share`, at that confidence."""

    timeout_s: float = 600.0
    old_share: float = 0.10
    confidence: float = 0.99
    rate: float = 5.0
    then: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """How many matches in a row show it at best: ⌈ln(2/α) / -ln(1-s)⌉ (see `probing.converge`)."""
        return ceil(log(2 / (1 - self.confidence)) / -log(1 - self.old_share) - 1e-9)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the watch is compared with: a window just before, or the last good watch while it is fresh."""

    window_s: float = 120.0
    last_good: bool = False
    max_age_s: float = 3600.0


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A signal that is probed: its requests take turns. A path is taken from the gate's own address.

    `value` is the path of a number in the JSON of the answer.
    """

    signal: str
    requests: tuple[tuple[str, str], ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    expect: Expect = field(default_factory=Expect)
    rate: float | None = None
    value: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One of several addresses that are judged together. `revision` is a commit, `none`, or `auto`: the gate's."""

    name: str
    url: str
    revision: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The gate's phases. `revision` is the one expected: a commit, `auto` for the run's own, or `none`.

    It has a `url` or `services`, or neither.
    """

    url: str | None = None
    control: str | None = None
    expect: Expect = field(default_factory=lambda: Expect(healthy=True))
    revision: str = "auto"
    revision_at: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 5.0
    fresh: bool = True
    cache_bust: bool = False
    family: int = 0
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    converge: Converge = field(default_factory=Converge)
    warmup_s: float = 15.0
    watch_s: float = 300.0
    rate: float = 5.0
    baseline: Baseline = field(default_factory=Baseline)
    asks: tuple[Ask, ...] = ()
    services: tuple[Service, ...] = ()
    on_deploy_failure: tuple[str, ...] = ()

    @property
    def address(self) -> str | None:
        """What is gated, for people, and to tell gates of it from others."""
        return self.url or ", ".join(service.url for service in self.services) or None

    def by_service(self) -> dict[str, Plan]:
        """A plan for each service, as if it were alone; a gate of one address is the service without a name."""
        if not self.services:
            return {"": self}
        return {
            each.name: replace(
                self,
                url=each.url,
                revision=self.revision if each.revision == "auto" else each.revision,
                services=(),
                asks=(),
            )
            for each in self.services
        }
