"""Mattermost: an incoming webhook.

Sources: Mattermost's documentation, "Incoming webhooks" and "Message attachments"; of its server, `app/webhook.go`
(error ids) and `model/message_attachment.go` (Slack's `<address|text>` is a link there, too).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError
from ci_reporter.notify import markdown
from ci_reporter.notify.alert import Alert, Field, Link
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, fit
from ci_reporter.notify.markdown import without_mentions
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_body, json_request
from ci_reporter.notify.refusal import refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

    Part = dict[str, Any]

_RATE = Rate(count=5, per_s=1.0)  # a server allows 10 a second by default
_LARGEST_ATTACHMENTS = 7_000  # characters of JSON: older servers take 7600, newer ones 800 000
_SLACK_LINK = re.compile(r"<(?=[^<|]+\|[^>]+>)")
_REMEDIES = {
    "web.incoming_webhook.invalid.app_error": "the webhook was removed; make a new one and set CI_REPORTER_MATTERMOST",
    "web.incoming_webhook.disabled.app_error": "an administrator has switched incoming webhooks off",
    "web.incoming_webhook.channel.app_error": "check CI_REPORTER_MATTERMOST_CHANNEL",
    "web.incoming_webhook.channel_locked.app_error": (
        "the webhook may post to its own channel only; unset CI_REPORTER_MATTERMOST_CHANNEL"
    ),
    "web.incoming_webhook.permissions.app_error": "who made the webhook may not post to the channel",
}


class MattermostSettings(WebhookSettings, group="mattermost"):
    """A webhook's address."""

    url: str | None = setting(
        None, values.url, "URL", "Mattermost: the address of an incoming webhook.", main=True, secret=True
    )
    channel: str | None = setting(
        None, values.text, "NAME", "Mattermost: the channel, as in its address, if not the webhook's own."
    )
    mentions: tuple[str, ...] = setting(
        (), values.text, "NAME", "Mattermost: whom to mention: here, channel, all, a username or a group.", many=True
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="mattermost",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: MattermostSettings, language: Language, alert: Alert) -> Request:
    message = payload(content(alert, language), settings.mentions)
    return json_request(settings.url or "", message | ({"channel": settings.channel} if settings.channel else {}))


def payload(shown: Content, mentions: Sequence[str] = ()) -> dict[str, Any]:
    """The message: its first line, which notifications show, and an attachment beside a coloured bar."""
    called = [f"@{each.removeprefix('@')}" for each in mentions]
    footer = shown.when or "ci-reporter"
    attachment: Part = {"fallback": without_mentions(shown.headline), "color": shown.colour, "footer": footer}
    for part in fit(shown, _LAYOUT, _LARGEST_ATTACHMENTS - _size(attachment)):
        attachment.setdefault("fields", []).extend(part.get("fields", ()))
        attachment |= {name: each for name, each in part.items() if name != "fields"}
    return {"text": " ".join([f"**{escape(shown.headline)}**", *called]), "attachments": [attachment]}


def escape(text: str) -> str:
    """Text that Mattermost shows as it is; without a `<` the server finds no link of Slack's in it."""
    return without_mentions(markdown.escape(text)).replace("<", "&lt;")


def _facts(facts: Sequence[Field], rest: str) -> Part:
    """Facts in two columns."""
    fields = [_field(each.name, escape(each.value), short=True) for each in facts]
    return {"fields": [*fields, _field(rest, "", short=True)] if rest else fields}


def _listing(heading: str, lines: Sequence[str]) -> Part:
    """Lines as they are: in a code block its end is markup, and what the server takes for a link of Slack's."""
    block = _SLACK_LINK.sub("‹", "\n".join(lines).replace("`", "'"))
    return {"fields": [_field(heading, f"```\n{block}\n```")]}


def _links(links: Sequence[Link]) -> Part:
    return {"fields": [_field("", " · ".join(f"[{escape(each.text)}]({each.url})" for each in links))]}


def _field(title: str, value: str, short: bool = False) -> Part:
    return {"title": escape(title), "value": value, "short": short}


def _size(part: Part) -> int:
    """Characters in JSON."""
    return len(json.dumps(part, ensure_ascii=False, separators=(",", ":")))


_LAYOUT = Layout(text=lambda text: {"text": escape(text)}, facts=_facts, listing=_listing, links=_links, size=_size)


def _problem(answer: Answer) -> DeliveryError | None:
    """The webhook says yes by `ok`, in plain text; else why not, in JSON."""
    if answer.status == 200 and answer.body.strip() == b"ok":
        return None
    body = json_body(answer)
    return refusal("mattermost", answer, str(body.get("message", "")), _REMEDIES.get(str(body.get("id", "")), ""))
