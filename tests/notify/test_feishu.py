"""Feishu and Lark: what a bot is sent, how it is signed, and what its answers mean."""

import hashlib
import hmac
import json
import re
import time
from base64 import b64encode

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.feishu import FeishuSettings, payload, signature
from ci_reporter.notify.language import Language
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert, small_alert

HOOK = "0d1f7a2c-1111-4b6f-9d7e-2f6f5b1c0aaa"
PATH = f"/open-apis/bot/v2/hook/{HOOK}"
SECRET = "GZ1a2b3c4d5e6f"
TEMPLATES = {"blue", "green", "orange", "red", "carmine"}
MOST_ELEMENTS = 50


def check(message):
    """Refuse what Feishu refuses. Source: "飞书卡片", the components of version 1."""
    assert message.keys() == {"msg_type", "card"}
    assert message["msg_type"] == "interactive"
    card = message["card"]
    assert card.keys() <= {"config", "header", "elements"}
    assert card["header"]["template"] in TEMPLATES
    check_text(card["header"]["title"], {"plain_text"})
    assert 0 < len(card["elements"]) <= MOST_ELEMENTS
    for each in card["elements"]:
        check_element(each)


def check_element(element):
    match element["tag"]:
        case "div":
            assert element.keys() <= {"tag", "text", "fields"} and len(element) > 1
            for each in [{"text": element["text"]}] if "text" in element else element["fields"]:
                check_text(each["text"], {"plain_text", "lark_md"})
        case "action":
            for each in element["actions"]:
                assert each["tag"] == "button" and each["type"] in ("default", "primary", "danger")
                check_text(each["text"], {"plain_text"})
                assert each["url"].startswith(("https://", "http://"))
        case "note":
            for each in element["elements"]:
                check_text(each, {"plain_text", "lark_md"})
        case other:
            raise AssertionError(f"unknown tag {other}")


def check_text(text, tags):
    assert text.keys() == {"tag", "content"}
    assert text["tag"] in tags and text["content"]


def bot(asked, secret="", keyword=""):
    """A group's bot, with its security settings."""
    if asked.path != PATH:
        return no(19001, "param invalid: incoming webhook access token invalid")
    if len(asked.body) > 20 * 1024:
        return no(9499, "request too large", 400)
    message = asked.json
    signed = {name: message.pop(name) for name in ("timestamp", "sign") if name in message}
    if secret and not is_signed(signed, secret):
        return no(19021, "sign match fail or timestamp is not within one hour from current time")
    if keyword not in " ".join(contents(message)):
        return no(19024, "Key Words Not Found")
    try:
        check(message)
    except (KeyError, TypeError, AssertionError):
        return no(9499, "Bad Request", 400)
    return 200, {}, b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}'


def is_signed(signed, secret):
    stamp = signed.get("timestamp", "0")
    expected = b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
    return isinstance(stamp, str) and abs(time.time() - int(stamp)) < 3600 and signed["sign"] == expected


def contents(part):
    """Every text in a card."""
    if isinstance(part, dict):
        return [part["content"]] if "content" in part else [text for each in part.values() for text in contents(each)]
    return [text for each in part for text in contents(each)] if isinstance(part, list) else []


def no(code, words, status=200):
    return status, {}, json.dumps({"code": code, "msg": words, "data": {}}).encode()


def feishu(url, **more):
    return FeishuSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


@pytest.mark.parametrize(
    "alert", [make_alert(), hostile_alert(), huge_alert(), small_alert()], ids=["whole", "hostile", "huge", "small"]
)
@pytest.mark.parametrize("language", Language)
def test_a_bot_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(bot)
    settings = FeishuSettings(url=f"{server.url}{PATH}", secret=SECRET, mentions=("all", "ou_123"))
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


def test_the_signature_is_feishus_own():
    assert signature("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_a_bot_takes_a_signed_message(vendor, deadline):
    server = vendor(lambda asked: bot(asked, secret=SECRET))
    feishu(server.url, secret=SECRET).send(make_alert(), deadline)
    assert server.asked[0].json["timestamp"].isdigit()


def test_a_keyword_is_added_where_it_is_missing(vendor, deadline):
    server = vendor(lambda asked: bot(asked, keyword="ci_alert"))
    feishu(server.url, keyword="ci_alert").send(make_alert(), deadline)


def test_a_keyword_that_is_there_is_not_added():
    assert payload(content(make_alert()), (), "unit") == payload(content(make_alert()))


def test_an_older_bot_says_yes_in_its_own_way(vendor, deadline):
    server = vendor(lambda asked: (200, {}, b'{"StatusCode":0,"StatusMessage":"success"}'))
    feishu(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(19001, "param invalid"), "feishu refused: 19001 param invalid (the bot was removed"),
        (no(19021, "sign match fail"), "set CI_REPORTER_FEISHU_SECRET"),
        (no(19022, "Ip Not Allowed"), "add the address of this machine"),
        (no(19024, "Key Words Not Found"), "set CI_REPORTER_FEISHU_KEYWORD"),
        (no(9499, "Bad Request", 400), "feishu refused: 9499 Bad Request"),
        ((200, {}, b'{"StatusCode":9499,"StatusMessage":"Bad"}'), "feishu refused: 9499 Bad"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "feishu refused: a web page: Sign in"),
        ((200, {}, b"{}"), "feishu refused: {}"),
        ((200, {}, b""), "feishu refused: status 200"),
    ],
)
def test_a_bot_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        feishu(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "first", [(429, {"Retry-After": "0"}, b""), (500, {}, b""), no(11232, "frequency limited psm")]
)
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else bot(asked))
    feishu(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_a_limit_that_lasts_is_a_failure_that_may_pass(vendor, deadline):
    server = vendor(lambda asked: no(11232, "frequency limited psm"))
    with pytest.raises(DeliveryError, match="feishu said: 11232 frequency limited") as caught:
        feishu(server.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        feishu(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert HOOK[:8] not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secrets():
    shown = feishu("https://open.larksuite.com", secret=SECRET).preview(make_alert(text=f"{HOOK} {SECRET}"))
    assert shown.startswith("POST https://open.larksuite.com/***\n")
    assert "unit failed" in shown
    assert HOOK not in shown
    assert SECRET not in shown


def test_people_are_called_above_the_text():
    elements = payload(content(make_alert()), ("all", "ou_123"))["card"]["elements"]
    assert elements[0]["text"] == {"tag": "lark_md", "content": "<at id=all></at> <at id=ou_123></at>"}


def test_nobody_else_is_called_and_nothing_else_is_marked_up():
    card = json.dumps(payload(content(hostile_alert())))
    marked_up = re.findall(r'"lark_md", "content": "(.*?)"', card)
    assert marked_up
    assert not any(set("<>[]`_~") & set(each) for each in marked_up)


@pytest.mark.parametrize(
    ("changes", "colour"),
    [({}, "red"), ({"level": Level.CRITICAL}, "carmine"), ({"level": Level.WARNING}, "orange"),
     ({"level": Level.INFO, "result": None}, "blue"), ({"state": State.RESOLVED}, "green")],
)  # fmt: skip
def test_the_colour_says_how_bad_it_is(changes, colour):
    assert payload(content(make_alert(**changes)))["card"]["header"]["template"] == colour
