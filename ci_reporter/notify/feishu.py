"""Feishu 飞书 (Lark outside of China): a custom bot of a group.

Sources: Feishu's open platform, "自定义机器人使用指南" (signature, limits, error codes) and "飞书卡片" (cards, their
Markdown and how its special characters are escaped).
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
from ci_reporter.notify.refusal import refusal, temporary_refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

    Element = dict[str, Any]

_RATE = Rate(count=5, per_s=3.0)  # 100 a minute, and 5 a second
_LARGEST_BODY = 20_000  # bytes, of 20 KB
_COLOURS = {
    Tone.GOOD: "green",
    Tone.INFO: "blue",
    Tone.WARNING: "orange",
    Tone.ERROR: "red",
    Tone.CRITICAL: "carmine",
}
_SPECIAL = {ord(each): f"&#{ord(each)};" for each in "&<>*_~[]`\\"}
_REMEDIES = {
    "9499": "the message is not as Feishu wants it; please report it",
    "19001": "the bot was removed, or its address is wrong; copy it again into CI_REPORTER_FEISHU",
    "19002": "the message is not as Feishu wants it; please report it",
    "19021": "set CI_REPORTER_FEISHU_SECRET to the bot's secret, and check the clock of this machine",
    "19022": "add the address of this machine to the bot's IP whitelist",
    "19024": "the bot wants a keyword in each message; set CI_REPORTER_FEISHU_KEYWORD",
}
_PASSING = ("11232", "11233", "99991400", "2200")  # too many messages, of this bot or of all; an internal error
_PAUSE_S = 1.0


class FeishuSettings(WebhookSettings, group="feishu"):
    """A bot's address, and how it makes sure that messages are ours."""

    url: str | None = setting(
        None, values.page_url, "URL", "Feishu, Lark: the address of a group's bot.", main=True, secret=True
    )
    secret: str | None = setting(
        None, values.text, "", "Feishu, Lark: the secret the bot's messages are signed with.", secret=True
    )
    keyword: str | None = setting(
        None, values.text, "WORD", "Feishu, Lark: a word the bot wants in each message; added where it is missing."
    )
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "Feishu, Lark: whom to mention: all, or an open id (ou_…).", many=True
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="feishu",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: FeishuSettings, language: Language, alert: Alert) -> Request:
    import time

    message = payload(content(alert, language), settings.mentions, settings.keyword or "")
    if settings.secret:
        now_s = int(time.time())
        message = {"timestamp": str(now_s), "sign": signature(settings.secret, now_s), **message}
    return json_request(settings.url or "", message)


def signature(secret: str, now_s: int) -> str:
    """The signature of a message: the key is the time in seconds and the secret, and what is signed is nothing."""
    import hashlib
    import hmac
    from base64 import b64encode

    return b64encode(hmac.new(f"{now_s}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def payload(shown: Content, mentions: Sequence[str] = (), keyword: str = "") -> dict[str, Any]:
    """The message: a card with a coloured title."""
    notes = [shown.when or "ci-reporter"]
    if keyword not in f"{shown.headline}\n{shown.text}":
        notes.append(keyword)
    called = " ".join(f"<at id={each}></at>" for each in mentions)
    above = [_markdown(called)] if called else []
    below = [{"tag": "note", "elements": [_plain(" · ".join(notes))]}]
    title = {"template": _COLOURS[shown.tone], "title": _plain(shown.headline)}

    def message(elements: Sequence[Element]) -> dict[str, Any]:
        card = {"config": {"wide_screen_mode": True}, "header": title, "elements": elements}
        return {"msg_type": "interactive", "card": card}

    room = _LARGEST_BODY - _size(message([*above, *below])) - 200  # for time and signature, and commas
    parts = fit(shown, _LAYOUT, room)
    return message([*above, *(element for part in parts for element in part), *below])


def escape(text: str) -> str:
    """Text that Feishu's Markdown shows as it is."""
    return text.translate(_SPECIAL)


def _plain(text: str) -> Element:
    return {"tag": "plain_text", "content": text}


def _markdown(text: str) -> Element:
    return {"tag": "div", "text": {"tag": "lark_md", "content": text}}


def _facts(facts: Sequence[Field], rest: str) -> list[Element]:
    """Facts in two columns."""
    lines = [*(f"**{escape(each.name)}**\n{escape(each.value)}" for each in facts), *filter(None, [rest])]
    return [
        {"tag": "div", "fields": [{"is_short": True, "text": {"tag": "lark_md", "content": each}} for each in lines]}
    ]


def _listing(heading: str, lines: Sequence[str]) -> list[Element]:
    return [_markdown(f"**{escape(heading)}**"), {"tag": "div", "text": _plain("\n".join(lines))}]


def _buttons(links: Sequence[Link]) -> list[Element]:
    buttons = [{"tag": "button", "type": "default", "text": _plain(each.text), "url": each.url} for each in links]
    return [{"tag": "action", "actions": buttons}]


def _size(elements: object) -> int:
    """Bytes in JSON."""
    return size_bytes(json.dumps(elements, ensure_ascii=False, separators=(",", ":")))


_LAYOUT = Layout(
    text=lambda text: [{"tag": "div", "text": _plain(text)}],
    facts=_facts,
    listing=_listing,
    links=_buttons,
    size=_size,
)


def _problem(answer: Answer) -> DeliveryError | None:
    """The bot says yes by `"code": 0`, older ones by `"StatusCode": 0`; status 200 it says of a no, too."""
    body = json_body(answer)
    code = str(body.get("code", body.get("StatusCode", "")))
    if answer.status == 200 and code == "0":
        return None
    words = f"{code} {body.get('msg', body.get('StatusMessage', ''))}" if code else ""
    if code in _PASSING:
        return temporary_refusal("feishu", words, _PAUSE_S)
    return refusal("feishu", answer, words, _REMEDIES.get(code, ""))
