"""Microsoft Teams: a Workflow (Power Automate) that posts an Adaptive Card.

Sources: Microsoft's documentation of Adaptive Cards 1.4, of "Create incoming webhooks with Workflows" and of the
Microsoft Teams connector (28 KB). Text stands in `RichTextBlock`s, the one element whose text is not Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError
from ci_reporter.notify.alert import Alert, Field, Link
from ci_reporter.notify.content import Content, Tone, content
from ci_reporter.notify.fitting import size_bytes
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, fit
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_body, json_request
from ci_reporter.notify.refusal import refusal
from ci_reporter.system.text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

    Element = dict[str, Any]

_RATE = Rate(count=4, per_s=5.0)  # the webhook takes four a second; the flow behind it has limits of its own
_LARGEST_BODY = 24_000  # bytes, of about 28 KB
_STYLES = {
    Tone.GOOD: "good",
    Tone.INFO: "accent",
    Tone.WARNING: "warning",
    Tone.ERROR: "attention",
    Tone.CRITICAL: "attention",
}
_KIND = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_NEW_WORKFLOW = "make a workflow from the template 'Send webhook alerts to a channel' and set CI_REPORTER_TEAMS"
_REMEDIES = {
    "WorkflowNotFound": f"the workflow was deleted; {_NEW_WORKFLOW}",
    "WorkflowTriggerIsNotEnabled": "the workflow is switched off; switch it on",
    "DirectApiAuthorizationRequired": "in the workflow, let anyone trigger it, and copy its address again",
    "SecurityTokenError": "the address is not complete; copy it again into CI_REPORTER_TEAMS",
    "MissingApiVersionParameter": "the address is not complete; copy it again into CI_REPORTER_TEAMS",
}
_TAKEN = (b"", b"1", b"ok")


class TeamsSettings(WebhookSettings, group="teams"):
    """A workflow's address."""

    url: str | None = setting(
        None, values.page_url, "URL", "Teams: the address of a workflow that takes webhooks.", main=True, secret=True
    )
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "Teams: whom to mention, by user principal name: ada@acme.example.", many=True
    )

    def problem(self) -> str | None:
        """Say that connectors are gone: they may still answer 200 and show nothing."""
        host = (self.url or "").split("/")[2:3]
        if host and host[0].lower().endswith("webhook.office.com"):
            return f"teams: this is an Office 365 connector, and Microsoft has retired these; {_NEW_WORKFLOW}"
        return None

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="teams",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: TeamsSettings, language: Language, alert: Alert) -> Request:
    return json_request(settings.url or "", payload(content(alert, language), settings.mentions))


def payload(shown: Content, mentions: Sequence[str] = ()) -> dict[str, Any]:
    """The message: a card."""
    title = [_text(shown.headline, size="Large", weight="Bolder")]
    if shown.when:
        title.append(_text(shown.when, isSubtle=True, size="Small") | {"spacing": "None"})
    body: list[Element] = [{"type": "Container", "style": _STYLES[shown.tone], "bleed": True, "items": title}]
    if mentions:
        body.append({"type": "TextBlock", "text": " ".join(map(_mention, mentions)), "wrap": True})
    card = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": shown.headline,
        "msteams": {"width": "Full", "entities": list(map(_entity, mentions))},
    }

    def message(elements: Sequence[Element]) -> dict[str, Any]:
        return {"type": "message", "attachments": [{"contentType": _KIND, "content": card | {"body": elements}}]}

    parts = fit(shown, _LAYOUT, _LARGEST_BODY - _size(message(body)))
    return message([*body, *(element for part in parts for element in part)])


def _mention(who: str) -> str:
    return f"<at>{who}</at>"


def _entity(who: str) -> Element:
    return {"type": "mention", "text": _mention(who), "mentioned": {"id": who, "name": who}}


def _text(text: str, **style: object) -> Element:
    """Text as it is, on one line unless it is longer than the card is wide."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _paragraph(text: str) -> list[Element]:
    """A block a line, as a block shows no line breaks; an empty line is a larger gap."""
    blocks, gap = [], "Medium"
    for line in text.split("\n"):
        if line:
            blocks.append(_text(line) | {"spacing": gap})
        gap = "None" if line else "Medium"
    return blocks


def _facts(facts: Sequence[Field], rest: str) -> list[Element]:
    """A table of two columns."""
    rows: list[Element] = [
        {
            "type": "ColumnSet",
            "spacing": "Small" if at else "Medium",
            "columns": [
                {"type": "Column", "width": "120px", "items": [_text(each.name, isSubtle=True)]},
                {"type": "Column", "width": "stretch", "items": [_text(each.value)]},
            ],
        }
        for at, each in enumerate(facts)
    ]
    return [*rows, _text(rest, isSubtle=True)] if rest else rows


def _listing(heading: str, lines: Sequence[str]) -> list[Element]:
    heading_block = _text(heading, weight="Bolder") | {"spacing": "Medium"}
    return [heading_block, *(_text(each, fontType="Monospace", size="Small") | {"spacing": "None"} for each in lines)]


def _buttons(links: Sequence[Link]) -> list[Element]:
    actions = [{"type": "Action.OpenUrl", "title": clip(each.text, 40), "url": each.url} for each in links]
    return [{"type": "ActionSet", "actions": actions}]


def _size(elements: object) -> int:
    """Bytes in JSON."""
    return size_bytes(json.dumps(elements, ensure_ascii=False, separators=(",", ":")))


_LAYOUT = Layout(text=_paragraph, facts=_facts, listing=_listing, links=_buttons, size=_size)


def _problem(answer: Answer) -> DeliveryError | None:
    """The workflow takes a card with 202, before it posts it; a flow may also answer 200 with words of its own."""
    error = json_body(answer).get("error")
    if answer.status in (200, 202) and not error and (answer.body.strip().lower() in _TAKEN or json_body(answer)):
        return None
    known = error if isinstance(error, dict) else {}
    code, said = str(known.get("code", "")), str(known.get("message", ""))
    return refusal("teams", answer, f"{code} {said}".strip(), _REMEDIES.get(code, ""))
