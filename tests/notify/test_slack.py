"""Slack: what a webhook and the API are sent, within their limits, and what their answers mean."""

import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from jsonschema import Draft7Validator
from slack_sdk.models.blocks import Block

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import State
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from ci_reporter.notify.slack import SlackSettings, payload
from tests.conftest import free_port
from tests.notify.makers import CHARTS, hostile_alert, huge_alert, make_alert

PATH = "/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx"
TOKEN = "xoxb-000000000000-abcdefghijkl"


def check(message):
    """Refuse what Slack refuses. Source: its references of Block Kit, composition objects and attachments."""
    assert isinstance(message["text"], str) and 0 < len(message["text"]) <= 40_000
    assert len(json.dumps(message, ensure_ascii=False)) < 13_000 * 4
    (attachment,) = message["attachments"]
    assert len(attachment["blocks"]) <= 50
    for block in attachment["blocks"]:
        match block["type"]:
            case "section":
                assert "text" in block or "fields" in block
                if "text" in block:
                    check_text(block["text"], 3000)
                assert len(block.get("fields", [])) <= 10
                for each in block.get("fields", []):
                    check_text(each, 2000)
            case "actions":
                assert 1 <= len(block["elements"]) <= 25
                for each in block["elements"]:
                    assert each["type"] == "button"
                    assert each["text"]["type"] == "plain_text" and 0 < len(each["text"]["text"]) <= 75
                    assert len(each["url"]) <= 3000
            case "context":
                assert 1 <= len(block["elements"]) <= 10
                for each in block["elements"]:
                    check_text(each, 3000)
            case other:
                raise AssertionError(f"invalid_blocks: {other}")


def check_text(text, most):
    assert text.keys() <= {"type", "text", "verbatim"}
    assert text["type"] == "mrkdwn" and 0 < len(text["text"]) <= most


def webhook(asked):
    """An incoming webhook: it says `ok` in plain text, or one word."""
    if asked.path != PATH:
        return 404, {"Content-Type": "text/html"}, b"no_service"
    try:
        check(asked.json)
    except (ValueError, KeyError, AssertionError):
        return 400, {}, b"invalid_payload"
    return 200, {"Content-Type": "text/html"}, b"ok"


def api(asked):
    """chat.postMessage: status 200 whatever happens, and `ok` in the body."""
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return 200, {}, b'{"ok":false,"error":"invalid_auth"}'
    body = asked.json
    if body.pop("channel") != "#deploys":
        return 200, {}, b'{"ok":false,"error":"channel_not_found"}'
    thread = body.pop("thread_ts", "1503435956.000247")
    check(body)
    return 200, {}, json.dumps({"ok": True, "channel": "C024BE91L", "ts": thread}).encode()


def files(asked):
    """Slack's upload in three steps: an address, the bytes, and where to show them."""
    if asked.path == "/upload/v1/ABC":
        return 200, {}, f"OK - {len(asked.body)}".encode()
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    if asked.path == "/files.getUploadURLExternal":
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        address = f"http://{asked.headers['host']}/upload/v1/ABC"
        return 200, {}, json.dumps({"ok": True, "upload_url": address, "file_id": "F123ABC456"}).encode()
    assert asked.path == "/files.completeUploadExternal"
    return 200, {}, b'{"ok": true, "files": [{"id": "F123ABC456"}]}'


def by_webhook(url, **more):
    return SlackSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


def by_bot(url, **more):
    known = {"token": TOKEN, "channel": "#deploys", "api": url}
    return SlackSettings(**known | more).notifier({}, Language.EN)


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
@pytest.mark.parametrize("language", Language)
def test_a_message_is_within_slacks_limits(alert, language):
    check(payload(content(alert, language)))


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
def test_slacks_own_library_finds_nothing_wrong_with_the_blocks(alert):
    (attachment,) = payload(content(alert))["attachments"]
    blocks = Block.parse_all(attachment["blocks"])
    for block in blocks:
        block.validate_json()
    assert [block.to_dict() for block in blocks] == attachment["blocks"]  # it drops what it does not know


@pytest.mark.node
def test_an_attachment_is_valid_by_slacks_own_types(from_npm):
    """Slack publishes Block Kit as TypeScript; the JSON schema is made from that."""
    types = Path(__file__).parents[2] / "node_modules/@slack/types/dist/message-attachments.d.ts"
    make = [from_npm("ts-json-schema-generator"), "--path", types, "--type", "MessageAttachment", "--no-type-check"]
    schema = Draft7Validator(json.loads(subprocess.run(make, capture_output=True, check=True).stdout))
    for alert in (make_alert(), hostile_alert(), huge_alert()):
        (attachment,) = payload(content(alert))["attachments"]
        assert list(schema.iter_errors(attachment)) == []
    attachment["blocks"][0]["text"]["type"] = "markdown"
    assert not schema.is_valid(attachment)


def test_a_webhook_takes_an_alert(vendor, deadline):
    slack = vendor(webhook)
    by_webhook(slack.url).send(make_alert(), deadline)
    (asked,) = slack.asked
    assert asked.json["text"] == "🔴 unit failed"
    assert "test_total" in asked.body.decode()


def test_a_bot_says_what_the_message_is_called_and_answers_in_its_thread(vendor, deadline):
    slack = vendor(api)
    place = by_bot(slack.url).send(make_alert(), deadline)
    by_bot(slack.url).send(make_alert(state=State.RESOLVED, replies_to={"slack": place}), deadline)
    assert slack.asked[1].json["thread_ts"] == "1503435956.000247"
    assert slack.asked[1].json["text"] == "✅ Resolved: unit failed"


def test_a_message_of_an_earlier_version_is_answered(vendor, deadline):
    slack = vendor(api)
    by_bot(slack.url).send(make_alert(replies_to={"slack": "1503435956.000247"}), deadline)
    assert slack.asked[0].json["thread_ts"] == "1503435956.000247"


def test_a_bot_uploads_a_chart_into_the_thread_of_its_message(vendor, deadline):
    slack = vendor(files)
    by_bot(slack.url).send_chart(make_alert(charts=CHARTS), "C024BE91L:1503435956.000247", deadline)
    asked, uploaded, done = slack.asked
    length = parse_qs(asked.body.decode())["length"]
    assert (length, uploaded.body[:4]) == ([str(len(uploaded.body))], b"\x89PNG")
    assert "authorization" not in uploaded.headers
    assert done.json == {
        "files": [{"id": "F123ABC456", "title": "latency, ms: p95, p50"}],
        "channel_id": "C024BE91L",
        "thread_ts": "1503435956.000247",
    }


def test_a_bot_that_may_not_upload_posts_without_a_picture(vendor, deadline):
    slack = vendor(lambda asked: (200, {}, b'{"ok": false, "error": "missing_scope", "needed": "files:write"}'))
    by_bot(slack.url).send_chart(make_alert(charts=CHARTS), "C024BE91L:1503435956.000247", deadline)
    assert len(slack.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"no_service", "slack refused: no_service (the webhook was removed; make a new one"),
        (403, b"action_prohibited", "an administrator forbids"),
        (400, b"invalid_blocks", "slack refused: invalid_blocks"),
        (200, b"<html><title>Sign in</title></html>", "slack refused: a web page: Sign in"),
        (200, b"", "slack refused: status 200"),
    ],
)
def test_a_webhook_that_says_no_is_not_asked_again(vendor, deadline, status, body, said):
    slack = vendor(lambda asked: (status, {}, body))
    with pytest.raises(Rejected, match="slack refused") as caught:
        by_webhook(slack.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(slack.asked) == 1


def test_an_api_that_says_no_with_status_200_is_believed(vendor, deadline):
    slack = vendor(api)
    with pytest.raises(Rejected, match=r"invalid_auth \(the bot's token is wrong"):
        by_bot(slack.url, token="xoxb-wrong").send(make_alert(), deadline)


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b""), (500, {}, b""), (200, {}, b"ratelimited")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    slack = vendor(lambda asked: first if len(slack.asked) == 1 else webhook(asked))
    by_webhook(slack.url).send(make_alert(), deadline)
    assert len(slack.asked) == 2


def test_a_limit_that_lasts_is_a_failure_that_may_pass(vendor, deadline):
    slack = vendor(lambda asked: (429, {"Retry-After": "3600"}, b"rate limited"))
    with pytest.raises(DeliveryError, match="answered 429") as caught:
        by_webhook(slack.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        by_webhook(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert "abcdefghijklmnop" not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = by_webhook("https://hooks.slack.com").preview(make_alert(text=f"see https://hooks.slack.com{PATH}"))
    assert shown.startswith("POST https://hooks.slack.com/***\n")
    assert "unit failed" in shown
    assert "abcdefghijklmnop" not in shown


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "https://hooks.slack.com/x", "token": TOKEN, "channel": "#a"}, "both a webhook and a token"),
        ({"token": TOKEN}, "no channel"),
        ({"url": "https://hooks.slack.com/x"}, None),
    ],
)
def test_two_ways_at_once_and_half_a_way_are_refused(settings, problem):
    found = SlackSettings(**settings).problem()
    assert found is None if problem is None else problem in found


@pytest.mark.parametrize(
    ("who", "called"), [("here", "<!here>"), ("U012AB3CD", "<@U012AB3CD>"), ("SAZ94GDB8", "<!subteam^SAZ94GDB8>")]
)
def test_people_are_called_in_the_first_line(who, called):
    assert payload(content(make_alert()), (who,))["text"] == f"🔴 unit failed {called}"


def test_nobody_else_is_called():
    message = payload(content(hostile_alert()))
    blocks = [block for block in message["attachments"][0]["blocks"] if block["type"] != "actions"]  # plain text
    shown = json.dumps([message["text"], message["attachments"][0]["fallback"], blocks], ensure_ascii=False)
    assert "<!channel>" not in shown
    assert "&lt;!channel&gt;" in shown
