"""A webhook of one's own: what it is sent, signed as Standard Webhooks has it, and what its answers mean."""

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import State, from_json
from ci_reporter.notify.language import Language
from ci_reporter.notify.webhook import OwnWebhookSettings, payload
from ci_reporter.system.standardwebhooks import SignatureError, verify
from tests.conftest import free_port
from tests.notify.makers import CHARTS, hostile_alert, huge_alert, make_alert

PATH = "/hooks/abcdefghijklmnopqrstuvwx?team=platform-secret"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def receiver(asked):
    """A receiver as the specification advises: signed, within five minutes, below 20 kB."""
    if asked.path != PATH:
        return 404, {}, b"no such hook"
    if asked.headers["content-type"] != "application/json; charset=utf-8":
        return 415, {}, b""
    if len(asked.body) > 20_000:
        return 413, {}, b"too large"
    try:
        verify(asked.headers, asked.body, [SECRET], time.time())
    except SignatureError as exc:
        return 401, {}, str(exc).encode()
    message = asked.json
    known = message["type"] in ("ci.alert.firing", "ci.alert.resolved")
    return (200, {"Content-Type": "text/html"}, b"OK") if known and message.keys() == KEYS else (400, {}, b"")


KEYS = {"type", "timestamp", "data"}


def webhook(url, **more):
    known = {"url": f"{url}{PATH}", "secret": SECRET}
    return OwnWebhookSettings(**known | more).notifier({}, Language.EN)


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
def test_a_receiver_takes_any_alert(vendor, deadline, alert):
    server = vendor(receiver)
    webhook(server.url).send(alert, deadline)
    assert server.asked[0].headers["webhook-id"] == alert.alert_id


def test_the_reference_takes_it(vendor, deadline):
    server = vendor(lambda asked: (204, {}, b""))
    webhook(server.url).send(make_alert(), deadline)
    (asked,) = server.asked
    assert Webhook(SECRET).verify(asked.body, dict(asked.headers))["type"] == "ci.alert.firing"


def test_the_data_are_the_alert():
    message = payload(make_alert(state=State.RESOLVED), 0.0)
    assert (message["type"], message["timestamp"]) == ("ci.alert.resolved", "2026-05-28T20:26:40.000Z")
    assert from_json(message["data"]) == make_alert(state=State.RESOLVED)


def test_what_has_no_room_is_counted():
    left_out = payload(huge_alert(), 0.0)["data"]["left_out"]
    assert left_out["failed_tests"] > 2900


def test_a_chart_is_sent_whole_or_not_at_all():
    small, large = (payload(make_alert(charts=CHARTS, text=text), 0.0)["data"] for text in ("", "x" * 30_000))
    assert small["charts"][0]["curves"][0]["values"] == [46.0, 48.0, 300.0, None, 340.0]
    assert large["charts"] in ([], small["charts"])


def test_both_secrets_sign_while_they_change(vendor, deadline):
    server = vendor(receiver)
    webhook(server.url, secret=f"{OLD} {SECRET}").send(make_alert(), deadline)
    assert len(server.asked[0].headers["webhook-signature"].split()) == 2


def test_a_wrong_secret_is_refused_in_the_receivers_words(vendor, deadline):
    server = vendor(receiver)
    with pytest.raises(Rejected, match="answered 401: no signature"):
        webhook(server.url, secret=OLD).send(make_alert(), deadline)
    assert len(server.asked) == 1


def test_without_a_secret_it_is_not_signed(vendor, deadline):
    server = vendor(lambda asked: (200, {}, b""))
    webhook(server.url, secret=None, token="t0ken-t0ken").send(make_alert(), deadline)
    assert "webhook-signature" not in server.asked[0].headers
    assert server.asked[0].headers["authorization"] == "Bearer t0ken-t0ken"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (410, b"", r"no more messages \(410 Gone\); remove CI_REPORTER_WEBHOOK"),
        (200, b"<!DOCTYPE html><title>Sign in</title>", "webhook refused: a web page: Sign in"),
        (400, b"unknown type", "answered 400: unknown type"),
        (302, b"", "answered 302"),
    ],
)
def test_a_receiver_that_says_no_is_not_asked_again(vendor, deadline, status, body, said):
    server = vendor(lambda asked: (status, {}, body))
    with pytest.raises(Rejected, match=said):
        webhook(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_what_may_pass_is_tried_again_as_the_same_message(vendor, deadline, status):
    server = vendor(lambda asked: (status, {"Retry-After": "0"}, b"") if len(server.asked) == 1 else receiver(asked))
    webhook(server.url).send(make_alert(), deadline)
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1
    assert len(server.asked) == 2


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        webhook(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert "abcdefghijklmnop" not in str(caught.value)


def test_a_preview_shows_the_message_without_secrets():
    shown = webhook("https://hooks.example", token="t0ken-t0ken").preview(make_alert(text=f"see {PATH} {SECRET}"))
    assert shown.startswith("POST https://hooks.example/***\n")
    assert "unit failed" in shown
    assert not any(each in shown for each in ("abcdefghijklmnop", "platform-secret", SECRET, "t0ken-t0ken"))


def test_a_secret_without_an_address_is_half_a_set_up():
    assert "no address" in OwnWebhookSettings(secret=SECRET).problem()
    assert OwnWebhookSettings(url="https://hooks.example").problem() is None


def test_a_secret_that_is_none_is_refused_without_showing_it(run_program):
    env = {"CI_REPORTER_WEBHOOK": "https://hooks.example", "CI_REPORTER_WEBHOOK_SECRET": "whsec_c2hvcnQ="}
    ended = run_program("run", "--", "true", env=env)
    assert ended.returncode == 2
    assert "variable CI_REPORTER_WEBHOOK_SECRET: its value is a webhook secret of 5 bytes" in ended.stderr
    assert "c2hvcnQ" not in ended.stderr


def test_the_body_is_json_in_utf_8():
    assert json.loads(json.dumps(payload(make_alert(title="故障"), 0.0), ensure_ascii=False))["data"]["title"] == "故障"
