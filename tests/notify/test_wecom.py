"""WeCom: what a robot is sent, in 4096 bytes, and what its answers mean: its status is 200 whatever it says."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from ci_reporter.notify.wecom import WecomSettings, payload
from tests.conftest import free_port
from tests.notify.makers import CHARTS, hostile_alert, huge_alert, make_alert, small_alert

KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
PATH = f"/cgi-bin/webhook/send?key={KEY}"
LIMITS = {"markdown": 4096, "text": 2048}


def check(message):
    """Refuse what WeCom refuses. Source: "消息推送配置说明"."""
    kind = message["msgtype"]
    assert message.keys() == {"msgtype", kind}
    content_bytes = message[kind]["content"].encode()
    assert 0 < len(content_bytes) <= LIMITS[kind]
    lists = message[kind].keys() - {"content"}
    assert lists <= ({"mentioned_list", "mentioned_mobile_list"} if kind == "text" else set())


def robot(asked):
    """A group's robot."""
    parts = urlsplit(asked.path)
    if parts.path != "/cgi-bin/webhook/send" or parse_qs(parts.query, strict_parsing=True) != {"key": [KEY]}:
        return no(93000, "invalid webhook url, hint: [1700000000_1], from ip: 10.0.0.1")
    try:
        assert asked.headers["content-type"].startswith("application/json")
        check(asked.json)
    except (ValueError, KeyError, AssertionError):
        return no(40058, "markdown.content exceed max length 4096. invalid Request Parameter")
    return 200, {"Content-Type": "application/json; charset=UTF-8"}, b'{"errcode":0,"errmsg":"ok"}'


def no(code, words):
    return 200, {"Error-Code": str(code)}, json.dumps({"errcode": code, "errmsg": words}).encode()


def wecom(url, **more):
    return WecomSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


@pytest.mark.parametrize(
    "alert", [make_alert(), hostile_alert(), huge_alert(), small_alert()], ids=["whole", "hostile", "huge", "small"]
)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("mentions", [("zhangsan", "lisi"), ("all", "13800000000")], ids=["markdown", "text"])
def test_a_robot_takes_every_alert(vendor, deadline, alert, language, mentions):
    server = vendor(robot)
    settings = WecomSettings(url=f"{server.url}{PATH}", mentions=mentions)
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(93000, "invalid webhook url"), "wecom refused: 93000 invalid webhook url (the robot was removed"),
        (no(93008, "not in group"), "the robot is not in the group any more"),
        (no(40008, "invalid message type"), "wecom refused: 40008 invalid message type"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "wecom refused: a web page: Sign in"),
        ((200, {}, b"[]"), "wecom refused: []"),
        ((200, {}, b""), "wecom refused: status 200"),
        ((403, {}, b"forbidden"), "wecom refused: forbidden"),
    ],
)
def test_a_robot_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        wecom(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b""), (500, {}, b""), no(-1, "system busy")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else robot(asked))
    wecom(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_a_chart_is_a_message_of_its_own_with_its_checksum(vendor, deadline):
    server = vendor(lambda asked: (200, {}, b'{"errcode":0,"errmsg":"ok"}'))
    wecom(server.url).send_chart(make_alert(charts=CHARTS), None, deadline)
    sent = server.asked[0].json
    image = base64.b64decode(sent["image"]["base64"], validate=True)
    assert (sent["msgtype"], image[:4]) == ("image", b"\x89PNG")
    assert sent["image"]["md5"] == hashlib.md5(image).hexdigest()
    assert len(image) <= 2 * 1024 * 1024


def test_a_robot_that_was_used_too_often_is_left_alone_for_now(vendor, deadline):
    server = vendor(lambda asked: no(45009, "reach max api daily quota limit"))
    with pytest.raises(DeliveryError, match="wecom said: 45009 reach max") as caught:
        wecom(server.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)
    assert len(server.asked) == 1


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        wecom(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert KEY[:8] not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = wecom("https://qyapi.weixin.qq.com").preview(make_alert(text=f"see {KEY}"))
    assert shown.startswith("POST https://qyapi.weixin.qq.com/***\n")
    assert "unit failed" in shown
    assert KEY not in shown


def test_user_ids_are_called_in_markdown():
    message = payload(content(make_alert()), ("zhangsan",))
    assert "\n\n<@zhangsan>\n\n" in message["markdown"]["content"]


def test_everybody_and_mobile_numbers_are_called_in_plain_text():
    message = payload(content(make_alert()), ("all", "zhangsan", "13800000000"))
    assert message["text"]["mentioned_list"] == ["@all", "zhangsan"]
    assert message["text"]["mentioned_mobile_list"] == ["13800000000"]
    assert "Run: https://ci.example/acme/shop/runs/17012345678\n" in message["text"]["content"]
    assert "<font" not in message["text"]["content"]


def test_nobody_else_is_called_and_nothing_else_is_marked_up():
    text = payload(content(make_alert(text="<@zhangsan> [x](https://evil.example)\n# big\n> quote **b** `c`")))
    shown = text["markdown"]["content"].split("\n\n")[1]
    assert shown == "<\u200b@zhangsan> [x]\u200b(https://evil.example)\n\u200b# big\n\u200b> quote ∗∗b∗∗ 'c'"


@pytest.mark.parametrize(
    ("changes", "colour"),
    [({}, "warning"), ({"level": Level.INFO, "result": None}, "info"), ({"state": State.RESOLVED}, "info")],
)
def test_the_colour_says_how_bad_it_is(changes, colour):
    message = payload(content(make_alert(**changes)))
    assert message["markdown"]["content"].startswith(f'### <font color="{colour}">')


def test_a_long_text_leaves_facts_tests_commit_and_links():
    text = payload(content(make_alert(text="长" * 5000), Language.ZH))["markdown"]["content"]
    assert all(each in text for each in ("结果:</font> 失败", "test_total", "count the tax once", "[日志](https://ci"))
