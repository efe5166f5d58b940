"""PagerDuty: an incident that an alert triggers, and that the alert with the same key resolves.

Source: PagerDuty/developer-docs, "Events API v2", "Send an alert event".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.model import rfc3339
from ci_reporter.notify.alert import Alert, State
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.fitting import clip_bytes, fit_lines, incident_key
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import HttpNotifier, Rate, json_body, json_request
from ci_reporter.system.text import clip, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

_RATE = Rate(count=100, per_s=60.0)  # of 120 a minute
_LONGEST_KEY, _LONGEST_SUMMARY, _LONGEST_SOURCE = 255, 1024, 255
_LARGEST_PART = 50_000  # bytes; an event may have 512 KB
_MOST_LINKS, _LONGEST_ADDRESS = 10, 2000


class PagerDutySettings(Settings, group="pagerduty"):
    """The key of an integration, and where it lives."""

    routing_key: str | None = setting(
        None,
        values.text,
        "",
        "PagerDuty: the integration key of a service's Events API v2 integration.",
        main=True,
        secret=True,
    )
    api: str = setting(
        "https://events.pagerduty.com",
        values.url,
        "URL",
        "PagerDuty: the API; in the EU https://events.eu.pagerduty.com. Default: https://events.pagerduty.com.",
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="pagerduty",
            rate=_RATE,
            incidents=True,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: PagerDutySettings, language: Language, alert: Alert) -> Request:
    return json_request(f"{settings.api}/v2/enqueue", {"routing_key": settings.routing_key, **event(alert, language)})


def event(alert: Alert, language: Language = Language.EN) -> dict[str, Any]:
    """The event without the key of the integration. To resolve, the key of the alert is enough."""
    key = incident_key(alert, _LONGEST_KEY)
    if alert.state is State.RESOLVED:
        return {"event_action": "resolve", "dedup_key": key}
    shown = content(alert, language)
    links = [{"href": each.url, "text": each.text} for each in shown.links if len(each.url) <= _LONGEST_ADDRESS]
    return {
        "event_action": "trigger",
        "dedup_key": key,
        "payload": _payload(alert, shown),
        "client": "ci-reporter",
        **({"client_url": links[0]["href"]} if links else {}),
        "links": links[:_MOST_LINKS],
    }


def _payload(alert: Alert, shown: Content) -> dict[str, Any]:
    run = alert.run
    source = one_line((run and (run.repository or run.node)) or alert.service or "ci-reporter", _LONGEST_SOURCE)
    known = {
        "timestamp": None if alert.at_s is None else rfc3339(alert.at_s),
        "component": one_line(alert.service or "", _LONGEST_SOURCE),
        "group": one_line(alert.environment or "", _LONGEST_SOURCE),
        "class": one_line((run and run.pipeline) or "", _LONGEST_SOURCE),
        "custom_details": _details(shown),
    }
    return {
        "summary": clip(shown.title, _LONGEST_SUMMARY) or "ci-reporter",
        "source": source or "ci-reporter",
        "severity": str(alert.level),
        **{name: value for name, value in known.items() if value},
    }


def _details(shown: Content) -> dict[str, Any]:
    """A table that the incident shows; what holds several lines is a list there."""
    found: dict[str, Any] = {each.name: each.value for each in shown.facts[:50]}
    if shown.text:
        found[shown.word("Text")] = clip_bytes(shown.text, _LARGEST_PART)
    for name, lines in (("Failed tests", shown.failed_tests), ("Commit", (shown.commit, *shown.stat))):
        if any(lines):
            found[shown.word(name)] = fit_lines(lines, _LARGEST_PART, shown.language, most_lines=50)
    return found


def _problem(answer: Answer) -> DeliveryError | None:
    """It says `"status": "success"` when it has taken the event; else what is wrong with it, in a list."""
    body = json_body(answer)
    if answer.status == 202 and body.get("status") == "success":
        return None
    if answer.status in (408, 429) or answer.status >= 500:
        return None  # the status says enough
    errors = body.get("errors")
    listed = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    words = ": ".join(filter(None, (str(body.get("message") or ""), listed))) or answer.text(100)
    said = one_line(words or f"status {answer.status}", 300)
    remedy = (
        " (check CI_REPORTER_PAGERDUTY: it is the key of an Events API v2 integration)"
        if "routing" in said.lower()
        else ""
    )
    return Rejected(f"pagerduty refused: {said}{remedy}", answer.status)
