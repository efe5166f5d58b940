"""Opsgenie: alerts that are created and closed, within its limits, and what its answers mean."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.language import Language
from ci_reporter.notify.opsgenie import OpsgenieSettings, payload, responder
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert

KEY = "01234567-89ab-cdef-0123-456789abcdef"
TAKEN = {"result": "Request will be processed", "took": 0.302, "requestId": "43a29c5c-3dbf-4fa4-9c26-f4f71023e120"}
FIELDS = {"message", "alias", "description", "responders", "priority", "entity", "source", "tags", "details"}


def check(sent):
    """Refuse what Opsgenie refuses. Source: its "Alert API"; the limits are in characters."""
    errors = {} if sent.keys() <= FIELDS else {"fields": "unknown"}
    limits = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}
    errors |= {name: "too long" for name, most in limits.items() if len(sent.get(name, "")) > most}
    if not sent.get("message", "").strip():
        errors["message"] = "Message can not be empty."
    if sent.get("priority") not in ("P1", "P2", "P3", "P4", "P5"):
        errors["priority"] = "must be one of [P1, P2, P3, P4, P5]"
    if len(sent["tags"]) > 20 or any(len(tag) > 50 for tag in sent["tags"]):
        errors["tags"] = "too many or too long"
    details = sent["details"]
    if (
        not all(isinstance(value, str) for value in details.values())
        or len("".join([*details, *details.values()])) > 8000
    ):
        errors["details"] = "too long"
    return errors


def api(asked):
    """The Alert API: 202 when the request was understood, 401 and 422 with a message."""
    if asked.headers.get("authorization") != f"GenieKey {KEY}":
        return 401, {}, b'{"message":"API Key is invalid","took":0.0,"requestId":"1"}'
    address = urlsplit(asked.path)
    if address.path != "/v2/alerts":
        _, v2, alerts, alias, close = address.path.split("/")
        assert (v2, alerts, close, parse_qs(address.query)) == ("v2", "alerts", "close", {"identifierType": ["alias"]})
        assert 0 < len(unquote(alias)) <= 512 and len(asked.json["note"]) <= 25_000
    elif errors := check(asked.json):
        said = {"message": "Request body is not processable.", "errors": errors, "took": 0.0}
        return 422, {}, json.dumps(said).encode()
    return 202, {"Content-Type": "application/json"}, json.dumps(TAKEN).encode()


def opsgenie(url, **more):
    return OpsgenieSettings(**{"key": KEY, "api": url} | more).notifier({}, Language.EN)


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
@pytest.mark.parametrize("language", Language)
def test_an_alert_is_within_its_limits(alert, language):
    assert check(payload(alert, OpsgenieSettings(key=KEY), language)) == {}


def test_an_alert_is_created_and_its_end_closes_it(vendor, deadline):
    server = vendor(api)
    opsgenie(server.url).send(make_alert(dedup_key="acme/shop %2F é"), deadline)
    opsgenie(server.url).send(make_alert(dedup_key="acme/shop %2F é", state=State.RESOLVED), deadline)
    created, closed = server.asked
    assert created.json["alias"] == unquote(closed.path.split("/")[3]) == "acme/shop %2F é"
    assert closed.json["note"].startswith("Run: https://ci.example/")


@pytest.mark.parametrize(
    ("level", "priority"), [(Level.CRITICAL, "P1"), (Level.ERROR, "P2"), (Level.WARNING, "P3"), (Level.INFO, "P5")]
)
def test_the_level_is_the_priority(level, priority):
    assert payload(make_alert(level=level), OpsgenieSettings())["priority"] == priority


def test_who_is_called_and_the_tags_are_settings():
    settings = OpsgenieSettings(responders=(responder("team:Platform"), responder("user:ada@x.example")), tags=("web",))
    made = payload(make_alert(), settings)
    assert made["responders"] == [{"type": "team", "name": "Platform"}, {"type": "user", "username": "ada@x.example"}]
    assert made["tags"] == ["web", "ci", "production"]


def test_a_responder_without_a_kind_is_refused(run_program):
    env = {"CI_REPORTER_OPSGENIE": KEY, "CI_REPORTER_OPSGENIE_RESPONDERS": "Platform"}
    ended = run_program("run", "--", "true", env=env)
    assert ended.returncode == 2
    assert "variable CI_REPORTER_OPSGENIE_RESPONDERS: 'Platform' is not a responder (write team:NAME" in ended.stderr


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (422, b'{"message":"Not processable.","errors":{"message":"can not be empty"}}', "message: can not be empty"),
        (403, b'{"message":"You are not authorized!"}', "CI_REPORTER_OPSGENIE_API=https://api.eu.opsgenie.com"),
        (200, b"<html><title>Sign in</title></html>", "a web page: Sign in"),
        (202, b"{}", "opsgenie refused"),
        (202, b"", "status 202"),
    ],
)
def test_an_answer_that_says_no_is_not_asked_again(vendor, deadline, status, body, said):
    server = vendor(lambda asked: (status, {}, body))
    with pytest.raises(Rejected, match="opsgenie refused") as caught:
        opsgenie(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


def test_a_wrong_key_is_said_with_its_variable(vendor, deadline):
    server = vendor(api)
    with pytest.raises(Rejected, match=r"API Key is invalid \(check CI_REPORTER_OPSGENIE") as caught:
        opsgenie(server.url, key="wrong-wrong").send(make_alert(), deadline)
    assert "wrong-wrong" not in str(caught.value)


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b'{"message":"too many"}'), (503, {}, b"")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else api(asked))
    opsgenie(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_an_end_of_nothing_in_particular_is_refused(deadline):
    with pytest.raises(Rejected, match="nothing says which alert is over"):
        opsgenie("http://127.0.0.1:1").send(make_alert(state=State.RESOLVED, dedup_key=""), deadline)


def test_a_server_that_is_away_may_come_back(deadline):
    with pytest.raises(DeliveryError, match="connection refused") as caught:
        opsgenie(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_a_preview_hides_the_key():
    shown = opsgenie("https://api.eu.opsgenie.com").preview(make_alert(text=f"key {KEY}"))
    assert "unit failed" in shown
    assert KEY not in shown
