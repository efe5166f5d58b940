"""Standard Webhooks: the specification's vectors, what its reference makes and takes, and what is refused."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from ci_reporter.system.standardwebhooks import SignatureError, key, signed_headers, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
OWN_BODY = b'{"type":"ci.run.completed","timestamp":"2026-01-01T00:00:00Z","data":{"id":"1"}}'


@pytest.mark.parametrize(
    ("secret", "message", "signature"),
    [
        (SECRET, (ID, STAMP, BODY), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (SECRET.removeprefix("whsec_"), (ID, STAMP, BODY), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (OTHER, ("msg_01HZZZ", 1767225600, OWN_BODY), "v1,I3zxP1ShijID+jlAaccTtpQTETw8GEvHTHL432Bo7eg="),
    ],
    ids=["specification", "without its prefix", "32 bytes"],
)
def test_known_messages_have_their_known_signatures(secret, message, signature):
    assert signed_headers([secret], *message)["webhook-signature"] == signature


@given(st.binary(max_size=200).map(lambda some: b'"%s"' % base64.b64encode(some)), st.integers(24, 64))
def test_we_and_the_reference_take_each_others_messages(body, size):
    secret = base64.b64encode(bytes(range(size))).decode()
    now = datetime.now(UTC)
    ours = signed_headers([secret], "msg_1", int(now.timestamp()), body)
    Webhook(secret).verify(body, ours)
    theirs = Webhook(secret).sign("msg_1", now, body.decode())
    assert verify(ours | {"webhook-signature": theirs}, body, [secret], now.timestamp()) == "msg_1"


def test_a_message_of_either_secret_is_taken_while_they_change():
    for sender in (SECRET, OTHER):
        assert verify(signed_headers([sender], ID, STAMP, BODY), BODY, [OTHER, SECRET], STAMP) == ID
    for receiver in (SECRET, OTHER):
        assert verify(signed_headers([SECRET, OTHER], ID, STAMP, BODY), BODY, [receiver], STAMP) == ID


def test_headers_are_known_by_any_case():
    headers = {name.title(): value for name, value in signed_headers([SECRET], ID, STAMP, BODY).items()}
    assert verify(headers, BODY, [SECRET], STAMP) == ID


@pytest.mark.parametrize("entry", ["v1a,x", "v1", ",", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,é", ""])
def test_what_is_no_signature_of_ours_is_passed_over(entry):
    headers = signed_headers([SECRET], ID, STAMP, BODY)
    both = headers | {"webhook-signature": f"{entry} {headers['webhook-signature']}"}
    assert verify(both, BODY, [SECRET], STAMP) == ID
    with pytest.raises(SignatureError):
        verify(headers | {"webhook-signature": entry}, BODY, [SECRET], STAMP)


@pytest.mark.parametrize(
    ("headers", "body", "secrets"),
    [
        ({}, BODY + b" ", [SECRET]),
        ({}, BODY, [OTHER]),
        ({}, BODY, []),
        ({"webhook-id": "msg_other"}, BODY, [SECRET]),
        ({"webhook-timestamp": str(STAMP + 1)}, BODY, [SECRET]),
        ({"webhook-timestamp": f"{STAMP}.0"}, BODY, [SECRET]),
        ({"webhook-timestamp": "١٢٣"}, BODY, [SECRET]),
        ({"webhook-id": ""}, BODY, [SECRET]),
    ],
    ids=["body", "secret", "no secret", "id", "time", "fraction", "other digits", "no id"],
)
def test_what_was_changed_is_refused(headers, body, secrets):
    with pytest.raises(SignatureError):
        verify(signed_headers([SECRET], ID, STAMP, BODY) | headers, body, secrets, STAMP)


@pytest.mark.parametrize(("late_s", "taken"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_message_is_taken_within_five_minutes(late_s, taken):
    headers = signed_headers([SECRET], ID, STAMP, BODY)
    if taken:
        assert verify(headers, BODY, [SECRET], STAMP + late_s) == ID
    else:
        with pytest.raises(SignatureError, match="was sent 301 s"):
            verify(headers, BODY, [SECRET], STAMP + late_s)


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_c2hvcnQ=", "whsec_" + "A" * 88, "", "whsec_é"])
def test_a_secret_that_is_none_is_refused_without_naming_it(secret):
    with pytest.raises(ValueError, match="webhook secret") as caught:
        key(secret)
    assert "c2hvcnQ" not in str(caught.value)


def test_an_id_with_a_dot_is_refused():
    with pytest.raises(ValueError, match="no dot"):
        signed_headers([SECRET], "a.b", STAMP, BODY)
