"""Slack: an incoming webhook, or a bot that answers in threads.

Sources: Slack's documentation, "Block Kit", "Sending messages using incoming webhooks" and `chat.postMessage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from ci_reporter.config import values
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.fitting import fit_lines
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import HttpNotifier, Rate, WebhookSettings, json_body, json_request
from ci_reporter.notify.refusal import MOVED
from ci_reporter.system.text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Answer, Request

_RATE = Rate(count=1, per_s=1.0)
_LONGEST_TEXT, _LONGEST_FIELD = 2900, 1900  # of 3000 and 2000 characters
_MOST_FIELDS, _MOST_BUTTONS, _LONGEST_URL = 10, 5, 3000
_MOST_LINES = 20
_REMEDIES = {
    "no_service": "the webhook was removed; make a new one and set CI_REPORTER_SLACK",
    "no_team": "the webhook's address is not complete; copy it again into CI_REPORTER_SLACK",
    "invalid_token": "the webhook's address is wrong; copy it again into CI_REPORTER_SLACK",
    "invalid_auth": "the bot's token is wrong; set CI_REPORTER_SLACK_TOKEN to the one that begins with xoxb-",
    "not_authed": "the bot's token is missing; set CI_REPORTER_SLACK_TOKEN",
    "token_revoked": "the bot's token was revoked; install the app again and set CI_REPORTER_SLACK_TOKEN",
    "account_inactive": "the bot was removed; install the app again and set CI_REPORTER_SLACK_TOKEN",
    "missing_scope": "give the app the scope chat:write and install it again",
    "channel_not_found": "the channel does not exist, or the bot is not in it; check CI_REPORTER_SLACK_CHANNEL",
    "not_in_channel": "invite the bot to the channel",
    "channel_is_archived": "the channel is archived; choose another",
    "is_archived": "the channel is archived; choose another",
    "action_prohibited": "an administrator forbids the webhook to post there",
    "posting_to_general_channel_denied": "an administrator forbids posting to #general; choose another channel",
}
_PASSING = ("ratelimited", "rate_limited", "service_unavailable", "internal_error", "fatal_error", "request_timeout")


class SlackSettings(WebhookSettings, group="slack"):
    """A webhook's address; or a bot's token and its channel."""

    url: str | None = setting(
        None, values.url, "URL", "Slack: the address of an incoming webhook.", main=True, secret=True
    )
    token: str | None = setting(None, values.text, "", "Slack: a bot's token, instead of a webhook.", secret=True)
    channel: str | None = setting(None, values.text, "ID", "Slack: the channel the bot posts to, by name or id.")
    mentions: tuple[str, ...] = setting(
        (), values.text, "ID", "Slack: whom to mention: here, channel, a user id or a group id.", many=True
    )
    api: str = setting("https://slack.com/api", values.url, "URL", "Slack: the API. Default: https://slack.com/api.")

    @property
    def is_set(self) -> bool:
        """Either of the two ways."""
        return bool(self.url or self.token)

    def problem(self) -> str | None:
        """A bot needs a channel, and one way is enough."""
        if self.url and self.token:
            return "slack: both a webhook and a token are set (unset CI_REPORTER_SLACK or CI_REPORTER_SLACK_TOKEN)"
        if self.token and not self.channel:
            return "slack: there is a token and no channel (set CI_REPORTER_SLACK_CHANNEL)"
        return None

    def notifier(self, env: Mapping[str, str], language: Language) -> HttpNotifier:  # noqa: ARG002
        """Make the notifier."""
        request = partial(_request, self, language)
        if self.url:
            return HttpNotifier(
                name="slack", rate=_RATE, secrets=self.secrets(), request=request, problem=_webhook_problem
            )
        from ci_reporter.http import Access
        from ci_reporter.notify.slackbot import SlackBot, message_place

        return SlackBot(
            name="slack",
            rate=_RATE,
            secrets=self.secrets(),
            request=request,
            problem=_api_problem,
            reference=message_place,
            api=self.api,
            access=Access(token=self.token),
        )


def _request(settings: SlackSettings, language: Language, alert: Alert) -> Request:
    from ci_reporter.http import Access

    message = payload(content(alert, language), settings.mentions)
    if settings.url:
        return json_request(settings.url, message)
    place = alert.replies_to.get("slack", "")
    thread = {"thread_ts": place.rpartition(":")[2]} if place else {}
    return json_request(
        f"{settings.api}/chat.postMessage",
        {"channel": settings.channel, **message, **thread},
        access=Access(token=settings.token),
    )


def payload(shown: Content, mentions: tuple[str, ...] = ()) -> dict[str, Any]:
    """The message: its first line as text, which notifications show, the rest as blocks beside a coloured bar."""
    called = " ".join(map(_mention, mentions))
    text = f"{escape(shown.headline)} {called}".strip()
    return {
        "text": text,
        "unfurl_links": False,
        "attachments": [{"color": shown.colour, "fallback": escape(shown.headline), "blocks": list(_blocks(shown))}],
    }


def escape(text: str) -> str:
    """Text that Slack shows as it is: `<!channel>` calls nobody. Source: "Escaping text"."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(shown: Content) -> Iterator[dict[str, Any]]:
    if shown.text:
        yield {"type": "section", "text": _text(shown.text)}
    fields = [_text(f"*{escape(each.name)}*\n", each.value, most=_LONGEST_FIELD) for each in shown.facts]
    if fields:
        yield {"type": "section", "fields": fields[:_MOST_FIELDS]}
    if shown.failed_tests:
        yield {"type": "section", "text": _listing(f"*{shown.word('Failed tests')}*", shown.failed_tests, shown)}
    if shown.commit:
        yield {"type": "section", "text": _listing(f"*{shown.word('Commit')}*", (shown.commit, *shown.stat), shown)}
    buttons = [_button(each.text, each.url) for each in shown.links if len(each.url) <= _LONGEST_URL]
    if buttons:
        yield {"type": "actions", "elements": buttons[:_MOST_BUTTONS]}
    yield {"type": "context", "elements": [_text(shown.when or "ci-reporter")]}


def _text(marked_up: str, plain: str = "", most: int = _LONGEST_TEXT) -> dict[str, Any]:
    """Markup of ours, then text of others, cut before it is escaped: never within an `&amp;`."""
    text, rest = (marked_up, plain) if plain else ("", marked_up)
    room = most - len(text)
    cut = rest
    while len(escape(cut)) > room:
        cut = clip(cut, len(cut) - max(1, (len(escape(cut)) - room) // 5))
    return {"type": "mrkdwn", "text": text + escape(cut), "verbatim": True}


def _listing(heading: str, lines: tuple[str, ...], shown: Content) -> dict[str, Any]:
    """Lines as they are, under a heading."""
    clean = [escape(clip(each.replace("`", "'"), 200)) for each in lines]
    fitting = "\n".join(fit_lines(clean, _LONGEST_TEXT - 100, shown.language, len, _MOST_LINES))
    return {"type": "mrkdwn", "text": f"{heading}\n```{fitting}```", "verbatim": True}


def _button(text: str, url: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": clip(text, 75)}, "url": url}


def _mention(who: str) -> str:
    """`here`, `channel`, a user (U…, W…) or a group (S…)."""
    if who in ("here", "channel", "everyone"):
        return f"<!{who}>"
    return f"<!subteam^{escape(who)}>" if who.startswith("S") else f"<@{escape(who)}>"


def _webhook_problem(answer: Answer) -> DeliveryError | None:
    """A webhook takes a message by saying `ok`; else its word is why not."""
    if answer.status == 200 and answer.body.strip() == b"ok":
        return None
    plain = answer.body.decode("utf-8", "replace").strip()
    return _refusal(answer, plain if plain.replace("_", "").isalpha() else answer.text(100))


def _api_problem(answer: Answer) -> DeliveryError | None:
    """The API says yes by `"ok": true`, whatever the status."""
    body = json_body(answer)
    return None if answer.status == 200 and body.get("ok") is True else _refusal(answer, str(body.get("error", "")))


def _refusal(answer: Answer, word: str) -> DeliveryError | None:
    from ci_reporter.http import TryLaterError, retry_after_s

    if answer.status in (408, 429) or answer.status >= 500:
        return None  # the status says enough
    if word in _PASSING:
        return TryLaterError(f"slack said {word}", retry_after_s(answer))
    remedy = _REMEDIES.get(word) or (MOVED if 300 <= answer.status < 400 else "")
    said = word or f"status {answer.status}"
    return Rejected(f"slack refused: {said}" + (f" ({remedy})" if remedy else ""), answer.status)
