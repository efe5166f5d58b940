"""Mattermost: what a webhook is sent, and what its answers mean."""

import json
import re

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from ci_reporter.notify.mattermost import MattermostSettings, payload
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert, small_alert

HOOK = "ucw5qjw86jgeum77o1uw8197jr"
PATH = f"/hooks/{HOOK}"
MOST_PROPS = 7600  # what servers took before they took 800 000
SLACK_LINK = re.compile(r"<([^<\|]+)\|([^>]+)>")  # as the server has it


def check(message):
    """Refuse what Mattermost refuses. Source: "Message attachments"; the server's `splitWebhookPost`."""
    assert message.keys() <= {"text", "attachments", "channel"}
    assert 0 < len(message["text"]) <= 4000
    (attachment,) = message["attachments"]
    assert attachment.keys() <= {"fallback", "color", "text", "fields", "footer"}
    assert re.fullmatch("#[0-9a-f]{6}", attachment["color"])
    for each in attachment.get("fields", []):
        assert each.keys() == {"title", "value", "short"} and isinstance(each["short"], bool)
    assert len(json.dumps(message["attachments"], ensure_ascii=False)) <= MOST_PROPS


def webhook(asked):
    """An incoming webhook: it says `ok` in plain text, or why not in JSON."""
    if asked.path != PATH:
        return no(400, "invalid", "Invalid webhook.")
    if asked.json.get("channel") == "town-square":
        return no(403, "channel_locked", "This webhook is not permitted to post to the requested channel.")
    try:
        assert asked.headers["content-type"].startswith("application/json")
        check(asked.json)
    except (ValueError, KeyError, AssertionError):
        return no(400, "split_props_length", "Unable to split webhook props.")
    return 200, {"Content-Type": "text/plain"}, b"ok"


def no(status, word, message):
    body = {"id": f"web.incoming_webhook.{word}.app_error", "message": message, "status_code": status}
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def mattermost(url, **more):
    return MattermostSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


def texts(message):
    """All that is shown as Markdown."""
    (attachment,) = message["attachments"]
    fields = [each[part] for each in attachment["fields"] for part in ("title", "value")]
    return [message["text"], attachment.get("text", ""), *fields]


@pytest.mark.parametrize(
    "alert", [make_alert(), hostile_alert(), huge_alert(), small_alert()], ids=["whole", "hostile", "huge", "small"]
)
@pytest.mark.parametrize("language", Language)
def test_a_webhook_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(webhook)
    settings = MattermostSettings(url=f"{server.url}{PATH}", mentions=("here", "@ada"))
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(400, "invalid", "Invalid webhook."), "mattermost refused: Invalid webhook. (the webhook was removed"),
        (no(501, "disabled", "Incoming webhooks have been disabled."), "an administrator has switched"),
        (no(404, "channel", "Couldn't find the channel."), "check CI_REPORTER_MATTERMOST_CHANNEL"),
        (no(400, "split_props_length", "Unable to split."), "mattermost refused: Unable to split."),
        ((200, {}, b"<html><title>Sign in</title></html>"), "mattermost refused: a web page: Sign in"),
        ((200, {}, b""), "mattermost refused: status 200"),
        ((200, {}, b'{"message":"no"}'), "mattermost refused: no"),
    ],
)
def test_a_webhook_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        mattermost(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


def test_a_channel_that_the_webhook_may_not_use_is_said(vendor, deadline):
    with pytest.raises(Rejected, match="unset CI_REPORTER_MATTERMOST_CHANNEL"):
        mattermost(vendor(webhook).url, channel="town-square").send(make_alert(), deadline)


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b"limit exceeded"), (500, {}, b""), (502, {}, b"")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else webhook(asked))
    mattermost(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        mattermost(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert HOOK not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = mattermost("https://chat.example").preview(make_alert(text=f"see {HOOK}"))
    assert shown.startswith("POST https://chat.example/***\n")
    assert "unit failed" in shown
    assert HOOK not in shown


def test_people_are_called_in_the_first_line():
    assert payload(content(make_alert()), ("here", "@ada"))["text"] == "**🔴 unit failed** @here @ada"


def test_nobody_else_is_called():
    message = payload(content(hostile_alert()))
    in_code = [each for each in texts(message) if each.startswith("```")]  # where nothing is a mention
    assert "@all" not in " ".join(each for each in texts(message) if each not in in_code)


def test_slacks_way_to_write_a_link_makes_none():
    hostile = "<https://evil.example|click> <!channel>"
    message = payload(content(make_alert(title=hostile, text=hostile, failed_tests=(hostile,))))
    assert not any(SLACK_LINK.search(each) or "<!channel>" in each for each in texts(message)[:2])
    assert not any(SLACK_LINK.search(each) for each in texts(message))


def test_nothing_ends_a_code_block():
    assert all(each.count("`") in (0, 6) for each in texts(payload(content(hostile_alert()))) if "```\n" in each)


@pytest.mark.parametrize(
    ("changes", "colour"),
    [({}, "#d1242f"), ({"level": Level.WARNING}, "#d29922"), ({"state": State.RESOLVED}, "#1a7f37")],
)
def test_the_colour_says_how_bad_it_is(changes, colour):
    assert payload(content(make_alert(**changes)))["attachments"][0]["color"] == colour
