"""Discord: a channel's webhook.

Sources: Discord's documentation, "Execute Webhook", "Embed Limits", "Allowed Mentions Object" and "Rate Limits".
"""

from __future__ import annotations

import json
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
from ci_reporter.notify.markdown import NOTHING, without_mentions
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_body, json_request
from ci_reporter.notify.refusal import refusal, temporary_refusal
from ci_reporter.system.text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

    Part = dict[str, Any]

_RATE = Rate(count=5, per_s=10.0)  # 30 a minute, and 5 in 2 seconds
_LONGEST_DESCRIPTION, _LONGEST_VALUE, _LONGEST_NAME = 4096, 1024, 100
_LONGEST_EMBED = 5900  # of 6000 characters, in the whole embed
_MOST_FACTS = 21  # of 25 fields: tests, commit and links are fields, too, and so is what says how many more there are
_TOO_LONG = 10_000
_EVERYBODY = ("everyone", "here")
_NEW_ADDRESS = "make a new webhook and set CI_REPORTER_DISCORD"
_REMEDIES = {
    "10015": f"the webhook was removed; {_NEW_ADDRESS}",
    "50027": "the webhook's address is wrong; copy it again into CI_REPORTER_DISCORD",
    "50035": "the message is not as Discord wants it; please report it",
    "220001": "the webhook is of a forum; add ?thread_id= and a thread's id to its address",
    "220003": "the webhook is not of a forum; take thread_name out of its address",
}


class DiscordSettings(WebhookSettings, group="discord"):
    """A webhook's address."""

    url: str | None = setting(
        None, values.page_url, "URL", "Discord: the address of a channel's webhook.", main=True, secret=True
    )
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "Discord: whom to mention: everyone, here, a user's id, or & and a role's id.", many=True
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="discord",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
            chart=partial(_chart_request, self),
        )


def _request(settings: DiscordSettings, language: Language, alert: Alert) -> Request:
    return json_request(_address(settings), payload(content(alert, language), settings.mentions))


def _chart_request(settings: DiscordSettings, alert: Alert, image: bytes, message: str | None) -> Request:  # noqa: ARG001
    """A message of the picture alone: a webhook cannot answer its own message."""
    from ci_reporter.notify.multipart import form_request
    from ci_reporter.notify.picture import NAME, description

    about = {"id": 0, "filename": NAME, "description": clip(description(alert.charts), _LONGEST_DESCRIPTION)}
    said = {"attachments": [about], "allowed_mentions": {"parse": []}}
    return form_request(_address(settings), {"payload_json": json.dumps(said)}, ("files[0]", NAME, image))


def _address(settings: DiscordSettings) -> str:
    url = settings.url or ""
    return url + f"{'&' if '?' in url else '?'}wait=true"  # else the answer comes before the message is checked


def payload(shown: Content, mentions: Sequence[str] = ()) -> dict[str, Any]:
    """The message: its first line, which notifications show, and an embed beside a coloured bar."""
    text = f"**{escape(shown.headline)}**"
    footer = shown.when or "ci-reporter"
    embed: Part = {"color": int(shown.colour[1:], 16), "footer": {"text": footer}}
    for part in fit(shown, _LAYOUT, _LONGEST_EMBED - len(footer)):
        embed.setdefault("fields", []).extend(part.get("fields", ()))
        embed |= {name: each for name, each in part.items() if name != "fields"}
    return {
        "content": " ".join([text, *map(_mention, mentions)]),
        "embeds": [embed],
        "allowed_mentions": {
            "parse": ["everyone"] if set(mentions) & set(_EVERYBODY) else [],
            "users": [each for each in mentions if each.isdigit()],
            "roles": [each[1:] for each in mentions if each.startswith("&")],
        },
    }


def escape(text: str) -> str:
    """Text that Discord shows as it is, also what it would hide behind a black bar: `||spoiler||`."""
    return without_mentions(markdown.escape(text)).replace("||", f"|{NOTHING}|")


def _mention(who: str) -> str:
    return f"@{who}" if who in _EVERYBODY else f"<@{who}>"


def _facts(facts: Sequence[Field], rest: str) -> Part:
    """Facts in columns; the last one says how many more there are."""
    fields = [_field(each.name, escape(each.value), inline=True) for each in facts]
    return {"fields": [*fields, _field(rest, NOTHING, inline=True)] if rest else fields}


def _listing(heading: str, lines: Sequence[str]) -> Part:
    """Lines as they are: in a code block only its end is markup."""
    block = "\n".join(lines).replace("`", "'")
    return {"fields": [_field(heading, f"```\n{block}\n```")]}


def _links(links: Sequence[Link]) -> Part:
    return {"fields": [_field(NOTHING, " · ".join(f"[{escape(each.text)}]({each.url})" for each in links))]}


def _field(name: str, value: str, inline: bool = False) -> Part:
    return {"name": escape(clip(name, _LONGEST_NAME)), "value": value, "inline": inline}


def _size(part: Part) -> int:
    """Its characters; too many for any embed where one of its texts, or their number, is over its own limit."""
    fields, description = part.get("fields", []), part.get("description", "")
    if len(fields) > _MOST_FACTS + 1 or _length(description) > _LONGEST_DESCRIPTION:
        return _TOO_LONG
    if any(_length(each["value"]) > _LONGEST_VALUE for each in fields):
        return _TOO_LONG
    return _length(description) + sum(_length(each["name"]) + _length(each["value"]) for each in fields)


def _length(text: str) -> int:
    """Characters as JavaScript counts them, of which an emoji is two: never less than Discord counts."""
    return len(text.encode("utf-16-le", "replace")) // 2


_LAYOUT = Layout(
    text=lambda text: {"description": escape(text)}, facts=_facts, listing=_listing, links=_links, size=_size
)


def _problem(answer: Answer) -> DeliveryError | None:
    """The webhook gives the message that it made, by its id; without `wait` it would say 204 and nothing."""
    body = json_body(answer)
    if answer.status == 204 or (answer.status == 200 and "id" in body):
        return None
    code, said = str(body.get("code", "")), str(body.get("message", ""))
    if answer.status == 429 and isinstance(pause_s := body.get("retry_after"), int | float):
        return temporary_refusal("discord", said or "429", float(pause_s))
    return refusal("discord", answer, f"{code} {said}{_detail(body.get('errors'))}".strip(), _REMEDIES.get(code, ""))


def _detail(errors: object, path: str = "") -> str:
    """The first thing that is wrong with the message: ` (embeds.0.description: Must be 4096 or fewer in length.)`."""
    if not isinstance(errors, dict) or not errors:
        return ""
    if isinstance(found := errors.get("_errors"), list) and found and isinstance(found[0], dict):
        return f" ({path}: {found[0].get('message', '')})"
    name, inner = next(iter(errors.items()))
    return _detail(inner, f"{path}.{name}" if path else str(name))
