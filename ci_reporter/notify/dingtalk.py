"""DingTalk 钉钉: a custom robot of a group.

Sources: DingTalk's open documentation, "自定义机器人接入" (messages, limits, error codes), "自定义机器人安全设置".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError
from ci_reporter.notify.alert import Alert, Field, Link
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.fitting import size_bytes
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, document
from ci_reporter.notify.markdown import escape
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_request
from ci_reporter.notify.refusal import errcode, refusal, temporary_refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

# 20 a minute; messages may arrive closer together than they left, and a second try is one more.
_RATE = Rate(count=18, per_s=60.0)
_LARGEST_TEXT = (
    16_000  # as it stands in JSON; the whole body may have 20 000 bytes, and it has a title and mentions, too
)
_BLOCKED_S = 600.0  # a robot that was used too often is blocked for ten minutes
_MOBILE = re.compile(r"\+?[\d-]{6,20}")
_NEWLINE = "  \n"  # a line break in Markdown; without the spaces the next line would follow on the same one
_REMEDIES = {
    "keyword": "the robot wants a keyword in each message; set CI_REPORTER_DINGTALK_KEYWORD",
    "sign": "set CI_REPORTER_DINGTALK_SECRET to the robot's secret, which begins with SEC",
    "timestamp": "the clock of this machine is off by more than an hour",
    "ip": "add the address of this machine to the robot's list of IP addresses",
    "300001": "the robot's address is wrong; copy it again into CI_REPORTER_DINGTALK",
    "300005": "the robot's address is wrong; copy it again into CI_REPORTER_DINGTALK",
    "400013": "the group was dissolved; make a robot in another one and set CI_REPORTER_DINGTALK",
    "400101": "the robot was removed; make a new one and set CI_REPORTER_DINGTALK",
    "400102": "the robot is switched off; switch it on in the group's settings",
}
_SECURITY = (
    ("keyword", "keyword"),
    ("关键词", "keyword"),
    ("sign", "sign"),
    ("签名", "sign"),
    ("timestamp", "timestamp"),
    ("whitelist", "ip"),
    ("白名单", "ip"),
)
_PASSING = {"130101": _BLOCKED_S, "410100": _BLOCKED_S, "-1": None}


class DingtalkSettings(WebhookSettings, group="dingtalk"):
    """A robot's address, and how it makes sure that messages are ours."""

    url: str | None = setting(
        None, values.page_url, "URL", "DingTalk: the address of a group's robot.", main=True, secret=True
    )
    secret: str | None = setting(
        None, values.text, "", "DingTalk: the secret the robot's messages are signed with.", secret=True
    )
    keyword: str | None = setting(
        None, values.text, "WORD", "DingTalk: a word the robot wants in each message; added where it is missing."
    )
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "DingTalk: whom to mention: all, a mobile number or a user id.", many=True
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="dingtalk",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
        )


def _request(settings: DingtalkSettings, language: Language, alert: Alert) -> Request:
    import time

    url = settings.url or ""
    if settings.secret:
        ms = int(time.time() * 1000)
        url += f"{'&' if '?' in url else '?'}timestamp={ms}&sign={signature(settings.secret, ms)}"
    return json_request(url, payload(content(alert, language), settings.mentions, settings.keyword or ""))


def signature(secret: str, ms: int) -> str:
    """The signature as it stands in the address, percent-encoded once; the time is in milliseconds."""
    import hashlib
    import hmac
    from base64 import b64encode
    from urllib.parse import quote_plus

    digest = hmac.new(secret.encode(), f"{ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(b64encode(digest))


def payload(shown: Content, mentions: Sequence[str] = (), keyword: str = "") -> dict[str, Any]:
    """The message: Markdown, with a title that the list of chats and notifications show."""
    called = [each for each in mentions if each != "all"]
    head = [f"### {escape(shown.headline)}", " ".join(f"@{each}" for each in called)]
    text = "\n\n".join(filter(None, [document(shown, _LAYOUT, _LARGEST_TEXT, head), shown.when]))
    if keyword not in text:  # the robot looks for it in what is sent, so it is not escaped
        text += f"\n\n{keyword}"
    message: dict[str, Any] = {"msgtype": "markdown", "markdown": {"title": shown.headline, "text": text}}
    if mentions:
        message["at"] = {
            "atMobiles": [each for each in called if _MOBILE.fullmatch(each)],
            "atUserIds": [each for each in called if not _MOBILE.fullmatch(each)],
            "isAtAll": "all" in mentions,
        }
    return message


def _link(link: Link) -> str:
    """A link that opens in the browser, where one is logged in, and not in DingTalk's side panel."""
    from urllib.parse import quote

    return f"[{escape(link.text)}](dingtalk://dingtalkclient/page/link?url={quote(link.url, safe='')}&pc_slide=false)"


def _size(text: str) -> int:
    """Bytes of the text in JSON, where a quotation mark or a line break is two."""
    return size_bytes(json.dumps(text, ensure_ascii=False))


def _facts(facts: Sequence[Field], rest: str) -> str:
    lines = [f"**{escape(each.name)}:** {escape(each.value)}" for each in facts]
    return _NEWLINE.join([*lines, rest] if rest else lines)


def _listing(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{escape(heading)}**\n", *(f"- {escape(each)}" for each in lines)])


_LAYOUT = Layout(
    text=lambda text: _NEWLINE.join(map(escape, text.split("\n"))),
    facts=_facts,
    listing=_listing,
    links=lambda links: " · ".join(map(_link, links)),
    size=_size,
)


def _problem(answer: Answer) -> DeliveryError | None:
    found = errcode(answer)
    if found is None:
        return None
    code, said = found
    words = f"{code} {said}" if code else ""
    if code in _PASSING:
        return temporary_refusal("dingtalk", words, _PASSING[code])
    return refusal("dingtalk", answer, words, _remedy(code, said.lower()))


def _remedy(code: str, said: str) -> str:
    """310000 is the code of all security settings; its words say which one."""
    if code != "310000":
        return _REMEDIES.get(code, "")
    return next((_REMEDIES[remedy] for word, remedy in _SECURITY if word in said), "")
