"""WeCom 企业微信: a robot of a group.

Source: WeCom's developer centre, "消息推送配置说明" (path 91770).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError
from ci_reporter.notify.alert import Alert, Field
from ci_reporter.notify.content import Content, Tone, content
from ci_reporter.notify.fitting import size_bytes
from ci_reporter.notify.language import Language
from ci_reporter.notify.layout import Layout, document
from ci_reporter.notify.markdown import NOTHING, without_blocks
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_request
from ci_reporter.notify.refusal import errcode, refusal, temporary_refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

# 20 a minute; messages may arrive closer together than they left, and a second try is one more.
_RATE = Rate(count=18, per_s=60.0)
_LARGEST_MARKDOWN, _LARGEST_TEXT = 4096, 2048  # bytes
_LIMITED_S = 60.0
_MOBILE = re.compile(r"\+?\d{6,20}")
_CALM = (Tone.GOOD, Tone.INFO)
_REMEDIES = {
    "93000": "the robot was removed, or its address is wrong; copy it again into CI_REPORTER_WECOM",
    "93004": "the robot is switched off; switch it on in the group's settings",
    "93008": "the robot is not in the group any more; make a new one and set CI_REPORTER_WECOM",
    "60020": "add the address of this machine to the trusted IP addresses",
}
_PASSING = {"45009": _LIMITED_S, "45033": None, "-1": None}


class WecomSettings(WebhookSettings, group="wecom"):
    """A robot's address."""

    url: str | None = setting(
        None, values.page_url, "URL", "WeCom: the address of a group's robot.", main=True, secret=True
    )
    mentions: tuple[str, ...] = setting(
        (),
        values.text,
        "ID",
        "WeCom: whom to mention: a user id; all or a mobile number, for which the message must be plain text.",
        many=True,
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        return HttpNotifier(
            name="wecom",
            rate=_RATE,
            secrets=self.secrets(),
            request=partial(_request, self, language),
            problem=_problem,
            chart=partial(_chart_request, self),
        )


def _request(settings: WecomSettings, language: Language, alert: Alert) -> Request:
    return json_request(settings.url or "", payload(content(alert, language), settings.mentions))


def _chart_request(settings: WecomSettings, alert: Alert, image: bytes, message: str | None) -> Request:  # noqa: ARG001
    """A message of the picture alone, of at most 2 MB."""
    import base64
    import hashlib

    sum_of_it = hashlib.md5(image, usedforsecurity=False).hexdigest()  # what WeCom asks for
    shown = {"base64": base64.b64encode(image).decode(), "md5": sum_of_it}
    return json_request(settings.url or "", {"msgtype": "image", "image": shown})


def payload(shown: Content, mentions: Sequence[str] = ()) -> dict[str, Any]:
    """The message: Markdown, or plain text where someone is mentioned whom only that can mention."""
    mobiles = [each for each in mentions if _MOBILE.fullmatch(each)]
    if not (mobiles or "all" in mentions):
        called = " ".join(f"<@{each}>" for each in mentions)
        return {
            "msgtype": "markdown",
            "markdown": {"content": _markdown(shown, called)},
        }
    return {
        "msgtype": "text",
        "text": {
            "content": document(shown, _PLAIN, _LARGEST_TEXT, [shown.headline, shown.when]),
            "mentioned_list": ["@all" if each == "all" else each for each in mentions if each not in mobiles],
            "mentioned_mobile_list": mobiles,
        },
    }


def escape(text: str) -> str:
    """Text that WeCom's Markdown shows as it is.

    It knows no escapes. A tag, a mention and a link are broken up by a space without width; what would make text bold
    or code is replaced by characters that look alike.
    """
    broken = text.replace("<", f"<{NOTHING}").replace("](", f"]{NOTHING}(").replace("*", "∗").replace("`", "'")
    return without_blocks(broken)


def _markdown(shown: Content, called: str) -> str:
    colour = "info" if shown.tone in _CALM else "warning"  # green or orange: there is no red
    title = f'### <font color="{colour}">{escape(shown.headline)}</font>'
    head = ["\n".join(filter(None, [title, _grey(shown.when)])), called]
    return document(shown, _MARKDOWN, _LARGEST_MARKDOWN, head)


def _grey(text: str) -> str:
    return f'<font color="comment">{escape(text)}</font>' if text else ""


def _markdown_facts(facts: Sequence[Field], rest: str) -> str:
    lines = [f">{_grey(f'{each.name}:')} {escape(each.value)}" for each in facts]
    return "\n".join([*lines, f">{rest}"] if rest else lines)


_MARKDOWN = Layout(
    text=escape,
    facts=_markdown_facts,
    listing=lambda heading, lines: "\n".join([f"**{escape(heading)}**", *(f">{escape(each)}" for each in lines)]),
    links=lambda links: " · ".join(f"[{escape(each.text)}]({each.url})" for each in links),
    size=size_bytes,
)
_PLAIN = Layout(
    text=str,
    facts=lambda facts, rest: "\n".join([*(f"{each.name}: {each.value}" for each in facts), *filter(None, [rest])]),
    listing=lambda heading, lines: "\n".join([f"{heading}:", *(f"- {each}" for each in lines)]),
    links=lambda links: "\n".join(f"{each.text}: {each.url}" for each in links),
    size=size_bytes,
)


def _problem(answer: Answer) -> DeliveryError | None:
    found = errcode(answer)
    if found is None:
        return None
    code, said = found
    words = f"{code} {said}" if code else ""
    if code in _PASSING:
        return temporary_refusal("wecom", words, _PASSING[code])
    return refusal("wecom", answer, words, _REMEDIES.get(code, ""))
