"""Checks of the way from a step to a Grafana panel: each finding says what was seen and, if need be, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import yaml

from ci_reporter import metrics
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.sinks import Finding
from ci_reporter.sinks.gateway import Gateway
from ci_reporter.system.addresses import public_url
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALL_S = 5.0
_PROBE = {"job": metrics.JOB, "step": "doctor"}
_PORTS = {"http": 80, "https": 443}
_SIGN_IN = "set CI_REPORTER_{0}_USERNAME and _PASSWORD, or CI_REPORTER_{0}_TOKEN (each also as _FILE)"
_TRUST = "set CI_REPORTER_{0}_CA to a file with the certificate of its authority"


def gateway(at: Gateway) -> Iterator[Finding]:
    """Check that the Pushgateway answers and takes a push."""
    try:
        status = at.status(Deadline(_CALL_S))
    except DeliveryError as exc:
        yield Finding(ok=False, seen=str(exc), remedy=_remedy(exc))
        return
    build = status.get("build_information")
    if not isinstance(build, dict):
        yield Finding(
            ok=False,
            seen=f"{public_url(at.url)} does not say its version",
            remedy="check that a Pushgateway runs there",
        )
        return
    yield Finding(ok=True, seen=f"Pushgateway {build.get('version') or '?'} answers at {public_url(at.url)}")
    yield _push(at)


def _remedy(error: DeliveryError) -> str:
    if found := _way_in(error, "PUSHGATEWAY"):
        return found
    if isinstance(error, Rejected):
        return "correct CI_REPORTER_PUSHGATEWAY: there is no Pushgateway at this address"
    if "did not answer as" in str(error):
        return "correct CI_REPORTER_PUSHGATEWAY: another server answers at this address"
    return "start the Pushgateway or correct CI_REPORTER_PUSHGATEWAY"


def _way_in(error: Exception, name: str) -> str | None:
    """What to set where a server asks for a sign-in, or has a certificate that is not trusted."""
    if isinstance(error, Rejected) and error.status in (401, 403):
        return _SIGN_IN.format(name)
    return _TRUST.format(name) if "certificate is not trusted" in str(error) else None


def _push(at: Gateway) -> Finding:
    """Push one sample to a group of our own and delete the group again, also after a refusal, which leaves one."""
    body = metrics.text_format([metrics.sample_of(metrics.PUSH_FAILURES, [((), 0.0)])])
    try:
        answer = at.push(_PROBE, body, Deadline(_CALL_S))
        at.delete(_PROBE, Deadline(_CALL_S))
    except DeliveryError as exc:
        with suppress(DeliveryError):
            at.delete(_PROBE, Deadline(_CALL_S))
        remedy = (
            _way_in(exc, "PUSHGATEWAY")
            or "follow the gateway's message; to end a type conflict, delete the group it names"
        )
        return Finding(ok=False, seen=f"a test push failed: {exc}", remedy=remedy)
    if answer.status == 202:
        remedy = "start the gateway without --push.disable-consistency-check: one bad push breaks every scrape"
        return Finding(ok=False, seen="a test push was accepted unchecked (202)", remedy=remedy)
    return Finding(ok=True, seen="a test push was accepted, and deleted again")


def prometheus(server: Prometheus, gateway_url: str) -> Iterator[Finding]:
    """Check that this Prometheus scrapes that Pushgateway, with `honor_labels: true`."""
    try:
        target = _target(server, gateway_url)
        pushed = target is None and _has_our_groups(server)
        config = yaml.safe_load(server.configuration(Deadline(_CALL_S)))
    except (DeliveryError, KeyError, TypeError, ValueError, yaml.YAMLError) as exc:
        remedy = _way_in(exc, "PROMETHEUS") or "correct CI_REPORTER_PROMETHEUS"
        yield Finding(ok=False, seen=f"cannot ask Prometheus: {exc}", remedy=remedy)
        return
    where = urlsplit(gateway_url).netloc
    if target:
        yield _scrape(server, target, where)
        yield _honor_labels(config, target.job)
    else:
        yield _no_target(server, where, pushed=pushed)


def _scrape(server: Prometheus, target: _Target, where: str) -> Finding:
    if target.health == "up":
        return Finding(ok=True, seen=f"Prometheus at {public_url(server.url)} scrapes {where} (job {target.job!r})")
    seen = f"Prometheus scrapes {where}, and the target is {target.health}: {target.error or 'not scraped yet'}"
    remedy = "check that Prometheus can reach the gateway; if it has just started, wait for a scrape"
    return Finding(ok=False, seen=seen, remedy=remedy)


def _no_target(server: Prometheus, where: str, *, pushed: bool) -> Finding:
    """No target has the gateway's address; `pushed` steps of ours can be there all the same, by another name of it."""
    address = public_url(server.url)
    if pushed:
        return Finding(
            ok=True, seen=f"Prometheus at {address} has pushed steps, from a gateway it does not call {where}"
        )
    remedy = (
        f"add a scrape config with targets: ['{where}'] and honor_labels: true,"
        " unless Prometheus knows the gateway by another name"
    )
    return Finding(ok=False, seen=f"Prometheus at {address} has no target {where}", remedy=remedy)


def _honor_labels(config: Any, job: str) -> Finding:
    scrapes = config.get("scrape_configs") if isinstance(config, dict) else None
    if any(each.get("job_name") == job and each.get("honor_labels") for each in scrapes or ()):
        return Finding(ok=True, seen=f"honor_labels is true for job {job!r}")
    remedy = f"set honor_labels: true in scrape config {job!r}; without it our job label becomes exported_job"
    return Finding(ok=False, seen=f"honor_labels is not set for job {job!r}", remedy=remedy)


class _Target(Frozen):
    job: str
    health: str
    error: str


def _target(server: Prometheus, gateway_url: str) -> _Target | None:
    """The active target with the gateway's host and port. Raises DeliveryError, KeyError, TypeError, ValueError."""
    for found in server.active_targets(Deadline(_CALL_S)):
        if _server(found["scrapeUrl"]) == _server(gateway_url):
            error = str(found.get("lastError", ""))
            return _Target(job=str(found["scrapePool"]), health=str(found["health"]), error=error)
    return None


def _has_our_groups(server: Prometheus) -> bool:
    """Whether Prometheus has steps that we pushed: in its network the gateway often has another name than in ours."""
    promql = f'count(push_time_seconds{{job="{metrics.JOB}"}})'
    return bool(server.query(promql, Deadline(_CALL_S)).result)


def _server(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or _PORTS.get(parts.scheme)
