"""Opsgenie, and Jira Service Management with the same API: an alert that is created, and closed by its alias.

Source: Opsgenie's documentation, "Alert API". Creating is asynchronous: 202 says that the request was understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import accumulate

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Alert, Level, State
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.fitting import fit_lines, incident_key
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import HttpNotifier, Rate, json_body, json_request
from ci_reporter.system.text import clip, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

_RATE = Rate(count=60, per_s=60.0)
_PRIORITIES = {Level.CRITICAL: "P1", Level.ERROR: "P2", Level.WARNING: "P3", Level.INFO: "P5"}
_RESPONDERS = {"team": "name", "user": "username", "escalation": "name", "schedule": "name"}
# In characters.
_LONGEST_MESSAGE, _LONGEST_ALIAS, _LONGEST_TEXT, _LONGEST_NOTE = 130, 512, 15_000, 25_000
_LONGEST_ENTITY, _LONGEST_DETAILS, _MOST_TAGS, _LONGEST_TAG, _LONGEST_ADDRESS = 512, 8000, 20, 50, 2000


def responder(value: str) -> tuple[str, str]:
    """`team:Platform`, `user:ada@example.com`, `escalation:…` or `schedule:…`."""
    kind, _, name = value.partition(":")
    if kind not in _RESPONDERS or not name.strip():
        raise ValueError("is not a responder (write team:NAME, user:MAIL, escalation:NAME or schedule:NAME)")
    return kind, name.strip()


class OpsgenieSettings(Settings, group="opsgenie"):
    """The key of an API integration, and who is called."""

    key: str | None = setting(None, values.text, "", "Opsgenie: the key of an API integration.", main=True, secret=True)
    responders: tuple[tuple[str, str], ...] = setting(
        (),
        responder,
        "KIND:NAME",
        "Opsgenie: who is called, as team:NAME, user:MAIL, escalation:NAME or schedule:NAME.",
        many=True,
    )
    tags: tuple[str, ...] = setting((), values.text, "TAG", "Opsgenie: tags of every alert.", many=True)
    api: str = setting(
        "https://api.opsgenie.com",
        values.url,
        "URL",
        "Opsgenie: the API; in the EU https://api.eu.opsgenie.com, for Jira Service Management"
        " https://api.atlassian.com/jsm/ops/integration. Default: https://api.opsgenie.com.",
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="opsgenie",
            rate=_RATE,
            incidents=True,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: OpsgenieSettings, language: Language, alert: Alert) -> Request:
    from urllib.parse import quote

    headers = {"Authorization": f"GenieKey {settings.key}"}
    alias = incident_key(alert, _LONGEST_ALIAS)
    base = f"{settings.api}/v2/alerts"
    if alert.state is State.RESOLVED:
        address = f"{base}/{quote(alias, safe='')}/close?identifierType=alias"
        return json_request(address, _closing(content(alert, language)), headers)
    return json_request(base, {"alias": alias, **payload(alert, settings, language)}, headers)


def payload(alert: Alert, settings: OpsgenieSettings, language: Language = Language.EN) -> dict[str, Any]:
    """The alert to create, without its alias."""
    shown = content(alert, language)
    called = [{"type": kind, _RESPONDERS[kind]: name} for kind, name in settings.responders]
    tags = [*settings.tags, *filter(None, ("ci", alert.environment))]
    return {
        "message": clip(shown.title, _LONGEST_MESSAGE) or "ci-reporter",
        "description": "\n".join(fit_lines(_lines(shown), _LONGEST_TEXT, language, len)),
        "priority": _PRIORITIES[alert.level],
        "entity": one_line(alert.service or (alert.run and alert.run.repository) or "", _LONGEST_ENTITY),
        "source": "ci-reporter",
        "tags": list(dict.fromkeys(one_line(each, _LONGEST_TAG) for each in tags))[:_MOST_TAGS],
        "details": _details(shown),
        **({"responders": called} if called else {}),
    }


def _closing(shown: Content) -> dict[str, str]:
    return {"source": "ci-reporter", "note": "\n".join(fit_lines(_lines(shown), _LONGEST_NOTE, shown.language, len))}


def _lines(shown: Content) -> list[str]:
    """All there is to read, as plain text: Opsgenie shows the description as it is."""
    listed = [f"• {each}" for each in shown.failed_tests]
    links = [f"{each.text}: {each.url}" for each in shown.links if len(each.url) <= _LONGEST_ADDRESS][:5]
    return [
        *((shown.title,) if not shown.text else ()),
        *links,
        *clip(shown.text, _LONGEST_TEXT // 3).splitlines(),
        *((f"{shown.word('Failed tests')}:", *listed) if listed else ()),
        *((f"{shown.word('Commit')}: {shown.commit}", *shown.stat) if shown.commit else ()),
    ]


def _details(shown: Content) -> dict[str, str]:
    """Facts that fit, all together, into 8000 characters; those that come first are the ones that were measured."""
    pairs = [(clip(each.name, 100), each.value) for each in shown.facts]
    sizes = accumulate(len(name) + len(value) for name, value in pairs)
    return dict(pair for pair, size in zip(pairs, sizes, strict=True) if size <= _LONGEST_DETAILS)


def _problem(answer: Answer) -> DeliveryError | None:
    """It answers 202 with a `result`; else `message` says why not, and `errors` which field is wrong."""
    body = json_body(answer)
    if answer.status == 202 and body.get("result"):
        return None
    if answer.status in (408, 429) or answer.status >= 500:
        return None  # the status says enough
    errors = body.get("errors")
    fields = "; ".join(f"{name}: {text}" for name, text in errors.items()) if isinstance(errors, dict) else ""
    words = ": ".join(filter(None, (str(body.get("message") or ""), fields))) or answer.text(100)
    said = one_line(words or f"status {answer.status}", 300)
    remedy = (
        " (check CI_REPORTER_OPSGENIE: it is the key of an API integration; accounts in the EU need"
        " CI_REPORTER_OPSGENIE_API=https://api.eu.opsgenie.com)"
        if answer.status in (401, 403)
        else ""
    )
    return Rejected(f"opsgenie refused: {said}{remedy}", answer.status)
