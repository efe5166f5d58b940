"""A service's health: what `/health`, `/livez`, `/readyz` and `/metrics` answer, whatever server asks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from ci_reporter.health.build import find
from ci_reporter.health.checks import Check, CheckResult, CheckRunner
from ci_reporter.health.draining import Draining
from ci_reporter.health.multiprocess import SharedTraffic, folder
from ci_reporter.health.traffic import BUCKETS_S, Build, Traffic
from ci_reporter.model import BuildInfo, rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.health.reply import Status

_JSON = "application/health+json"
_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where the endpoints are, each below `prefix`; None for one that is not wanted."""

    health: str | None = "/health"
    livez: str | None = "/livez"
    readyz: str | None = "/readyz"
    metrics: str | None = "/metrics"
    prefix: str = ""

    def table(self) -> dict[str, str]:
        """Endpoint by path."""
        names = {"health": self.health, "livez": self.livez, "readyz": self.readyz, "metrics": self.metrics}
        prefix = self.prefix.strip("/")
        return {f"/{prefix}{path}" if prefix else path: name for name, path in names.items() if path}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an endpoint answers."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Service:
    """A service's build, its checks and its traffic, and the answers that report them.

    `build` is a BuildInfo, a path of a `build-info.json`, or what `find` has found. `reasons`: show what a failed
    check's exception says, where only those who may know it can reach the endpoints; else its kind alone is shown.
    Metrics of your own go to `registry`; with PROMETHEUS_MULTIPROC_DIR set, those of all workers are summed.
    `drain_s`: for how long `/readyz` is red after SIGTERM before the server gets the signal.
    """

    def __init__(
        self,
        build: BuildInfo | str | None = None,
        checks: Iterable[Check] = (),
        *,
        paths: Paths | None = None,
        reasons: bool = False,
        buckets_s: Sequence[float] = BUCKETS_S,
        drain_s: float = 0.0,
    ) -> None:
        self.build = find(build) if isinstance(build, str) else build or BuildInfo()
        self.endpoints = (paths or Paths()).table()
        self.registry = CollectorRegistry()
        self.traffic = _traffic(self.registry, buckets_s)
        self.registry.register(Build(self.build))
        PlatformCollector(self.registry)
        self.draining = Draining(drain_s)
        self._reasons = reasons
        self._runners: dict[str, CheckRunner] = {}
        self._began = time.monotonic()
        for check in checks:
            self.add(check)

    def add(self, check: Check) -> None:
        """One more check. Raises ValueError when its name is taken."""
        if check.name in self._runners:
            raise ValueError(f"two checks are named {check.name!r}")
        self._runners[check.name] = CheckRunner(check, reasons=self._reasons)

    def check(self, name: str, **how: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
        """Make a function a check: `@health.check("database", timeout_s=1)`."""

        def made(call: Callable[[], Any]) -> Callable[[], Any]:
            self.add(Check(name, call, **how))
            return call

        return made

    def runners_for(self, endpoint: str, method: str) -> list[CheckRunner]:
        """The checks to ask before replying: being alive needs none."""
        if method not in _METHODS or endpoint not in {"health", "readyz"}:
            return []
        return [each for each in self._runners.values() if endpoint == "health" or each.check.ready]

    def reply(self, endpoint: str, method: str, accept: str, results: Sequence[CheckResult]) -> Reply:
        """What to answer, `results` being those of the checks; the server leaves out the body of a HEAD."""
        if method not in _METHODS:
            return _reply(405, "text/plain; charset=utf-8", b"only GET and HEAD\n", ("Allow", "GET, HEAD"))
        if endpoint == "metrics":
            return self._metrics(accept)
        status = "fail" if endpoint == "readyz" and self.draining.begun else overall(results)
        document = {"status": status, **(self._about() if endpoint == "health" else {}), **_checks(results)}
        return _reply(503 if status == "fail" else 200, _JSON, (json.dumps(document, default=str) + "\n").encode())

    def _about(self) -> dict[str, Any]:
        """Who answers; what is unknown is left out."""
        revision = self.build.revision
        known = {"version": self.build.version, "releaseId": revision, "revision": revision}
        up = {"uptime_s": round(time.monotonic() - self._began, 3)}
        return {key: value for key, value in known.items() if value is not None} | up

    def _metrics(self, accept: str) -> Reply:
        from prometheus_client.exposition import choose_encoder

        encode, kind = choose_encoder(accept)
        return _reply(200, kind, encode(self.registry))


def _traffic(registry: CollectorRegistry, buckets_s: Sequence[float]) -> Traffic | SharedTraffic:
    """What counts requests: this process alone, or all workers in a folder that they share."""
    shared = folder(os.environ)
    if shared:
        return SharedTraffic(shared, registry, buckets_s)
    own = Traffic(buckets_s)
    registry.register(own)
    ProcessCollector(registry=registry)  # of one process; what several have adds up to nothing that is true
    return own


def overall(results: Sequence[CheckResult]) -> Status:
    """The worst of them, where one that is not critical can only warn."""
    bad = [each.check.critical and each.outcome.status == "fail" for each in results if each.outcome.status != "pass"]
    return "fail" if any(bad) else "warn" if bad else "pass"


def _checks(results: Sequence[CheckResult]) -> dict[str, Any]:
    return {"checks": {each.check.name: [_detail(each)] for each in results}} if results else {}


def _detail(result: CheckResult) -> dict[str, Any]:
    outcome = result.outcome
    own = outcome.observed_value is not None
    return {
        "status": outcome.status,
        "observedValue": outcome.observed_value if own else result.duration_ms,
        **({"observedUnit": outcome.observed_unit if own else "ms"} if outcome.observed_unit or not own else {}),
        "time": rfc3339(result.at_s),
        **({"output": outcome.output} if outcome.output else {}),
        **({} if result.check.critical else {"critical": False}),
    }


def _reply(status: int, kind: str, body: bytes, *more: tuple[str, str]) -> Reply:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), *more]
    return Reply(status=status, headers=headers, body=body)
