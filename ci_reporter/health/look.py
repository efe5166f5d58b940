"""One look at a service from outside: does its port answer, its TLS hold, is it well, and which revision is it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ci_reporter.errors import DeliveryError
from ci_reporter.frozen import replace
from ci_reporter.health.reply import checks_of, document_of, json_at, revision_of, same_revision, status_of
from ci_reporter.http import Access, Answer, Request, exchange, prepare
from ci_reporter.model import rfc3339
from ci_reporter.system.addresses import public_url
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.health.reply import Check, Status

TLS_DAYS = 14
_LARGEST = 256 * 1024
_DAY_S = 86400
_HEADERS = {
    "Accept": "application/health+json, application/json;q=0.9, */*;q=0.1",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to hold the service against; `revision_at` is where it tells its revision, `tls_days` a warning's limit."""

    revision: str | None = None
    revision_at: str | None = None
    tls_days: float = TLS_DAYS


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; a check of the service's own is named `check NAME`."""

    name: str
    status: Status
    said: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen; `status` is the service's own word for it, None where nothing answered."""

    url: str
    findings: tuple[Finding, ...]
    status: Status | None = None
    http_status: int | None = None
    version: str | None = None
    revision: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a warning is not a failure."""
        return all(finding.status != "fail" for finding in self.findings)


def look(url: str, wanted: Wanted, *, access: Access, timeout_s: float) -> Look:
    """Ask once. Raises UsageError when the place of the revision is none."""
    request = Request(method="GET", url=url, headers=_HEADERS, access=access, limit=_LARGEST, refusal_limit=_LARGEST)
    prepare()
    began = time.monotonic()
    try:
        answer = _without_secrets(exchange(request, Deadline(timeout_s)), access)
    except DeliveryError as exc:
        return Look(url=public_url(url), findings=(_no_answer(exc),))
    return describe(public_url(url), answer, wanted, took_ms=(time.monotonic() - began) * 1000, now_s=time.time())


def _without_secrets(answer: Answer, access: Access) -> Answer:
    """A server may repeat what it was sent."""
    body = access.mask(answer.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    headers = {name: access.mask(value) for name, value in answer.headers.items()}
    return replace(answer, body=body, headers=headers)


def describe(url: str, answer: Answer, wanted: Wanted, *, took_ms: float, now_s: float) -> Look:
    """What an answer says. Raises UsageError when the place of the revision is none."""
    document = document_of(answer.body)
    status, checks = status_of(document, answer.status), checks_of(document)
    revision = revision_of(answer.body, answer.headers, wanted.revision_at)
    version = json_at(document, "version")
    findings = [Finding(name="port", status="pass", said=f"answers in {took_ms:.0f} ms")]
    if url.startswith("https:"):
        findings.append(_tls(answer.expires_at_s, wanted.tls_days, now_s))
    findings += [_status(status, answer), _revision(revision, wanted.revision), *_checks(checks)]
    return Look(
        url=url,
        findings=tuple(findings),
        status=status,
        http_status=answer.status,
        version=version[:200] if isinstance(version, str) else None,
        revision=revision,
    )


def _no_answer(error: DeliveryError) -> Finding:
    import requests

    refused = isinstance(error.__cause__, requests.exceptions.SSLError)
    return Finding(name="tls" if refused else "port", status="fail", said=str(error))


def _tls(expires_at_s: float | None, least_days: float, now_s: float) -> Finding:
    if expires_at_s is None:
        return Finding(name="tls", status="warn", said="trusted; when the certificate ends cannot be told")
    days = int((expires_at_s - now_s) // _DAY_S)
    said = f"certificate valid for {days} day{'' if days == 1 else 's'}, until {rfc3339(expires_at_s)[:10]}"
    return Finding(name="tls", status="warn" if days < least_days else "pass", said=said)


def _status(status: Status | None, answer: Answer) -> Finding:
    if status is None:
        target = answer.headers.get("location", "").partition("?")[0][:200]
        said = f"it redirects to {public_url(target)}; look there instead" if target else "it says neither yes nor no"
        return Finding(name="status", status="fail", said=f"HTTP {answer.status}: {said}")
    page = f", from {answer.text()}" if answer.is_page else ""
    return Finding(name="status", status=status, said=f"{status} (HTTP {answer.status}{page})")


def _revision(served: str | None, expected: str | None) -> Finding:
    if expected is None:
        return Finding(name="revision", status="pass", said=served or "not told")
    if served is None:
        return Finding(name="revision", status="fail", said=f"not told; expected {expected}")
    same = same_revision(expected, served)
    if same is None:
        return Finding(name="revision", status="fail", said=f"{served} cannot be held against {expected}: 7 hex digits")
    said = f"{served}, as expected" if same else f"{served}; expected {expected}"
    return Finding(name="revision", status="pass" if same else "fail", said=said)


def _checks(checks: tuple[Check, ...]) -> Iterator[Finding]:
    for each in checks:
        tolerated = each.status == "fail" and not each.critical
        status = "warn" if tolerated else each.status or "warn"
        words = "fail, not critical" if tolerated else each.status or "says neither yes nor no"
        yield Finding(name=f"check {each.name}", status=status, said=": ".join(filter(None, (words, each.said))))
