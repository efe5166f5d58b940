"""DingTalk: what a robot is sent, how it is signed, and what its answers mean: its status is 200 whatever it says."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.content import content
from ci_reporter.notify.dingtalk import DingtalkSettings, payload, signature
from ci_reporter.notify.language import Language
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert, small_alert

TOKEN = "66a7ba0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccd"
PATH = f"/robot/send?access_token={TOKEN}"
SECRET = "SEC1a2b3c4d5e6f"


def check(message):
    """Refuse what DingTalk refuses. Source: "自定义机器人接入"."""
    assert message["msgtype"] == "markdown"
    assert message["markdown"].keys() == {"title", "text"}
    assert all(isinstance(each, str) and each for each in message["markdown"].values())
    at = message.get("at", {})
    assert at.keys() <= {"atMobiles", "atUserIds", "isAtAll"}
    for each in (*at.get("atMobiles", ()), *at.get("atUserIds", ())):
        assert f"@{each}" in message["markdown"]["text"]  # else nobody is called


def robot(asked, keyword="", secret=""):
    """A group's robot, with its security settings."""
    query = parse_qs(urlsplit(asked.path).query, strict_parsing=True)
    if urlsplit(asked.path).path != "/robot/send" or query.pop("access_token") != [TOKEN]:
        return no(300001, "token is not exist")
    if not asked.headers["content-type"].startswith("application/json"):
        return no(43004, "invalid content type")
    if len(asked.body) > 20_000:
        return no(460101, "message too long")
    if problem := secret and sign_problem(query, secret):
        return no(310000, problem)
    if keyword not in asked.json["markdown"]["text"]:
        return no(310000, f"keywords not in content, more: [https://ding-doc.dingtalk.com/{keyword}]")
    check(asked.json)
    return 200, {"Content-Type": "application/json"}, b'{"errcode":0,"errmsg":"ok"}'


def sign_problem(query, secret):
    (ms,), (sign,) = query["timestamp"], query["sign"]
    if abs(time.time() * 1000 - int(ms)) > 3_600_000:
        return "invalid timestamp"
    expected = hmac.new(secret.encode(), f"{ms}\n{secret}".encode(), hashlib.sha256).digest()
    return "" if base64.b64decode(sign, validate=True) == expected else "sign not match"


def no(code, words):
    return 200, {"Content-Type": "application/json"}, json.dumps({"errcode": code, "errmsg": words}).encode()


def dingtalk(url, **more):
    return DingtalkSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


@pytest.mark.parametrize(
    "alert", [make_alert(), hostile_alert(), huge_alert(), small_alert()], ids=["whole", "hostile", "huge", "small"]
)
@pytest.mark.parametrize("language", Language)
def test_a_robot_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(robot)
    settings = DingtalkSettings(url=f"{server.url}{PATH}", mentions=("13800000000", "manager01", "all"))
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


def test_the_signature_is_dingtalks_own():
    found = signature("this is secret", 1577262236757)
    assert found == "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    assert unquote(found) == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="


def test_a_robot_takes_a_signed_message(vendor, deadline):
    server = vendor(lambda asked: robot(asked, secret=SECRET))
    dingtalk(server.url, secret=SECRET).send(make_alert(), deadline)
    assert "%25" not in server.asked[0].path  # percent-encoded once: twice is the usual mistake


def test_a_keyword_is_added_where_it_is_missing(vendor, deadline):
    server = vendor(lambda asked: robot(asked, keyword="ci_alert"))
    dingtalk(server.url, keyword="ci_alert").send(make_alert(), deadline)
    assert server.asked[0].json["markdown"]["text"].endswith("\n\nci_alert")


def test_a_keyword_that_is_there_is_not_added():
    assert payload(content(make_alert()), (), "unit") == payload(content(make_alert()))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(310000, "keywords not in content"), "set CI_REPORTER_DINGTALK_KEYWORD"),
        (no(310000, "sign not match"), "set CI_REPORTER_DINGTALK_SECRET"),
        (
            no(310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中"),
            "_SECRET",
        ),
        (no(310000, "invalid timestamp"), "the clock of this machine"),
        (no(310000, "ip 10.0.0.1 not in whitelist"), "add the address of this machine"),
        (no(300001, "token is not exist"), "dingtalk refused: 300001 token is not exist (the robot's address is wrong"),
        (no(40035, "缺少参数 json"), "dingtalk refused: 40035 缺少参数 json"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "dingtalk refused: a web page: Sign in"),
        ((200, {}, b"{}"), "dingtalk refused: {}"),
        ((200, {}, b""), "dingtalk refused: status 200"),
        ((404, {}, b"not found"), "dingtalk refused: not found"),
    ],
)
def test_a_robot_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        dingtalk(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


def test_a_no_that_is_not_known_has_no_remedy(vendor, deadline):
    server = vendor(lambda asked: no(310000, "description:unknown"))
    with pytest.raises(Rejected, match=r"^dingtalk refused: 310000 description:unknown$"):
        dingtalk(server.url).send(make_alert(), deadline)


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b""), (502, {}, b""), no(-1, "系统繁忙")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else robot(asked))
    dingtalk(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_a_robot_that_was_used_too_often_is_left_alone_for_now(vendor, deadline):
    server = vendor(lambda asked: no(130101, "send too fast"))
    with pytest.raises(DeliveryError, match="dingtalk said: 130101 send too fast") as caught:
        dingtalk(server.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)
    assert len(server.asked) == 1


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        dingtalk(f"http://127.0.0.1:{free_port()}", secret=SECRET).send(make_alert(), deadline)
    assert TOKEN[:8] not in str(caught.value)
    assert "sign" not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secrets():
    shown = dingtalk("https://oapi.dingtalk.com", secret=SECRET).preview(make_alert(text=f"{TOKEN} {SECRET}"))
    assert shown.startswith("POST https://oapi.dingtalk.com/***\n")
    assert "unit failed" in shown
    assert TOKEN not in shown
    assert SECRET not in shown


def test_people_are_called_in_the_text_and_in_at():
    message = payload(content(make_alert()), ("13800000000", "manager01"))
    assert "\n\n@13800000000 @manager01\n\n" in message["markdown"]["text"]
    assert message["at"] == {"atMobiles": ["13800000000"], "atUserIds": ["manager01"], "isAtAll": False}


def test_everybody_is_called_by_a_flag():
    assert payload(content(make_alert()), ("all",))["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": True}


def test_nobody_else_is_called():
    assert "at" not in payload(content(hostile_alert()))


def test_what_others_wrote_is_shown_as_it_is():
    text = payload(content(hostile_alert()))["markdown"]["text"]
    assert "[x](" not in text
    assert r"\[x\](https://evil.example)" in text
    assert r"\*b\* \_i\_ \`c\`" in text
    assert "<script" not in text.lower()
    assert "\n# heading" not in text


def test_a_link_opens_in_the_browser():
    text = payload(content(make_alert()))["markdown"]["text"]
    page = "https%3A%2F%2Fci.example%2Facme%2Fshop%2Fruns%2F17012345678"
    assert f"[Run](dingtalk://dingtalkclient/page/link?url={page}&pc_slide=false)" in text
