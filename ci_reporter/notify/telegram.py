"""Telegram: a bot that posts to a chat and answers its own messages.

Sources: Telegram's documentation, "Bot API": `sendMessage`, "HTML style", `ResponseParameters`; and "Bots FAQ" (rates).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError
from ci_reporter.notify.alert import Alert, Field
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, document
from ci_reporter.notify.markdown import without_mentions
from ci_reporter.notify.notifier import HttpNotifier, Rate, json_body, json_request
from ci_reporter.notify.refusal import refusal, temporary_refusal
from ci_reporter.system.text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

_RATE = Rate(count=20, per_s=60.0)  # 20 a minute in a group
_LONGEST, _LONGEST_CAPTION = 4096, 1000  # characters, without the markup; a caption has 1024
_TAG = re.compile(r"</?(?:b|i|a|pre)(?: [^>]*)?>")
_UNAUTHORIZED = "the bot's token is wrong; copy it again into CI_REPORTER_TELEGRAM_TOKEN"
_REMEDIES = {
    "chat not found": "check CI_REPORTER_TELEGRAM_CHAT, and add the bot to the chat",
    "message thread not found": "check CI_REPORTER_TELEGRAM_TOPIC",
    "bot was kicked": "add the bot to the chat again",
    "bot is not a member": "add the bot to the chat",
    "bot was blocked": "the person has blocked the bot; choose another chat",
    "not enough rights": "allow the bot to write in the chat",
}


class TelegramSettings(Settings, group="telegram"):
    """A bot's token and its chat."""

    token: str | None = setting(None, values.text, "", "Telegram: a bot's token, from @BotFather.", secret=True)
    chat: str | None = setting(
        None, values.text, "ID", "Telegram: the chat the bot posts to: its id, or @ and a public channel's name."
    )
    topic: int | None = setting(None, values.count, "ID", "Telegram: the topic of a forum to post in.")
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "Telegram: whom to mention: a username, or a user's id.", many=True
    )
    api: str = setting(
        "https://api.telegram.org", values.url, "URL", "Telegram: the API. Default: https://api.telegram.org."
    )

    @property
    def is_set(self) -> bool:
        """There is a token."""
        return bool(self.token)

    def problem(self) -> str | None:
        """A bot needs a chat."""
        if self.token and not self.chat:
            return "telegram: there is a token and no chat (set CI_REPORTER_TELEGRAM_CHAT)"
        return None

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="telegram",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
            reference=_message_id,
            chart=partial(_chart_request, self),
        )


def _request(settings: TelegramSettings, language: Language, alert: Alert) -> Request:
    message = {"chat_id": settings.chat, **payload(content(alert, language), settings.mentions)}
    if settings.topic is not None:
        message["message_thread_id"] = settings.topic
    if alert.replies_to.get("telegram", "").isdecimal():
        reply = {"message_id": int(alert.replies_to["telegram"]), "allow_sending_without_reply": True}
        message["reply_parameters"] = reply
    return json_request(f"{settings.api}/bot{settings.token}/sendMessage", message)


def _chart_request(settings: TelegramSettings, alert: Alert, image: bytes, message: str | None) -> Request:
    """A picture that answers the message: the text below a picture would have room for 1024 characters only."""
    from ci_reporter.notify.multipart import form_request
    from ci_reporter.notify.picture import NAME, description

    reply = {"message_id": int(message), "allow_sending_without_reply": True} if message else None
    fields = {
        "chat_id": settings.chat or "",
        "caption": clip(description(alert.charts), _LONGEST_CAPTION),
        "disable_notification": "true",  # the message has rung already
        **({"message_thread_id": str(settings.topic)} if settings.topic is not None else {}),
        **({"reply_parameters": json.dumps(reply)} if reply else {}),
    }
    return form_request(f"{settings.api}/bot{settings.token}/sendPhoto", fields, ("photo", NAME, image))


def payload(shown: Content, mentions: Sequence[str] = ()) -> dict[str, Any]:
    """The message, in the HTML that Telegram knows."""
    head = [
        "\n".join([f"<b>{escape(shown.headline)}</b>", *([f"<i>{escape(shown.when)}</i>"] if shown.when else [])]),
        " ".join(map(_mention, mentions)),
    ]
    text = document(shown, _LAYOUT, _LONGEST, head)
    return {"text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def escape(text: str) -> str:
    """Text that Telegram shows as it is; `@name` in it calls nobody."""
    return without_mentions(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _mention(who: str) -> str:
    """A username is one by its @; who has none is called by a link."""
    return f'<a href="tg://user?id={who}">{who}</a>' if who.isdecimal() else f"@{escape(who.removeprefix('@'))}"


def _facts(facts: Sequence[Field], rest: str) -> str:
    lines = [f"<b>{escape(each.name)}:</b> {escape(each.value)}" for each in facts]
    return "\n".join([*lines, rest] if rest else lines)


def _listing(heading: str, lines: Sequence[str]) -> str:
    """Lines as they are; nothing in `<pre>` is a mention, so copying them copies no invisible space."""
    block = html.escape("\n".join(lines), quote=False)
    return f"<b>{escape(heading)}</b>\n<pre>{block}</pre>"


def _size(marked_up: str) -> int:
    """Characters that are left when the markup is taken away: these Telegram counts."""
    return len(html.unescape(_TAG.sub("", marked_up)))


_LAYOUT = Layout(
    text=escape,
    facts=_facts,
    listing=_listing,
    links=lambda links: " · ".join(f'<a href="{html.escape(each.url)}">{escape(each.text)}</a>' for each in links),
    size=_size,
)


def _problem(answer: Answer) -> DeliveryError | None:
    """The API says yes by `"ok": true`."""
    body = json_body(answer)
    if answer.status == 200 and body.get("ok") is True:
        return None
    said = str(body.get("description", ""))
    parameters = body.get("parameters")
    more: dict[str, Any] = parameters if isinstance(parameters, dict) else {}
    if isinstance(pause_s := more.get("retry_after"), int | float):
        return temporary_refusal("telegram", said, float(pause_s))
    return refusal("telegram", answer, said, _remedy(said.lower(), more.get("migrate_to_chat_id")))


def _remedy(said: str, new_chat: object) -> str:
    if new_chat:
        return f"the group has a new id; set CI_REPORTER_TELEGRAM_CHAT to {new_chat}"
    if said in ("unauthorized", "not found"):
        return _UNAUTHORIZED
    return next((remedy for words, remedy in _REMEDIES.items() if words in said), "")


def _message_id(answer: Answer) -> str | None:
    """What the message is called, to answer it."""
    result = json_body(answer).get("result")
    return str(result["message_id"]) if isinstance(result, dict) and "message_id" in result else None
