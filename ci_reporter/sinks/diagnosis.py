"""Is the way from here to a panel open? Each check is one finding: what was seen and, if it is not well, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import yaml

from ci_reporter import metrics
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.http import Deadline
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.sinks import Finding
from ci_reporter.sinks.gateway import Gateway
from ci_reporter.system.addresses import public_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALL_S = 5.0
_PROBE = {"job": metrics.JOB, "step": "doctor"}
_PORTS = {"http": 80, "https": 443}
_SIGN_IN = "set CI_REPORTER_{0}_USERNAME and _PASSWORD, or CI_REPORTER_{0}_TOKEN (each also as _FILE)"
_TRUST = "set CI_REPORTER_{0}_CA to a file with the certificate of its authority"


def gateway(at: Gateway) -> Iterator[Finding]:
    """Whether the Pushgateway is there, which version it is, and whether a push works."""
    try:
        status = at.status(Deadline(_CALL_S))
    except DeliveryError as exc:
        yield Finding(ok=False, seen=str(exc), remedy=_remedy(exc))
        return
    build = status.get("build_information")
    if not isinstance(build, dict):
        yield Finding(ok=False, seen=f"{public_url(at.url)} does not say its version", remedy="see whether it is one")
        return
    yield Finding(ok=True, seen=f"Pushgateway {build.get('version') or '?'} answers at {public_url(at.url)}")
    yield _push(at)


def _remedy(error: DeliveryError) -> str:
    if found := _way_in(error, "PUSHGATEWAY"):
        return found
    if isinstance(error, Rejected):
        return "correct CI_REPORTER_PUSHGATEWAY: no Pushgateway is there"
    if "did not answer as" in str(error):
        return "correct CI_REPORTER_PUSHGATEWAY: something else is there"
    return "start the Pushgateway or correct CI_REPORTER_PUSHGATEWAY"


def _way_in(error: Exception, name: str) -> str | None:
    """What to set where a server is there and wants to know us, or we it."""
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
            _way_in(exc, "PUSHGATEWAY") or "do what the gateway says; a type conflict goes when its group is deleted"
        )
        return Finding(ok=False, seen=f"a test push does not work: {exc}", remedy=remedy)
    if answer.status == 202:
        remedy = "start it without --push.disable-consistency-check: one bad push breaks every scrape"
        return Finding(ok=False, seen="a test push was accepted unchecked (202)", remedy=remedy)
    return Finding(ok=True, seen="a test push was taken and deleted again")


def prometheus(server: Prometheus, gateway_url: str) -> Iterator[Finding]:
    """Whether this Prometheus scrapes that Pushgateway, and with `honor_labels: true`."""
    try:
        target = _target(server, gateway_url)
        arrives = target is None and _arrives(server)
        config = yaml.safe_load(server.configuration(Deadline(_CALL_S)))
    except (DeliveryError, KeyError, TypeError, ValueError, yaml.YAMLError) as exc:
        remedy = _way_in(exc, "PROMETHEUS") or "correct CI_REPORTER_PROMETHEUS"
        yield Finding(ok=False, seen=f"Prometheus does not tell: {exc}", remedy=remedy)
        return
    where = urlsplit(gateway_url).netloc
    if arrives:
        address = public_url(server.url)
        seen = f"Prometheus at {address} has groups of ours, with their own labels, though no target {where}"
        yield Finding(ok=True, seen=seen)
        return
    if target is None:
        remedy = (
            f"add a scrape config with targets: ['{where}'] and honor_labels: true, unless it has another name there"
        )
        yield Finding(ok=False, seen=f"Prometheus at {public_url(server.url)} has no target {where}", remedy=remedy)
        return
    if target.health == "up":
        yield Finding(ok=True, seen=f"Prometheus at {public_url(server.url)} scrapes {where} (job {target.job!r})")
    else:
        seen = f"Prometheus scrapes {where}, and it is {target.health}: {target.error or 'not scraped yet'}"
        remedy = "see that Prometheus reaches the gateway; just started: wait a scrape"
        yield Finding(ok=False, seen=seen, remedy=remedy)
    yield _honour(config, target.job)


def _honour(config: Any, job: str) -> Finding:
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


def _arrives(server: Prometheus) -> bool:
    """Whether groups of ours are there: where Prometheus runs, the gateway often has another name."""
    promql = f'count(push_time_seconds{{job="{metrics.JOB}"}})'
    return bool(server.query(promql, Deadline(_CALL_S)).result)


def _server(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or _PORTS.get(parts.scheme)
