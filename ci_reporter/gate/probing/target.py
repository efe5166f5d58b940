"""What is probed, and what a good answer is. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Expect:
    """What makes an answer good: its status, values in its JSON, its text, a health document that does not say fail."""

    statuses: tuple[str, ...] = ("2xx",)
    json: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    healthy: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """One request, `rate` times a second. Headers may hold secrets; `family` is 4 or 6 for IPv4 or IPv6 alone.

    `cert` and `key` are PEM files of a client certificate. `value` is the path of the number that is wanted.
    """

    signal: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    expect: Expect = field(default_factory=Expect)
    timeout_s: float = 5.0
    fresh: bool = True
    cache_bust: bool = False
    family: int = 0
    limit_bytes: int = 1024 * 1024
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    revision: str | None = None
    value: str | None = None
    rate: float = 1.0
