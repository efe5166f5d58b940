"""Signatures: the vectors of the specifications, the five minutes, and every way to have none."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from ci_reporter.hub.ingest.secrets import Secret, parse
from ci_reporter.hub.ingest.signature import verify
from ci_reporter.system.standardwebhooks import SignatureError

BODY = b'{"test": 2432232314}'
NOW_S = 1614265330
(WEBHOOK,) = parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
(TEXT,) = parse("It's-a-Secret-to-Everybody")
STANDARD = {
    b"webhook-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek",
    b"webhook-timestamp": b"1614265330",
    b"webhook-signature": b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def hex_of(secret, signed):
    return b"sha256=" + hmac.new(secret.text, signed, hashlib.sha256).hexdigest().encode()


def ours(secret=TEXT, at_s=NOW_S, body=BODY):
    stamp = b"%d" % at_s
    return {b"x-ci-timestamp": stamp, b"x-ci-signature-256": hex_of(secret, stamp + b"." + body)}


def test_the_vector_of_standard_webhooks():
    assert verify(STANDARD, BODY, [TEXT, WEBHOOK], NOW_S).secret is WEBHOOK


def test_the_vector_of_a_body_alone():
    """GitHub's documentation of X-Hub-Signature-256, which is the same HMAC."""
    secret = Secret(text=b"It's a Secret to Everybody", webhook_key=None)
    signature = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {b"x-ci-signature": signature}
    assert verify(headers, b"Hello, World!", [secret], NOW_S, bodies_alone=True).secret is secret


def test_a_time_and_a_body_signed_by_a_shell_script():
    assert verify(ours(), BODY, [WEBHOOK, TEXT], NOW_S).secret is TEXT


def test_a_webhook_secret_signs_in_a_shell_script_as_it_is_written():
    assert verify(ours(WEBHOOK), BODY, [WEBHOOK], NOW_S).secret is WEBHOOK


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_well(seconds):
    assert verify(ours(), BODY, [TEXT], NOW_S + seconds)
    assert verify(STANDARD, BODY, [WEBHOOK], NOW_S + seconds)


WRONG = {
    "no header": ({}, BODY, NOW_S),
    "late": (ours(), BODY, NOW_S + 301),
    "early": (ours(), BODY, NOW_S - 301),
    "late webhook": (STANDARD, BODY, NOW_S + 301),
    "another body": (ours(), BODY + b" ", NOW_S),
    "another time": (ours() | {b"x-ci-timestamp": b"1614265331"}, BODY, NOW_S),
    "no time": ({b"x-ci-signature-256": hex_of(TEXT, b"." + BODY)}, BODY, NOW_S),
    "a time that is no number": (ours() | {b"x-ci-timestamp": b"1e9"}, BODY, NOW_S),
    "empty": ({b"x-ci-timestamp": b"1614265330", b"x-ci-signature-256": b""}, BODY, NOW_S),
    "prefix alone": ({b"x-ci-timestamp": b"1614265330", b"x-ci-signature-256": b"sha256="}, BODY, NOW_S),
    "no prefix": (ours() | {b"x-ci-signature-256": ours()[b"x-ci-signature-256"][7:]}, BODY, NOW_S),
    "not ASCII": (ours() | {b"x-ci-signature-256": b"sha256=\xff\xfe"}, BODY, NOW_S),
    "a body alone": ({b"x-ci-signature": hex_of(TEXT, BODY)}, BODY, NOW_S),
    "webhook without an id": ({**STANDARD, b"webhook-id": b""}, BODY, NOW_S),
    "webhook v1a": ({**STANDARD, b"webhook-signature": b"v1a,AAAA"}, BODY, NOW_S),
    # Where both are there, Standard Webhooks counts.
    "a wrong webhook beside ours": (ours() | {**STANDARD, b"webhook-signature": b"v1,AAAA"}, BODY, NOW_S),
}


@pytest.mark.parametrize(("headers", "body", "now_s"), WRONG.values(), ids=WRONG)
def test_anything_else_is_refused(headers, body, now_s):
    with pytest.raises(SignatureError):
        verify(headers, body, [TEXT, WEBHOOK], now_s)


def test_the_key_of_another_is_refused():
    with pytest.raises(SignatureError):
        verify(ours(TEXT), BODY, [WEBHOOK], NOW_S)


def test_without_a_secret_nobody_is_let_in():
    with pytest.raises(SignatureError):
        verify(ours(), BODY, [], NOW_S)


def test_a_message_that_is_sent_again_is_the_same_message():
    later = verify(STANDARD, BODY, [WEBHOOK], NOW_S + 60)
    assert later.message == verify(STANDARD, BODY, [WEBHOOK], NOW_S).message
