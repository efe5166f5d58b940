"""Is the way from here to a panel open? Each check is one finding: what was seen and, if it is not well, what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import yaml

from ci_reporter import metrics
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http import Deadline, Request, send, shown
from ci_reporter.sinks.gateway import Gateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALL_S = 5.0
_LARGEST = 64 * 1024**2
_PROBE = {"job": metrics.JOB, "step": "doctor"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor's: whether it is well, what was seen, what to do if not."""

    ok: bool
    seen: str
    remedy: str = ""


def gateway(at: Gateway) -> Iterator[Finding]:
    """Whether the Pushgateway is there, which version it is, and whether a push works."""
    url = shown(at.url)
    try:
        status = at.status(Deadline(_CALL_S))
    except Rejected as exc:
        yield Finding(ok=False, seen=str(exc), remedy="check the address, and the user, password or token")
        return
    except DeliveryError as exc:
        yield Finding(ok=False, seen=str(exc), remedy="start the Pushgateway or correct CI_REPORTER_PUSHGATEWAY")
        return
    version = status.get("build_information", {}).get("version", "of unknown version")
    yield Finding(ok=True, seen=f"Pushgateway {version} answers at {url}")
    yield _push(at)


def _push(at: Gateway) -> Finding:
    """Push one sample to a group of our own and delete the group again."""
    body = metrics.text_format([metrics.sample_of(metrics.PUSH_FAILURES, [((), 0.0)])])
    try:
        answer = at.push(_PROBE, body, Deadline(_CALL_S))
        at.delete(_PROBE, Deadline(_CALL_S))
    except DeliveryError as exc:
        return Finding(ok=False, seen=f"a test push was not taken: {exc}", remedy="see what the gateway says above")
    if answer.status == 202:
        remedy = "start it without --push.disable-consistency-check: one bad push breaks every scrape"
        return Finding(ok=False, seen="a test push was accepted unchecked (202)", remedy=remedy)
    return Finding(ok=True, seen="a test push was taken and deleted again")


def prometheus(url: str, gateway_url: str) -> Iterator[Finding]:
    """Whether this Prometheus scrapes that Pushgateway, and with `honor_labels: true`."""
    try:
        pool = _pool(url, gateway_url)
        config = yaml.safe_load(_get(url, "/api/v1/status/config")["yaml"])
    except (DeliveryError, KeyError, TypeError, yaml.YAMLError) as exc:
        yield Finding(ok=False, seen=f"Prometheus does not tell: {exc}", remedy="correct CI_REPORTER_PROMETHEUS")
        return
    where = urlsplit(gateway_url).netloc
    if pool is None:
        remedy = f"add a scrape config with targets: ['{where}'] and honor_labels: true"
        yield Finding(ok=False, seen=f"Prometheus at {shown(url)} has no target {where}", remedy=remedy)
        return
    if pool["health"] != "up":
        said = f"Prometheus scrapes {where}, and it is {pool['health']}: {pool.get('lastError') or 'not scraped yet'}"
        yield Finding(
            ok=False, seen=said, remedy="see that Prometheus reaches the gateway; just started: wait a scrape"
        )
    else:
        yield Finding(ok=True, seen=f"Prometheus at {shown(url)} scrapes {where} (job {pool['scrapePool']!r})")
    yield _honour(config, pool["scrapePool"])


def _honour(config: Mapping[str, Any], job: str) -> Finding:
    scrapes = [each for each in config.get("scrape_configs", ()) if each.get("job_name") == job]
    if any(each.get("honor_labels") for each in scrapes):
        return Finding(ok=True, seen=f"honor_labels is true for job {job!r}")
    remedy = f"set honor_labels: true in scrape config {job!r}; without it our job label becomes exported_job"
    return Finding(ok=False, seen=f"honor_labels is not set for job {job!r}", remedy=remedy)


def _pool(url: str, gateway_url: str) -> Mapping[str, Any] | None:
    """The active target with the gateway's host and port."""
    wanted = urlsplit(gateway_url)
    for target in _get(url, f"/api/v1/targets?state={quote('active')}")["activeTargets"]:
        found = urlsplit(target["scrapeUrl"])
        if (found.hostname, found.port) == (wanted.hostname, wanted.port):
            return dict(target)
    return None


def _get(url: str, path: str) -> Any:
    answer = send(Request(method="GET", url=url + path, limit=_LARGEST), Deadline(_CALL_S))
    try:
        return json.loads(answer.body)["data"]
    except (ValueError, KeyError, TypeError) as exc:
        raise DeliveryError(f"{shown(url)} did not answer as Prometheus does: {answer.text(100)}") from exc
