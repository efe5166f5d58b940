"""Telegram: what a bot sends, in 4096 characters of well-formed HTML, and what the API's answers mean."""

import json
from html.parser import HTMLParser

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import State
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from ci_reporter.notify.telegram import TelegramSettings, payload
from tests.conftest import free_port
from tests.notify.makers import CHARTS, form_of, hostile_alert, huge_alert, make_alert, small_alert

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = "-1001234567890"
ALERTS = [make_alert(), hostile_alert(), huge_alert(), small_alert()]


class Entities(HTMLParser):
    """What Telegram makes of a text: it refuses tags that it does not know, or that are not closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=False)
        self.text, self.open, self.links, self.count = "", [], [], 0
        self.feed(text)
        self.close()
        assert self.open == [], "can't find end tag"

    def handle_starttag(self, tag, attrs):
        assert tag in ("b", "i", "a", "pre"), f"unsupported start tag {tag}"
        assert "pre" not in self.open
        self.open.append(tag)
        self.count += 1
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "unexpected end tag"

    def handle_data(self, data):
        assert "<" not in data and "&" not in data
        self.text += data

    def handle_entityref(self, name):
        self.text += {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}[name]

    def handle_charref(self, name):
        self.text += chr(int(name.removeprefix("x"), 16 if name.startswith("x") else 10))


def api(asked):
    """sendMessage of the Bot API: the status repeats what the body says."""
    if asked.path != f"/bot{TOKEN}/sendMessage":
        return no(401, "Unauthorized")
    message = asked.json
    if message["chat_id"] != CHAT:
        return no(400, "Bad Request: chat not found")
    assert message["parse_mode"] == "HTML" and message["link_preview_options"] == {"is_disabled": True}
    try:
        parsed = Entities(message["text"])
    except (AssertionError, KeyError) as exc:
        return no(400, f"Bad Request: can't parse entities: {exc}")
    if not 0 < len(parsed.text.strip()) <= 4096:
        return no(400, "Bad Request: message is too long")
    if sum(len(each.encode()) for each in parsed.links) > 9000 or parsed.count > 100:
        return no(400, "Bad Request: ENTITIES_TOO_LONG")
    return 200, {}, json.dumps({"ok": True, "result": {"message_id": 365}}).encode()


def photos(asked):
    """sendPhoto of the Bot API."""
    form = form_of(asked)
    assert (asked.path, form["chat_id"]) == (f"/bot{TOKEN}/sendPhoto", CHAT.encode())
    assert form["photo"].startswith(b"\x89PNG") and 0 < len(form["caption"].decode()) <= 1024
    return 200, {}, b'{"ok": true, "result": {"message_id": 366}}'


def no(status, description, **parameters):
    body = {"ok": False, "error_code": status, "description": description}
    return status, {}, json.dumps(body | ({"parameters": parameters} if parameters else {})).encode()


def telegram(url, **more):
    known = {"token": TOKEN, "chat": CHAT, "api": url}
    return TelegramSettings(**known | more).notifier({}, Language.EN)


@pytest.mark.parametrize("alert", ALERTS, ids=["whole", "hostile", "huge", "small"])
@pytest.mark.parametrize("language", Language)
def test_the_api_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(api)
    settings = TelegramSettings(token=TOKEN, chat=CHAT, api=server.url, mentions=("ada", "123456789"))
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


def test_the_limit_counts_what_is_left_of_the_markup():
    text = payload(content(make_alert(text="&" * 2900)))["text"]
    assert text.count("&amp;") == 2900
    assert len(text) > 4096 >= len(Entities(text).text)


def test_a_message_says_what_it_is_called_and_is_answered(vendor, deadline):
    server = vendor(api)
    assert telegram(server.url).send(make_alert(), deadline) == "365"
    telegram(server.url).send(make_alert(state=State.RESOLVED, replies_to={"telegram": "365"}), deadline)
    assert server.asked[1].json["reply_parameters"] == {"message_id": 365, "allow_sending_without_reply": True}


def test_a_chart_answers_its_message_without_a_sound(vendor, deadline):
    server = vendor(photos)
    telegram(server.url, topic=7).send_chart(make_alert(charts=CHARTS), "365", deadline)
    form = form_of(server.asked[0])
    assert json.loads(form["reply_parameters"]) == {"message_id": 365, "allow_sending_without_reply": True}
    assert (form["disable_notification"], form["message_thread_id"]) == (b"true", b"7")


def test_a_topic_of_a_forum_is_posted_in(vendor, deadline):
    server = vendor(api)
    telegram(server.url, topic=7).send(make_alert(), deadline)
    assert server.asked[0].json["message_thread_id"] == 7


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(401, "Unauthorized"), "telegram refused: Unauthorized (the bot's token is wrong"),
        (no(404, "Not Found"), "the bot's token is wrong"),
        (no(400, "Bad Request: chat not found"), "check CI_REPORTER_TELEGRAM_CHAT"),
        (no(400, "Bad Request: message thread not found"), "check CI_REPORTER_TELEGRAM_TOPIC"),
        (no(403, "Forbidden: bot was kicked from the supergroup chat"), "add the bot to the chat again"),
        (no(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100123),
         "set CI_REPORTER_TELEGRAM_CHAT to -100123"),
        (no(200, "Bad Request: something"), "telegram refused: Bad Request: something"),
        ((200, {}, b'{"ok":false,"description":"Unauthorized"}'), "telegram refused: Unauthorized"),
        ((200, {}, b'{"ok":"true"}'), 'telegram refused: {"ok":"true"}'),
        ((200, {}, b"<html><title>Blocked</title></html>"), "telegram refused: a web page: Blocked"),
    ],
)  # fmt: skip
def test_an_api_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        telegram(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


def test_a_no_that_is_not_known_has_no_remedy(vendor, deadline):
    server = vendor(lambda asked: no(400, "Bad Request: message not found"))
    with pytest.raises(Rejected, match=r"^telegram refused: Bad Request: message not found$"):
        telegram(server.url).send(make_alert(), deadline)


@pytest.mark.parametrize(
    "first", [no(429, "Too Many Requests: retry after 0", retry_after=0), (502, {}, b"Bad Gateway")]
)
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else api(asked))
    telegram(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_a_limit_that_lasts_is_a_failure_that_may_pass(vendor, deadline):
    server = vendor(lambda asked: no(429, "Too Many Requests: retry after 3600", retry_after=3600))
    with pytest.raises(DeliveryError, match="telegram said: Too Many Requests") as caught:
        telegram(server.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)
    assert len(server.asked) == 1


def test_the_token_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        telegram(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert "AAHdqTcv" not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = telegram("https://api.telegram.org").preview(make_alert(text=f"see {TOKEN}"))
    assert shown.startswith("POST https://api.telegram.org/***\n")
    assert "unit failed" in shown
    assert "AAHdqTcv" not in shown


@pytest.mark.parametrize(
    ("settings", "problem"), [({"token": TOKEN}, "no chat"), ({"token": TOKEN, "chat": CHAT}, None), ({}, None)]
)
def test_half_a_set_up_is_refused(settings, problem):
    found = TelegramSettings(**settings).problem()
    assert found is None if problem is None else problem in found


@pytest.mark.parametrize(
    ("who", "called"),
    [("ada", "@ada"), ("@ada", "@ada"), ("123456789", '<a href="tg://user?id=123456789">123456789</a>')],
)
def test_people_are_called_below_the_title(who, called):
    assert f"\n\n{called}\n\n" in payload(content(make_alert()), (who,))["text"]


def test_nobody_else_is_called_and_no_link_is_not_ours():
    text = payload(content(make_alert(text='@durov <a href="https://evil.example">x</a>', failed_tests=())))["text"]
    parsed = Entities(text)
    assert '@\u200bdurov <a href="https://evil.example">x</a>' in parsed.text
    assert all("evil" not in each for each in parsed.links)
